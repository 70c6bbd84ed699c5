/// A run in the scheduler's memory, with the queues of its ready jobs.
struct RunRecord: Sendable {
    let id: RunID
    let priority: Int
    var state = RunState.running
    /// Jobs that are neither done nor failed.
    var openJobs = 0
    /// Open jobs that somebody computes.
    var leasedJobs = 0
    var failedJobs: Int
    var rowsExpected: UInt64
    var rowsMissing: UInt64 = 0
    /// Estimated tokens without a row.
    var missingTokens: UInt64 = 0
    /// Tokens granted so far: the run with the fewest is served next.
    var served: UInt64 = 0
    /// Rows that two workers computed although nobody wanted to compare them.
    var rowsTwice: UInt64 = 0
    /// The models of its jobs in order of first appearance.
    private(set) var models: [Model] = []
    /// Of them, those that jobs were ever ready for, in the order in which they were.
    private(set) var fresh: [Int] = []
    private var freshJobs = 0
    /// The engines that models were bound to when it came.
    private let bindings: [String: EngineIdentity]
    /// Jobs that failed or were given back somewhere, which not every worker may try again.
    private(set) var retries = Queue<JobNumber>()
    /// Jobs that are over and have rows to be compared; a job is here once.
    private(set) var toCheck = Queue<JobNumber>()
    /// Rows that are not compared yet.
    var checksOpen = 0
    /// The jobs that have such rows.
    var checkedJobs = WalkableSet<JobNumber>()
    /// Since when nothing but comparisons is left.
    var checkingSince: Instant?
    var pace = Pace()

    /// One of the models that its jobs are for.
    struct Model: Sendable {
        /// SHA-256 of the weights.
        let name: String
        /// In which its jobs compute products; a model is listed once for each.
        let precision: String
        /// What its jobs measure, if they do; a model is listed once for each.
        let measure: String?
        /// The engine that it is bound to.
        var binding: EngineIdentity?
        /// Its ready jobs that went wrong nowhere.
        var queue = Queue<JobNumber>()
    }

    init(_ run: RunDescription) {
        id = run.id
        priority = run.priority
        bindings = run.bindings
        failedJobs = max(0, run.failedJobs)
        rowsExpected = min(run.rowsOfFinishedJobs, 1 << 60)
    }

    /// Books that estimated tokens are no longer missing.
    mutating func strike(tokens before: UInt64, _ after: UInt64) {
        missingTokens -= min(missingTokens, before - min(before, after))
    }

    var readyJobs: Int { retries.count + freshJobs }

    /// Whether there is anything to compute or to compare.
    var hasWork: Bool { readyJobs > 0 || !toCheck.isEmpty }

    /// The place of a model in a precision and for a measure, which it gets when its first job comes.
    mutating func place(ofModel name: String, _ precision: String, _ measure: String?) -> Int {
        let known = models.firstIndex { $0.name == name && $0.precision == precision && $0.measure == measure }
        if let known { return known }
        let binding = models.first { $0.name == name }?.binding ?? bindings[name]
        models.append(Model(name: name, precision: precision, measure: measure, binding: binding))
        return models.count - 1
    }

    func binding(of model: Int) -> EngineIdentity? { model < models.count ? models[model].binding : nil }

    /// Binds a model to an engine, whatever its precision.
    mutating func bind(_ model: Int, to engine: EngineIdentity) {
        for place in models.indices where models[place].name == models[model].name { models[place].binding = engine }
    }

    /// Whether a worker may score a model: in the precision that is asked for, and with the engine of the first one that
    /// did, which decides for the run; or may measure it so.
    func admits(_ session: SessionFacts, for model: Int) -> Bool {
        guard model < models.count else { return true }
        guard models[model].binding.map({ $0 == session.identity }) ?? true else { return false }
        guard models[model].measure.map(session.measures.contains) ?? true else { return false }
        return session.precisions.contains(models[model].precision)
    }

    /// Queues a job: at the end when it is new, ahead of the new ones when it was granted before.
    mutating func enqueue(_ id: JobNumber, _ job: JobRecord) {
        guard job.tried.isEmpty else { return retries.append(id) }
        let model = job.facts.modelPlace
        if !fresh.contains(model) { fresh.append(model) }
        if job.epoch == 0 { models[model].queue.append(id) } else { models[model].queue.prepend(id) }
        freshJobs += 1
    }

    /// Takes the next new job of a model.
    mutating func popFresh(_ model: Int) -> JobNumber? {
        guard let job = models[model].queue.popFirst() else { return nil }
        freshJobs -= 1
        return job
    }

    /// How many of the retries or checks are looked at for one that a worker may have; in vain, the next come next.
    static let lookahead = 16

    mutating func takeRetry(at place: Int) -> JobNumber? { retries.remove(at: place) }
    mutating func passOverRetries() { if retries.count > Self.lookahead { retries.rotate(Self.lookahead) } }

    mutating func enqueueCheck(_ id: JobNumber) { toCheck.append(id) }
    mutating func dequeueCheck(_ id: JobNumber) { toCheck.removeAll { $0 == id } }
    mutating func takeCheck(at place: Int) -> JobNumber? { toCheck.remove(at: place) }
    mutating func passOverChecks() { if toCheck.count > Self.lookahead { toCheck.rotate(Self.lookahead) } }

    /// Leaves only the figures.
    mutating func end(_ state: RunState) {
        self.state = state
        models = []
        fresh = []
        freshJobs = 0
        leasedJobs = 0
        checksOpen = 0
        checkedJobs = WalkableSet()
        retries = Queue()
        toCheck = Queue()
    }

    /// Takes a job out of its queue, in the rare case that it ends there. O(n).
    mutating func dequeue(_ id: JobNumber) {
        retries.removeAll { $0 == id }
        freshJobs = 0
        for place in models.indices {
            models[place].queue.removeAll { $0 == id }
            freshJobs += models[place].queue.count
        }
    }
}

/// How long a run's jobs take for so many tokens, of the last few that were done.
struct Pace: Sendable {
    private var samples: [Double] = []
    private var next = 0
    /// Milliseconds a token beyond which a job is late; nil while too few are done.
    private(set) var late: Double?

    mutating func note(_ span: Milliseconds, tokens: UInt64) {
        let sample = Double(span) / Double(max(1, tokens))
        if samples.count < 64 { samples.append(sample) } else { samples[next] = sample }
        next = (next + 1) % 64
        // Sorted now and then only: a job costs no more for it.
        guard samples.count >= 3, samples.count < 8 || next % 8 == 0 else { return }
        let sorted = samples.sorted()
        late = max(2 * sorted[sorted.count / 2], sorted[min(sorted.count - 1, sorted.count * 95 / 100)])
    }
}

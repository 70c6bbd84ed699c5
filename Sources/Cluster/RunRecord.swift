/// A run in the scheduler's memory, with the queues of its ready jobs.
struct RunRecord: Sendable {
    let id: RunID
    let priority: Int
    private(set) var jobs: [JobID]
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
    /// Jobs that went wrong nowhere, by model in order of first appearance.
    private(set) var fresh: [(model: String, queue: Queue<JobID>)] = []
    private var freshJobs = 0
    /// The engines that models are bound to.
    var bindings: [String: EngineIdentity]
    /// Jobs that failed or were given back somewhere, which not every worker may try again.
    private(set) var retries = Queue<JobID>()
    /// Jobs that are over and have rows to be compared; a job is here once.
    private(set) var toCheck = Queue<JobID>()
    /// Rows that are not compared yet.
    var checksOpen = 0
    /// The jobs that have such rows.
    var checkedJobs = WalkableSet<JobID>()
    /// Since when nothing but comparisons is left.
    var checkingSince: Instant?
    var pace = Pace()

    init(_ run: RunDescription) {
        id = run.id
        priority = run.priority
        bindings = run.bindings
        jobs = []
        failedJobs = max(0, run.failedJobs)
        rowsExpected = min(run.rowsOfFinishedJobs, 1 << 60)
    }

    /// Books that estimated tokens are no longer missing.
    mutating func strike(tokens before: UInt64, _ after: UInt64) {
        missingTokens -= min(missingTokens, before - min(before, after))
    }

    var readyJobs: Int { retries.count + freshJobs }

    mutating func add(_ id: JobID) { jobs.append(id) }

    /// Whether an engine may score a model: the first one that does decides for the run.
    func admits(_ engine: EngineDescription, for model: String) -> Bool {
        bindings[model].map { $0 == engine.identity } ?? true
    }

    /// Queues a job: at the end when it is new, ahead of the new ones when it was granted before.
    mutating func enqueue(_ id: JobID, _ job: JobRecord) {
        guard job.tried.isEmpty else { return retries.append(id) }
        let place = fresh.firstIndex { $0.model == job.model } ?? fresh.count
        if place == fresh.count { fresh.append((job.model, Queue())) }
        if job.epoch == 0 { fresh[place].queue.append(id) } else { fresh[place].queue.prepend(id) }
        freshJobs += 1
    }

    /// Takes the next new job of a model.
    mutating func popFresh(model: String) -> JobID? {
        guard let place = fresh.firstIndex(where: { $0.model == model }),
            let job = fresh[place].queue.popFirst()
        else { return nil }
        freshJobs -= 1
        return job
    }

    /// How many of the retries or checks are looked at for one that a worker may have; in vain, the next come next.
    static let lookahead = 16

    mutating func takeRetry(at place: Int) -> JobID? { retries.remove(at: place) }
    mutating func passOverRetries() { if retries.count > Self.lookahead { retries.rotate(Self.lookahead) } }

    mutating func enqueueCheck(_ id: JobID) { toCheck.append(id) }
    mutating func dequeueCheck(_ id: JobID) { toCheck.removeAll { $0 == id } }
    mutating func takeCheck(at place: Int) -> JobID? { toCheck.remove(at: place) }
    mutating func passOverChecks() { if toCheck.count > Self.lookahead { toCheck.rotate(Self.lookahead) } }

    /// Leaves only the figures.
    mutating func end(_ state: RunState) {
        self.state = state
        jobs = []
        fresh = []
        freshJobs = 0
        leasedJobs = 0
        checksOpen = 0
        checkedJobs = WalkableSet()
        retries = Queue()
        toCheck = Queue()
    }

    /// Takes a job out of its queue, in the rare case that it ends there. O(n).
    mutating func dequeue(_ id: JobID) {
        retries.removeAll { $0 == id }
        freshJobs = 0
        for place in fresh.indices {
            fresh[place].queue.removeAll { $0 == id }
            freshJobs += fresh[place].queue.count
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

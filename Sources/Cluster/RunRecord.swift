/// A run in the scheduler's memory, with the queues of its ready jobs.
struct RunRecord: Sendable {
    let id: RunID
    let priority: Int
    private(set) var jobs: [JobID]
    var state = RunState.running
    /// Jobs that are neither done nor failed.
    var openJobs: Int
    var failedJobs: Int
    var rowsExpected: UInt64
    var rowsMissing: UInt64 = 0
    /// Estimated tokens without a row.
    var missingTokens: UInt64 = 0
    /// Tokens granted so far: the run with the fewest is served next.
    var served: UInt64 = 0
    /// Jobs that went wrong nowhere, by model in order of first appearance.
    private(set) var fresh: [(model: String, queue: Queue<JobID>)] = []
    /// The engines that models are bound to.
    var bindings: [String: EngineIdentity]
    /// Jobs that failed or were given back somewhere, which not every worker may try again.
    private(set) var retries = Queue<JobID>()

    init(_ run: RunDescription) {
        id = run.id
        priority = run.priority
        bindings = run.bindings
        jobs = run.jobs.map(\.id)
        openJobs = run.jobs.count
        failedJobs = run.failedJobs
        rowsExpected = run.rowsOfFinishedJobs + run.jobs.reduce(0) { $0 + UInt64($1.examples.count) }
    }

    var readyJobs: Int { retries.count + fresh.reduce(0) { $0 + $1.queue.count } }

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
    }

    /// Takes the next new job of a model.
    mutating func popFresh(model: String) -> JobID? {
        guard let place = fresh.firstIndex(where: { $0.model == model }) else { return nil }
        return fresh[place].queue.popFirst()
    }

    /// Takes the first failed job that a worker may try, of the first few.
    mutating func popRetry(where mayTry: (JobID) -> Bool) -> JobID? {
        var passedOver: [JobID] = []
        defer { for id in passedOver.reversed() { retries.prepend(id) } }
        while passedOver.count < 16, let id = retries.popFirst() {
            if mayTry(id) { return id }
            passedOver.append(id)
        }
        return nil
    }

    /// Leaves only the figures.
    mutating func end(_ state: RunState) {
        self.state = state
        jobs = []
        fresh = []
        retries = Queue()
    }

    /// Takes a job out of its queue, in the rare case that it ends there. O(n).
    mutating func dequeue(_ id: JobID) {
        retries.removeAll { $0 == id }
        for place in fresh.indices { fresh[place].queue.removeAll { $0 == id } }
    }
}

/// What the scheduler remembers of a key, from its first Hello in this start of the coordinator on, or since it found a
/// lease of it in the store.
struct WorkerRecord: Sendable {
    let key: WorkerKey
    /// Whether it said Hello.
    private(set) var isKnown = false
    /// Its leased jobs, first the one that it works on, then by age. It may hold leases without a session.
    var held: [JobNumber] = []
    /// Of its last Hello.
    var bootID = ""
    /// Of the lives before it, the latest ones.
    private(set) var pastBoots: [String] = []
    var host = ""
    var engine: EngineIdentity = ""
    var lastSeen = Instant(milliseconds: 0)
    var isRevoked = false

    /// Stored, and failures charged to it.
    var rows: UInt64 = 0
    var failures: UInt64 = 0

    /// Of its rows, those that a second computation confirmed, and those that two others refuted.
    var agreed: UInt64 = 0
    var wrong: UInt64 = 0
    /// Rows confirmed since the last refuted one.
    var trust = 0
    /// Of its rows, those that wait to be compared.
    var checksOpen = 0

    /// The jobs that it failed at, one after another, without a row between; each once, and none that failed elsewhere.
    var failedInRow: [JobID] = []
    /// The same within the last while, whatever came between.
    var recentFailures: [(job: JobID, at: Instant)] = []
    /// No jobs before then.
    var quarantinedUntil: Instant?
    /// Quarantines in a row.
    var quarantines = 0
    /// After a quarantine: it gets one job at a time until it has done one.
    var isCanary = false

    init(key: WorkerKey) { self.key = key }

    /// Takes over what a Hello says.
    mutating func greet(_ hello: Hello, at now: Instant) {
        host = hello.host
        engine = hello.engine.identity
        lastSeen = now
        let past = isKnown ? bootID : nil
        isKnown = true
        guard hello.bootID != past else { return }
        if let past { pastBoots = Array((pastBoots.filter { $0 != hello.bootID } + [past]).suffix(16)) }
        bootID = hello.bootID
    }

    /// Rows of it were stored.
    mutating func noteRows(_ count: Int) {
        rows += UInt64(count)
        if !failedInRow.isEmpty { failedInRow = [] }
    }

    /// Notes a failure; whether it is one too many.
    mutating func fails(at job: JobID, now: Instant, _ parameters: SchedulerParameters) -> Bool {
        recentFailures.removeAll { now - $0.at > parameters.failureSpan }
        if !failedInRow.contains(job) { failedInRow.append(job) }
        if !recentFailures.contains(where: { $0.job == job }) { recentFailures.append((job, now)) }
        return failedInRow.count >= (isCanary ? 1 : parameters.failuresInRow)
            || recentFailures.count >= parameters.failuresInSpan
    }

    /// Failures at a job were the job's.
    mutating func forgive(_ job: JobID) {
        failedInRow.removeAll { $0 == job }
        recentFailures.removeAll { $0.job == job }
    }
}

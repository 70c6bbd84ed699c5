import Wire

/// What never changes of a job: one reference, however often it is handed on.
final class JobFacts: Sendable {
    let id: JobID
    let cell: String
    let model: String
    /// The model's place among those of the run.
    let modelPlace: Int
    /// Ascending.
    let examples: [UInt32]
    let estimatedTokens: UInt64
    /// Whether it measures: its row is not another worker's to the bit, and its passes take their time.
    let isMeasurement: Bool

    init(_ job: JobDescription, model: String, modelPlace: Int) {
        id = job.id
        cell = job.cell
        self.model = model
        self.modelPlace = modelPlace
        examples = JobRecord.ordered(job.examples)
        estimatedTokens = min(job.estimatedTokens, JobRecord.tokenLimit)
        isMeasurement = job.measure != nil
    }
}

/// A job in the scheduler's memory. See `Scheduler` for its life.
struct JobRecord: Sendable {
    enum Phase: Sendable, Equatable {
        /// In its run's queue.
        case ready
        /// Put off after a failure.
        case waiting
        /// Somebody computes missing examples.
        case leased
        case done
        case failed
    }

    /// A current lease with what is known of its progress.
    struct Holding: Sendable {
        let worker: WorkerNumber
        let epoch: UInt64
        /// The coordinator's start that granted it.
        let incarnation: UInt64
        let purpose: LeasePurpose
        var expires: Instant
        /// The life of its worker that got it; nil: unknown.
        var bootID: String?
        /// When it is looked at next.
        var due: Instant?
        /// When it became the first of its worker's leases, which is the one that the worker works on.
        var began: Instant
        /// When its last finished example was heard of, but not before it began.
        var lastProgress: Instant
        var progress: Progress?
        /// Whether an example finished since it was granted or adopted.
        var hasProgressed = false
        /// The examples that it is for; nil: unknown, for an earlier start of the coordinator granted it. Of a check,
        /// those that have not come yet.
        var part: [UInt32]?
        /// Whether others of the job's examples are missing too.
        var isPartial = false
        /// Estimated, of its part.
        var tokens: UInt64 = 0

        var isCheck: Bool { purpose == .check }
    }

    /// How far a worker said that it is with a lease.
    struct Progress: Sendable, Equatable {
        let examplesDone: UInt32
        let currentExample: UInt32
    }

    /// A lease that a worker holds or held.
    struct Granted: Sendable {
        let epoch: UInt64
        let worker: WorkerNumber
    }

    let facts: JobFacts
    var phase = Phase.waiting
    /// Ascending; neither stored nor given up.
    private(set) var missing: [UInt32]
    private(set) var givenUp: [UInt32]
    /// Who computed each example's row, by place in `examples`; empty while nobody did.
    private var origins: [WorkerNumber] = []
    /// The highest epoch granted.
    var epoch: UInt64
    /// The current leases: at most one of each purpose, and one of a worker.
    var holdings: [Holding] = []
    /// The latest leases, the current ones included; bounded.
    private var leases: [Granted]
    var suspicion = Suspicion()
    /// Rows that are to be compared with a second computation.
    var checks: [Check] = []
    /// Workers that failed at it without a row.
    var blamed: [WorkerNumber] = []
    /// Whether it is in its run's queue of checks.
    var isQueuedForCheck = false
    /// Whether rows came, or may come, from more than one worker.
    var isShared = false
    /// Returns and uncharged failures in a row: they only put the next attempt off.
    var setbacks = 0
    /// Who failed at it or gave it back, in that order; bounded.
    private(set) var tried: [ChargedFailure]

    /// A job as the store knows it, of which these leases were granted.
    init(_ job: JobDescription, _ facts: JobFacts, leases: [Granted]) {
        self.facts = facts
        self.leases = leases
        givenUp = Self.ordered(job.givenUp)
        let (all, gone) = (facts.examples, Set(job.givenUp))
        missing = job.missing.map { Self.ordered($0).filter { Self.holds(all, $0) } } ?? all
        if !gone.isEmpty { missing.removeAll(where: gone.contains) }
        epoch = max(job.epoch, job.leases.map(\.epoch).max() ?? 0, job.pastLeases.map(\.epoch).max() ?? 0)
        // Rows would have cleared what was charged before them, so it counts only where there is none.
        if missing.count == all.count {
            suspicion = Suspicion(recovered: job.failures.suffix(Self.leaseLimit))
        }
        tried = job.failures.suffix(Self.leaseLimit)
    }

    /// Of a run that ended.
    static let forgotten: JobRecord = {
        let job = JobDescription(id: "", cell: "", model: "", examples: [], estimatedTokens: 0)
        var record = JobRecord(job, JobFacts(job, model: "", modelPlace: 0), leases: [])
        record.phase = .done
        return record
    }()

    static let leaseLimit = 32
    /// So that sums of a run's tokens never overflow.
    static let tokenLimit: UInt64 = 1 << 40

    /// Neither done nor failed.
    var isOpen: Bool { phase != .done && phase != .failed }

    /// Whether somebody computes missing examples.
    var isComputed: Bool { holdings.contains { !$0.isCheck } }

    /// Estimated tokens of so many of its examples.
    func tokens(of count: Int) -> UInt64 {
        let all = facts.examples.count
        guard count > 0, all > 0 else { return 0 }
        guard count < all else { return facts.estimatedTokens }
        return UInt64(all).dividingFullWidth(facts.estimatedTokens.multipliedFullWidth(by: UInt64(count))).quotient
    }

    /// Estimated tokens of the missing examples.
    var missingTokens: UInt64 { tokens(of: missing.count) }

    /// Books a new lease, of the next epoch.
    mutating func add(_ holding: Holding) {
        epoch = holding.epoch
        if leases.count >= Self.leaseLimit { leases.removeFirst() }
        leases.append(Granted(epoch: holding.epoch, worker: holding.worker))
        holdings.append(holding)
    }

    /// Whether a worker held the lease of that epoch, be it current or lost.
    func wasLeased(to worker: WorkerNumber, epoch: UInt64) -> Bool {
        leases.contains { $0.epoch == epoch && $0.worker == worker }
    }

    /// A worker's current lease.
    func holding(of worker: WorkerNumber) -> Holding? { holdings.first { $0.worker == worker } }

    func holding(_ epoch: UInt64) -> Holding? { holdings.first { $0.epoch == epoch } }

    func isHeld(by worker: WorkerNumber) -> Bool { holdings.contains { $0.worker == worker } }

    mutating func update(_ epoch: UInt64, _ body: (inout Holding) -> Void) {
        if let place = holdings.firstIndex(where: { $0.epoch == epoch }) { body(&holdings[place]) }
    }

    func hasExample(_ index: UInt32) -> Bool { Self.holds(facts.examples, index) }
    func isMissing(_ index: UInt32) -> Bool { Self.holds(missing, index) }
    func isGivenUp(_ index: UInt32) -> Bool { Self.holds(givenUp, index) }

    /// Of some examples, those that are missing.
    func missing(of part: [UInt32]) -> [UInt32] { part == missing ? missing : part.filter { isMissing($0) } }

    /// Whether rows may come: a job that failed takes none that it lacks.
    func mayTake(_ rows: [WireRow]) -> Bool {
        phase != .failed || !rows.contains { isMissing($0.example) || isGivenUp($0.example) }
    }

    /// Of rows, those whose examples are neither missing nor given up.
    func stored(of rows: [WireRow]) -> [UInt32] {
        var stored: [UInt32] = []
        for row in rows where !isMissing(row.example) && !isGivenUp(row.example) { stored.append(row.example) }
        return stored
    }

    /// Who computed the stored row of an example, if that is known.
    func origin(of example: UInt32) -> WorkerNumber? {
        let place = facts.examples.partitioningIndex { $0 >= example }
        guard place < origins.count, facts.examples[place] == example, origins[place] != .max else { return nil }
        return isMissing(example) ? nil : origins[place]
    }

    mutating func addTry(by worker: WorkerKey, on host: String) {
        if tried.count >= Self.leaseLimit { tried.removeFirst() }
        tried.append(ChargedFailure(worker: worker, host: host))
    }

    /// Strikes rows, ascending and each once, off the missing ones and those given up; returns which they were.
    mutating func receive(_ rows: [UInt32], from worker: WorkerNumber) -> [UInt32] {
        var struck = Self.take(rows, from: &missing)
        if !givenUp.isEmpty { struck += Self.take(rows, from: &givenUp) }
        guard !struck.isEmpty else { return [] }
        if origins.isEmpty { origins = Array(repeating: .max, count: facts.examples.count) }
        for example in struck { origins[facts.examples.partitioningIndex { $0 >= example }] = worker }
        return struck
    }

    /// Takes elements out of an ascending array; returns those that were there.
    private static func take(_ few: [UInt32], from ascending: inout [UInt32]) -> [UInt32] {
        guard ascending != few else {
            ascending = []
            return few
        }
        let taken = few.filter { holds(ascending, $0) }
        if !taken.isEmpty { ascending.removeAll { holds(taken, $0) } }
        return taken
    }

    /// Rows that were missing arrived.
    mutating func noteRows() {
        suspicion.rowsArrived(missing: missing)
        setbacks = 0
    }

    /// A lease that was for a part was lost while it was being computed; the example that is guilty, if one is.
    mutating func accuse(_ loss: Suspicion.Loss, part: [UInt32]?, attempts: Int, hosts: Int) -> UInt32? {
        let lost = part?.filter { isMissing($0) }.sorted()
        return suspicion.lost(loss, part: lost, missing: missing, attempts: attempts, hosts: hosts)
    }

    mutating func giveUp(_ example: UInt32) {
        missing.removeAll { $0 == example }
        givenUp = Self.ordered(givenUp + [example])
    }

    /// Makes examples missing whose rows were put aside; how many had a row. Leases that are current are not for them.
    mutating func reopen(_ withdrawn: [UInt32]) -> Int {
        let added = Self.ordered(withdrawn).filter { hasExample($0) && !isMissing($0) && !isGivenUp($0) }
        missing = Self.ordered(missing + added)
        for place in holdings.indices { holdings[place].isPartial = true }
        return added.count
    }

    /// Ascending and each once.
    static func ordered(_ examples: [UInt32]) -> [UInt32] {
        if zip(examples, examples.dropFirst()).allSatisfy({ $0 < $1 }) { return examples }
        var result: [UInt32] = []
        result.reserveCapacity(examples.count)
        for example in examples.sorted() where result.last != example { result.append(example) }
        return result
    }

    private static func holds(_ ascending: [UInt32], _ example: UInt32) -> Bool {
        let place = ascending.partitioningIndex { $0 >= example }
        return place < ascending.count && ascending[place] == example
    }
}

extension Array {
    /// The first index whose element satisfies a predicate that holds from some index on; `count` if none. O(log n).
    func partitioningIndex(where holds: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

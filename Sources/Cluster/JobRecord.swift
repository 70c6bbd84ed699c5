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
    struct Holding: Sendable, Equatable {
        let lease: Lease
        var expires: Instant
        /// The life of its worker that got it; nil: unknown.
        var bootID: String?
        /// When it is looked at next.
        var due: Instant?
        /// When it became the first of its worker's leases, which is the one that the worker works on.
        var began: Instant
        /// When its last finished example was heard of, but not before it began.
        var lastProgress: Instant
        var progress: LeaseProgress?
        /// Whether an example finished since it was granted or adopted.
        var hasProgressed = false
        /// The examples that it is for; nil: unknown, for an earlier start of the coordinator granted it. Of a check,
        /// those that have not come yet.
        var part: [UInt32]?
        /// Whether others of the job's examples are missing too.
        var isPartial = false
        /// Estimated, of its part.
        var tokens: UInt64 = 0

        var name: LeaseName { LeaseName(job: lease.job, epoch: lease.epoch) }
        var isCheck: Bool { lease.purpose == .check }
    }

    let run: RunID
    let cell: String
    let model: String
    /// Ascending.
    let examples: [UInt32]
    let estimatedTokens: UInt64
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
    private var leases: [Lease]
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

    init(_ job: JobDescription, run: RunID) {
        self.run = run
        cell = job.cell
        model = job.model
        examples = Self.ordered(job.examples)
        givenUp = Self.ordered(job.givenUp)
        let (all, gone) = (examples, Set(job.givenUp))
        missing = Self.ordered(job.missing ?? all).filter { !gone.contains($0) && Self.holds(all, $0) }
        estimatedTokens = min(job.estimatedTokens, Self.tokenLimit)
        epoch = max(job.epoch, job.leases.map(\.epoch).max() ?? 0, job.pastLeases.map(\.epoch).max() ?? 0)
        leases = job.pastLeases.suffix(Self.leaseLimit) + job.leases.suffix(Self.leaseLimit)
        // Rows would have cleared what was charged before them, so it counts only where there is none.
        if missing.count == examples.count {
            suspicion = Suspicion(recovered: job.failures.suffix(Self.leaseLimit))
        }
        tried = job.failures.suffix(Self.leaseLimit)
    }

    private static let leaseLimit = 32
    /// So that sums of a run's tokens never overflow.
    private static let tokenLimit: UInt64 = 1 << 40

    /// Neither done nor failed.
    var isOpen: Bool { phase != .done && phase != .failed }

    /// Whether somebody computes missing examples.
    var isComputed: Bool { holdings.contains { !$0.isCheck } }

    /// Estimated tokens of so many of its examples.
    func tokens(of count: Int) -> UInt64 {
        guard !examples.isEmpty, count > 0 else { return 0 }
        let all = UInt64(examples.count)
        return all.dividingFullWidth(estimatedTokens.multipliedFullWidth(by: min(UInt64(count), all))).quotient
    }

    /// Estimated tokens of the missing examples.
    var missingTokens: UInt64 { tokens(of: missing.count) }

    mutating func add(_ lease: Lease) {
        if leases.count >= Self.leaseLimit { leases.removeFirst() }
        leases.append(lease)
    }

    /// Whether a worker held the lease of that epoch, be it current or lost.
    func wasLeased(to worker: WorkerKey, epoch: UInt64) -> Bool {
        leases.contains { $0.epoch == epoch && $0.worker == worker }
    }

    /// A worker's current lease.
    func holding(of worker: WorkerKey) -> Holding? { holdings.first { $0.lease.worker == worker } }

    func holding(_ epoch: UInt64) -> Holding? { holdings.first { $0.lease.epoch == epoch } }

    mutating func update(_ epoch: UInt64, _ body: (inout Holding) -> Void) {
        if let place = holdings.firstIndex(where: { $0.lease.epoch == epoch }) { body(&holdings[place]) }
    }

    func hasExample(_ index: UInt32) -> Bool { Self.holds(examples, index) }
    func isMissing(_ index: UInt32) -> Bool { Self.holds(missing, index) }
    func isGivenUp(_ index: UInt32) -> Bool { Self.holds(givenUp, index) }

    /// Who computed the stored row of an example, if that is known.
    func origin(of example: UInt32) -> WorkerNumber? {
        let place = examples.partitioningIndex { $0 >= example }
        guard place < origins.count, examples[place] == example, origins[place] != .max else { return nil }
        return isMissing(example) ? nil : origins[place]
    }

    mutating func addTry(by worker: WorkerKey, on host: String) {
        if tried.count >= Self.leaseLimit { tried.removeFirst() }
        tried.append(ChargedFailure(worker: worker, host: host))
    }

    /// Strikes rows off the missing ones and those given up; returns which they were.
    mutating func receive(_ rows: some Sequence<UInt32>, from worker: WorkerNumber) -> [UInt32] {
        let received = Set(rows)
        var struck: [UInt32] = []
        func strike(_ example: UInt32) -> Bool {
            guard received.contains(example) else { return false }
            struck.append(example)
            return true
        }
        missing.removeAll(where: strike)
        if !givenUp.isEmpty { givenUp.removeAll(where: strike) }
        guard !struck.isEmpty else { return [] }
        if origins.isEmpty { origins = Array(repeating: .max, count: examples.count) }
        for example in struck { origins[examples.partitioningIndex { $0 >= example }] = worker }
        return struck
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
    private static func ordered(_ examples: [UInt32]) -> [UInt32] {
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

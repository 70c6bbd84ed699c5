/// A job in the scheduler's memory. See `Scheduler` for its life.
struct JobRecord: Sendable {
    enum Phase: Sendable, Equatable {
        /// In its run's queue.
        case ready
        /// Put off after a failure.
        case waiting
        case leased(Holding)
        case done
        case failed
    }

    /// A current lease with what is known of its progress.
    struct Holding: Sendable, Equatable {
        let lease: Lease
        var expires: Instant
        /// When it became the first of its worker's leases, which is the one that the worker works on.
        var began: Instant
        /// When its last finished example was heard of, but not before it began.
        var lastProgress: Instant
        var progress: LeaseProgress?
        /// Whether an example finished since it was granted or adopted.
        var hasProgressed = false
    }

    let run: RunID
    let cell: String
    let model: String
    /// Ascending.
    let examples: [UInt32]
    let estimatedTokens: UInt64
    var phase = Phase.ready
    /// Ascending.
    var missing: [UInt32]
    /// The highest epoch granted.
    var epoch: UInt64
    /// The latest leases, the current one included; bounded.
    private var leases: [Lease]
    var failures: [ChargedFailure]
    /// Returns and uncharged failures in a row: they only put the next attempt off.
    var setbacks = 0
    /// Who failed at it or gave it back, in that order; bounded.
    private(set) var tried: [ChargedFailure]

    init(_ job: JobDescription, run: RunID) {
        self.run = run
        cell = job.cell
        model = job.model
        examples = job.examples.sorted()
        missing = job.missing?.sorted() ?? examples
        estimatedTokens = job.estimatedTokens
        epoch = max(job.epoch, job.leases.map(\.epoch).max() ?? 0, job.pastLeases.map(\.epoch).max() ?? 0)
        leases = job.pastLeases.suffix(Self.leaseLimit) + job.leases
        failures = job.failures
        tried = job.failures
    }

    private static let leaseLimit = 32

    var holding: Holding? {
        if case .leased(let holding) = phase { holding } else { nil }
    }

    /// Neither done nor failed.
    var isOpen: Bool { phase != .done && phase != .failed }

    /// Estimated tokens of the missing examples.
    var missingTokens: UInt64 {
        examples.isEmpty ? 0 : estimatedTokens * UInt64(missing.count) / UInt64(examples.count)
    }

    mutating func add(_ lease: Lease) {
        if leases.count >= Self.leaseLimit { leases.removeFirst() }
        leases.append(lease)
    }

    /// Whether a worker held the lease of that epoch, be it current or lost.
    func wasLeased(to worker: WorkerKey, epoch: UInt64) -> Bool {
        leases.contains { $0.epoch == epoch && $0.worker == worker }
    }

    func hasExample(_ index: UInt32) -> Bool {
        let place = examples.partitioningIndex { $0 >= index }
        return place < examples.count && examples[place] == index
    }

    mutating func addTry(by worker: WorkerKey, on host: String) {
        if tried.count >= Self.leaseLimit { tried.removeFirst() }
        tried.append(ChargedFailure(worker: worker, host: host))
    }

    /// Strikes rows off the missing ones; how many of them were missing.
    mutating func receive(_ rows: some Sequence<UInt32>) -> Int {
        let received = Set(rows)
        let before = missing.count
        missing.removeAll { received.contains($0) }
        return before - missing.count
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

/// A worker's place in the scheduler's table of keys: four bytes say who computed a row.
typealias WorkerNumber = UInt32

/// A stored row that is to be computed by others than its author, to compare.
///
/// One who agrees settles it. Once one differs the sides gather voices until one leads by two, or nobody is left to ask:
/// then the larger side is right, if there are three voices at all.
struct Check: Sendable, Equatable {
    enum State: Sendable, Equatable {
        /// Waits for a worker.
        case open
        case granted
        /// The second row came; its comparison follows the commit.
        case received(Instant)
    }

    enum Verdict: Sendable, Equatable {
        case confirmed, refuted, undecided
    }

    let example: UInt32
    /// The author of the stored row, and those whose row equals it.
    private(set) var agreeing: [WorkerNumber]
    private(set) var differing: [WorkerNumber] = []
    var state = State.open
    /// Leases of it that ended without a row.
    var failures = 0

    init(example: UInt32, author: WorkerNumber) {
        self.example = example
        agreeing = [author]
    }

    var author: WorkerNumber? { agreeing.first }

    func hasVoice(_ worker: WorkerNumber) -> Bool { agreeing.contains(worker) || differing.contains(worker) }

    mutating func add(_ worker: WorkerNumber, agrees: Bool) {
        guard !hasVoice(worker) else { return }
        if agrees { agreeing.append(worker) } else { differing.append(worker) }
        state = .open
    }

    /// Strikes out a worker whose word no longer counts.
    mutating func strike(_ worker: WorkerNumber) {
        agreeing.removeAll { $0 == worker }
        differing.removeAll { $0 == worker }
    }

    /// What the voices say so far, and what they say when there will be no other.
    func verdict(isFinal: Bool) -> Verdict {
        let lead = agreeing.count - differing.count
        if differing.isEmpty { return agreeing.count > 1 ? .confirmed : .undecided }
        if lead >= 2 { return .confirmed }
        if lead <= -2 { return .refuted }
        guard isFinal, agreeing.count + differing.count >= 3, lead != 0 else { return .undecided }
        return lead > 0 ? .confirmed : .refuted
    }
}

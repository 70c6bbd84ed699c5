/// What a simulation found wrong.
public struct Violation: Error, Equatable, CustomStringConvertible {
    public let description: String

    /// A violation in words, with the names of what it is about.
    public init(_ description: String) { self.description = description }
}

/// A rule that a simulation breaks on purpose, to show that it would notice.
public enum Mutation: String, CaseIterable, Sendable {
    /// Messages leave before their turn's changes are durable.
    case sendsBeforeCommit
    /// A message about an old lease is taken for one about the current lease.
    case acceptsOldEpochs
    /// Leases found at the start are requeued at once.
    case hasNoRestartGrace
    /// A worker forgets rows when it has sent them.
    case forgetsUnacknowledgedRows
    /// A message about one lease of a job is taken for one about the job's other lease.
    case confusesPurposes
    /// A row that a worker sends twice confirms itself.
    case trustsItself
    /// Workers are not told how much they may have under way.
    case hasNoWindow
    /// One failure is enough to give an example up.
    case givesUpEarly
    /// A restarted coordinator does not know whom it revoked.
    case forgetsRevocations
    /// Workers do not keep rows on disk that they have sent.
    case losesSpool

    /// What the violation that shows it says.
    public var symptoms: [String] {
        switch self {
        case .sendsBeforeCommit: ["was never stored", "went to two workers", "which its worker did not say"]
        case .acceptsOldEpochs, .confusesPurposes: ["which its worker did not say", "was never stored", "never held"]
        case .hasNoRestartGrace: ["in the restart grace"]
        case .forgetsUnacknowledgedRows: ["missing), which its worker did not say"]
        case .trustsItself: ["which no other worker confirmed"]
        case .hasNoWindow: ["bytes under way"]
        case .givesUpEarly: ["was given up for no reason"]
        case .forgetsRevocations: ["although it was revoked"]
        case .losesSpool: ["is neither on disk nor stored"]
        }
    }
}

/// A seeded generator (xorshift64*).
public struct Generator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Equal seeds give equal numbers.
    public init(seed: UInt64) { state = (seed &+ 1) &* 0x9e37_79b9_7f4a_7c15 | 1 }

    public mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_f491_4f6c_dd1d
    }

    mutating func chance(_ probability: Double) -> Bool {
        probability > 0 && Double(next() >> 11) * 0x1p-53 < probability
    }

    mutating func span(_ range: ClosedRange<UInt64>) -> UInt64 { .random(in: range, using: &self) }
}

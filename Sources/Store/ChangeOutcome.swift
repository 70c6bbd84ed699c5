import Cluster

/// What became of one change of a commit.
public enum ChangeOutcome: Sendable, Equatable {
    /// It is stored.
    case applied
    /// Of its rows, the new ones are stored.
    case rows(RowOutcome)
    /// A worker is revoked; these runs miss rows again, of which the scheduler learns by `SchedulerEvent.reopened`.
    case reopened([ReopenedRun])
    /// Nothing of it is stored, for it would break a promise; the reason is for a log.
    case refused(reason: String)
}

/// What became of the rows of one change.
public struct RowOutcome: Sendable, Equatable {
    /// Rows stored now.
    public var new = 0
    /// Examples whose row was stored before with the same bits, or whose measurement was, with any.
    public var duplicates: [Int] = []
    /// Examples that had a different row, which stays; the new one is among the disagreements.
    public var disagreements: [Int] = []
    /// Examples that the job does not have, or rows that do not have its number of choices.
    public var unexpected: [Int] = []

    public init(new: Int = 0, duplicates: [Int] = [], disagreements: [Int] = [], unexpected: [Int] = []) {
        self.new = new
        self.duplicates = duplicates
        self.disagreements = disagreements
        self.unexpected = unexpected
    }
}

/// A run whose rows were put aside when a worker was revoked.
public struct ReopenedRun: Sendable, Equatable {
    public let run: RunID
    /// The jobs that miss those rows, as they are now; some were done before.
    public let jobs: [JobDescription]
}

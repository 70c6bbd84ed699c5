/// Seeds that once found something wrong, and what. They are run before all others, for ever.
public enum RegressionSeeds {
    /// The seed of a simulation, and what it found.
    public static let all: [(seed: UInt64, found: String)] = [
        (60, "a run ended twice"),
        (205, "a run ended before the rows that a revocation had put aside were missing again"),
        (216, "a job had two leases of one purpose"),
        (771, "a job's rows were counted twice when its run was opened again"),
    ]
}

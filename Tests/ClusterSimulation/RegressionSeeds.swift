/// Seeds that once found something wrong, and what. They are run before all others, for ever.
public enum RegressionSeeds {
    /// The seed of a simulation, and what it found.
    public static let all: [(seed: UInt64, found: String)] = []
}

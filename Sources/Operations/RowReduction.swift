/// What becomes of a matrix's rows when tokens are dropped or merged: which rows stay, and what is averaged into them.
///
/// Output row `i` is input row `kept[i]`, or, where rows are merged into it, the unweighted mean of that row and its
/// sources, all read from the original matrix: `(f + Σ sources) / (1 + count)`. The sum starts at the destination's
/// own row and adds the sources in the order listed, so that the result has one value on every backend. A merge may
/// take only the largest of its sources' values in each column, which are added from the largest down.
public struct RowReduction: Sendable, Equatable {
    /// Ascending input row of each output row.
    public var kept: [Int]

    /// Merges by destination, ascending in `destination`; each destination occurs in `kept`, no source does.
    public var merges: [Merge]

    /// The rows that are averaged into one surviving row.
    public struct Merge: Sendable, Equatable {
        /// Input row that survives.
        public var destination: Int
        /// Input rows averaged into it, in the order in which they are added.
        public var sources: [Int]
        /// Which of the sources' values take part.
        public var taking: Values

        public init(destination: Int, sources: [Int], taking: Values = .all) {
            self.destination = destination
            self.sources = sources
            self.taking = taking
        }
    }

    /// Which of the sources' values are averaged into a row.
    public enum Values: Sendable, Equatable {
        /// All: (f + Σ sources) / (1 + number of sources).
        case all
        /// In each column the k largest, 0 ≤ k ≤ number of sources: (f + Σ of those) / (1 + k).
        case largest(Int)
    }

    public init(kept: [Int], merges: [Merge] = []) {
        self.kept = kept
        self.merges = merges
    }
}

/// What becomes of a matrix's rows when tokens are dropped or merged: which rows stay, and what is averaged into them.
///
/// Output row `i` is input row `kept[i]`, or, where rows are merged into it, the unweighted mean of that row and its
/// sources, all read from the original matrix: `(f + Σ sources) / (1 + count)`. The sum starts at the destination's
/// own row and adds the sources in the order listed, so that the result has one value on every backend.
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

        public init(destination: Int, sources: [Int]) {
            self.destination = destination
            self.sources = sources
        }
    }

    public init(kept: [Int], merges: [Merge] = []) {
        self.kept = kept
        self.merges = merges
    }
}

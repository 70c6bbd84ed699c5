import Operations

/// The residual stream after the last layer, and which of the original rows are left in it.
public struct Hidden<B: Backend> {
    /// Before the final norm. [rows, D]
    public let residual: B.Matrix
    /// The rows of each sequence after all reductions.
    public let segments: Segments
    /// For each segment, the original row (within the segment) of each surviving row, ascending.
    public let positions: [[Int]]
    /// What each reduced layer did to each segment, by layer, then by segment.
    public let steps: [ReductionStep]
}

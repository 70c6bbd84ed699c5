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

extension Hidden {
    /// How many rows of each segment entered each layer, as they were when the forward pass ran.
    ///
    /// - Parameter lengths: the rows of each segment that entered the first layer.
    public func tokenCounts(entering lengths: [Int], layerCount: Int) -> [TokenCounts] {
        let steps = Dictionary(grouping: steps, by: \.segment)
        return lengths.enumerated().map { segment, length in
            let left = Dictionary(
                uniqueKeysWithValues: (steps[segment] ?? []).map { ($0.layer, $0.decision.hidden.kept.count) })
            var counts = TokenCounts(perLayer: [], remaining: length)
            for layer in 0..<layerCount {
                counts.perLayer.append(counts.remaining)
                counts.remaining = left[layer] ?? counts.remaining
            }
            return counts
        }
    }
}

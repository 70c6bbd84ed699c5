import Mamba
import Operations

extension Hidden {
    /// How many rows of each segment entered each layer, as they were when the forward pass ran.
    ///
    /// - Parameter lengths: the rows of each segment that entered the first layer.
    func tokenCounts(entering lengths: [Int], layerCount: Int) -> [TokenCounts] {
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

/// The share of the work that a reduction saved on one sequence, 0…1.
struct Savings {
    /// Of the layers' work.
    let layers: Double
    /// Of the layers' and of a head that rates every surviving row.
    let withHead: Double

    /// Of a sequence that is not reduced.
    static let nothing = Savings(layers: 0, withHead: 0)

    private init(layers: Double, withHead: Double) {
        self.layers = layers
        self.withHead = withHead
    }

    init(_ counts: TokenCounts, _ costs: FLOPs) {
        layers = costs.saving(counts, includingHead: false)
        withHead = costs.saving(counts, includingHead: true)
    }
}

import Mamba

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

import ModelFiles

/// How much one forward pass may hold: rows of activations and sequences' states, from a budget in bytes.
///
/// The scores do not depend on it; it bounds memory.
public struct ScoringBudget: Sendable, Equatable {
    /// Rows packed into one forward pass.
    public let rows: Int
    /// Sequences whose states are held at a time.
    public let states: Int

    public init(rows: Int, states: Int) {
        self.rows = max(1, rows)
        self.states = max(1, states)
    }

    /// Halves `bytes` between activations and states of a model; at most 1,024 rows, past which nothing gets faster.
    public init(bytes: Int, for configuration: ModelConfiguration) {
        let half = max(1, bytes / 2)
        self.init(
            rows: min(1024, half / Self.bytesPerRow(configuration)), states: half / Self.bytesPerState(configuration))
    }

    /// The default, 1 GiB.
    public static let defaultBytes = 1 << 30

    /// What the activations of one row need at the widest point of a layer.
    static func bytesPerRow(_ model: ModelConfiguration) -> Int {
        let groups = 2 * model.groupCount * model.stateDimension
        return 4
            * (4 * model.modelDimension + 7 * model.innerDimension + 2 * groups + model.timeStepRank + model.headCount)
    }

    /// What the convolution's and scan's states of one sequence need in all layers.
    static func bytesPerState(_ model: ModelConfiguration) -> Int {
        let channels =
            model.architecture == .mamba1
            ? model.innerDimension : model.innerDimension + 2 * model.groupCount * model.stateDimension
        return 4 * model.layerCount
            * (channels * model.convolutionWidth + model.innerDimension * model.stateDimension)
    }
}

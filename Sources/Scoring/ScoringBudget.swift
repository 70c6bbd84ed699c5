import ModelFiles

/// How much is held at a time, from a budget in bytes: in one forward pass, and between passes.
///
/// The scores do not depend on it; it bounds memory.
public struct ScoringBudget: Sendable, Equatable {
    /// Rows packed into one forward pass.
    public let rows: Int
    /// Segments packed into one forward pass, which holds one layer's states of them at a time.
    public let segments: Int
    /// Sequences whose states of all layers are kept for others to go on from.
    public let states: Int
    /// Rows kept of the layers that sequences share until each sequence is reduced on its own.
    public let keptRows: Int

    /// - Parameters:
    ///   - segments: as many as `states` unless given.
    ///   - keptRows: as many as `rows` unless given.
    public init(rows: Int, states: Int, segments: Int? = nil, keptRows: Int? = nil) {
        self.rows = max(1, rows)
        self.states = max(1, states)
        self.segments = max(1, segments ?? states)
        self.keptRows = max(1, keptRows ?? rows)
    }

    /// Rows in a pass past which nothing gets faster.
    public enum Limit: Sendable {
        /// 1,024, and where that is more than 16 MiB and than a sixteenth of the weights in bfloat16, as few as 256.
        case cores
        /// 16,384: its processors need many tiles of rows at a time.
        case gpu
    }

    /// Up to half of `bytes` for a pass's activations, as far as the limit; of what is left, half for the states that
    /// are kept, and a quarter each for those in a pass and for the kept rows.
    public init(bytes: Int, for configuration: ModelConfiguration, limit: Limit = .cores) {
        let row = Self.bytesPerRow(configuration)
        let parameters = configuration.tensorShapes.reduce(0) { $0 + $1.shape.reduce(1, *) }
        let most =
            switch limit {
            case .cores: min(1024, max(256, max(16 << 20, parameters * 2 / 16) / row))
            case .gpu: 16_384
            }
        let rows = min(most, max(1, bytes / 2 / row))
        let quarter = max(1, bytes - rows * row) / 4
        let state = Self.bytesPerState(configuration)
        // A pass holds a layer's states twice while those that are kept are copied.
        self.init(
            rows: rows, states: 2 * quarter / state,
            segments: min(rows, quarter * configuration.layerCount / (2 * state)),
            keptRows: quarter / Self.bytesPerKeptRow(configuration))
    }

    /// The default, 1 GiB.
    public static let defaultBytes = 1 << 30

    /// Everything at once.
    static let unlimited = ScoringBudget(rows: .max, states: .max, segments: .max, keptRows: .max)

    /// What the activations of one row need at the widest point of a layer.
    static func bytesPerRow(_ model: ModelConfiguration) -> Int {
        let groups = 2 * model.groupCount * model.stateDimension
        return 4
            * (4 * model.modelDimension + 7 * model.innerDimension + 2 * groups + model.timeStepRank + model.headCount)
    }

    /// What the convolution's and scan's states of one sequence need in all layers.
    public static func bytesPerState(_ model: ModelConfiguration) -> Int {
        let channels =
            model.architecture == .mamba1
            ? model.innerDimension : model.innerDimension + 2 * model.groupCount * model.stateDimension
        return 4 * model.layerCount
            * (channels * model.convolutionWidth + model.innerDimension * model.stateDimension)
    }

    /// What is kept of a row for its reduction: the residual stream, the block's output and the features.
    static func bytesPerKeptRow(_ model: ModelConfiguration) -> Int {
        4 * (2 * model.modelDimension + model.innerDimension)
    }
}

import ModelFiles

/// How much is held at a time, from a budget in bytes: in one forward pass, and between passes.
///
/// The scores do not depend on it; it bounds memory.
public struct ScoringBudget: Sendable {
    /// Rows packed into one forward pass.
    public let rows: Int
    /// Segments packed into one forward pass, which holds one layer's states of them at a time.
    public let segments: Int
    /// Sequences whose states of all layers are kept for others to go on from.
    public let states: Int
    /// Rows kept of the layers that sequences share until each sequence is reduced on its own.
    public let keptRows: Int

    /// Rows beyond `rows` that a pass may have instead of a state being kept, and likewise segments; both together take
    /// what a state does.
    private let spare: (rows: Int, segments: Int)

    /// - Parameters:
    ///   - segments: as many as `states` unless given.
    ///   - keptRows: as many as `rows` unless given.
    public init(rows: Int, states: Int, segments: Int? = nil, keptRows: Int? = nil) {
        self.init(rows: rows, states: states, segments: segments, keptRows: keptRows, spare: (0, 0))
    }

    private init(rows: Int, states: Int, segments: Int?, keptRows: Int?, spare: (rows: Int, segments: Int)) {
        self.rows = max(1, rows)
        self.states = max(1, states)
        self.segments = max(1, segments ?? states)
        self.keptRows = max(1, keptRows ?? rows)
        self.spare = spare
    }

    /// Rows in a pass past which nothing gets faster.
    public enum Limit: Sendable {
        /// 1,024, and where that is more than 16 MiB and than a sixteenth of the weights in bfloat16, as few as 256.
        case cores
        /// 16,384: its processors need many tiles of rows at a time.
        case gpu
    }

    /// Up to half of `bytes` for a pass's activations, as far as the limit. What is left is for the states in a pass or,
    /// where others are kept between passes, a quarter for those in a pass, half for those that are kept, and a quarter
    /// for kept rows.
    ///
    /// - Parameters:
    ///   - keeping: whether more is kept between passes than where one tree of requests is cut in two.
    ///   - scan: see ``bytesPerState(_:scan:)``.
    public init(
        bytes: Int, for configuration: ModelConfiguration, limit: Limit = .cores, keeping: Bool = true,
        scan: Int? = nil
    ) {
        let row = Self.bytesPerRow(configuration)
        let most =
            switch limit {
            case .cores: min(1024, max(256, max(16 << 20, configuration.parameterCount * 2 / 16) / row))
            case .gpu: 16_384
            }
        let rows = min(most, max(1, bytes / 2 / row))
        let left = max(1, bytes - rows * row)
        let state = Self.bytesPerState(configuration, scan: scan)
        let layers = configuration.layerCount
        // A pass holds a layer's states twice while those that are kept are copied.
        self.init(
            rows: rows, states: left / 2 / state,
            segments: min(rows, keeping ? left / 4 * layers / (2 * state) : left * layers / state),
            keptRows: left / 4 / Self.bytesPerKeptRow(configuration), spare: (state / row, layers))
    }

    /// The most that a process on a CPU takes unless it is told otherwise: 1 GiB.
    public static let defaultBytes = 1 << 30

    /// What keeps a process on a CPU below its weights and a quarter: a quarter of the weights less 56 MiB, for the
    /// program itself; at least 8 MiB, and at most ``defaultBytes``.
    ///
    /// - Parameter weightBytes: what the weights take in memory.
    public static func bytes(besideWeights weightBytes: Int) -> Int {
        min(defaultBytes, max(8 << 20, weightBytes / 4 - (56 << 20)))
    }

    /// Everything at once.
    static let unlimited = ScoringBudget(rows: .max, states: .max, segments: .max, keptRows: .max)

    /// Whether a pass may have so many rows and segments rather than be cut.
    func holdsWhole(rows count: Int, segments number: Int) -> Bool {
        let (over, more) = (max(0, count - rows), max(0, number - segments))
        guard over > 0 || more > 0 else { return true }
        return over * max(1, spare.segments) + more * max(1, spare.rows) <= spare.rows * spare.segments
    }

    /// What the activations of one row need at the widest point of a layer.
    static func bytesPerRow(_ model: ModelConfiguration) -> Int {
        let groups = 2 * model.groupCount * model.stateDimension
        return 4
            * (4 * model.modelDimension + 7 * model.innerDimension + 2 * groups + model.timeStepRank + model.headCount)
    }

    /// What the convolution's and scan's states of one sequence need in all layers.
    ///
    /// - Parameter scan: the values that a layer's scan keeps; E·N unless given.
    public static func bytesPerState(_ model: ModelConfiguration, scan: Int? = nil) -> Int {
        let channels =
            model.architecture == .mamba1
            ? model.innerDimension : model.innerDimension + 2 * model.groupCount * model.stateDimension
        return 4 * model.layerCount
            * (channels * model.convolutionWidth + (scan ?? model.innerDimension * model.stateDimension))
    }

    /// What is kept of a row for its reduction: the residual stream, the block's output and the features.
    static func bytesPerKeptRow(_ model: ModelConfiguration) -> Int {
        4 * (2 * model.modelDimension + model.innerDimension)
    }
}

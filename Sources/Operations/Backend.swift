import ModelFiles

/// The operations that a device gives; the models are written once over them.
///
/// Glossary, as in the Mamba papers: D model dimension, E inner dimension, N state dimension, K convolution width,
/// R rank of Δ, H heads, P head dimension (E = H·P), G groups of B and C, L rows (tokens of all segments), S segments.
///
/// Every operation computes a row (or, along time, a segment) without regard to the other rows or segments in the
/// matrix, so a score is the same bits whatever it is batched with. Shapes are the caller's duty: a mismatch is a
/// programmer's mistake and traps. Values are float32; sums may use more.
public protocol Backend: Sendable {
    /// Float32 activations or states [rows, columns], row-major, on the device.
    associatedtype Matrix: BackendMatrix
    /// A projection [outputs, inputs] in whatever form multiplies fastest; also the embedding table and head.
    associatedtype Weight: Sendable
    /// A float32 parameter vector on the device.
    associatedtype Vector: Sendable

    /// Names the device and the kernels in use, such as `cpu/avx512/packed`; part of a score's identity.
    var engine: String { get }
    /// Names what decides a score's bits, such as `cpu/packed`: engines of one build with equal arithmetic give equal
    /// scores, whatever instruction set or thread count they use.
    var arithmetic: String { get }
    /// What the device is.
    var deviceProperties: DeviceProperties { get }
    /// Whether the operations along time take segments that begin in other segments' last states; else all segments
    /// begin in their own.
    var forksWithinPasses: Bool { get }

    // MARK: Parameters and transfers

    /// Prepares a projection [outputs, inputs] for `project`, `embed`, `score` and `choose`.
    func weight(_ tensor: Tensor) throws -> Weight
    /// Copies parameters to the device.
    func vector(_ values: [Float]) throws -> Vector
    /// What `headScan` keeps of a sequence, in values: H·P·N, unless a backend needs more between two passes. Zeros
    /// are the state before the first row.
    func headStateColumns(_ shape: HeadScanShape) -> Int
    /// Says that a model's parameters have all been given.
    func finishLoading()
    /// A matrix of zeros [rows, columns].
    func zeros(rows: Int, columns: Int) -> Matrix
    /// Copies row-major values [rows, columns] to the device.
    func matrix(_ values: [Float], rows: Int, columns: Int) -> Matrix
    /// Copies a matrix to the host, row-major.
    func values(of matrix: Matrix) throws -> [Float]

    // MARK: Rows

    /// Rows of the embedding table [V, D] at `tokens` [L] → [L, D].
    func embed(_ tokens: [Int32], table: Weight) -> Matrix
    /// The rows at `indices`, in that order; an index may repeat. Forks states and picks the rows that are scored.
    func gather(_ indices: [Int], from matrix: Matrix) -> Matrix
    /// Rows of one or more matrices of equal width, one under another, in the order given. Puts sequences together from
    /// what several passes left.
    func stack(_ pieces: [MatrixPiece<Matrix>]) -> Matrix
    /// Drops and merges rows; `reduction` speaks of rows of the whole matrix.
    func reduce(_ matrix: Matrix, by reduction: RowReduction) -> Matrix
    /// sum += addend, elementwise; both [L, D].
    func add(_ addend: Matrix, into sum: inout Matrix)
    /// RMSNorm: x · rsqrt(mean(x²) + ε) · weight, by row; x [L, D], weight [D].
    func normalize(_ x: Matrix, weight: Vector, epsilon: Float) -> Matrix
    /// x[:, columns] · weightᵀ; x [L, ≥ columns.upperBound], weight [outputs, columns.count] → [L, outputs].
    func project(_ x: Matrix, columns: Range<Int>, by weight: Weight) -> Matrix

    // MARK: Along time

    /// Causal depthwise convolution over `columns` of `x`, then SiLU: out_t = silu(bias + Σ_k w[k]·in_{t−K+1+k}).
    ///
    /// - Parameters:
    ///   - weight: [C, K], C = columns.count.
    ///   - bias: [C].
    ///   - state: [S, C·K] the last K inputs of each segment, per channel, oldest first; read, then updated. An empty
    ///     segment leaves its state as it is. That of a segment with a parent is written first: with the parent's last.
    /// - Returns: [L, C].
    func convolve(
        _ x: Matrix, columns: Range<Int>, weight: Vector, bias: Vector, width: Int, state: inout Matrix,
        segments: Segments
    ) -> Matrix

    /// Mamba-1's selective scan with the D skip: Δ = softplus(dt + dtBias); h_t = exp(Δ·A)·h_{t−1} + Δ·B_t·x_t;
    /// y_t = C_t·h_t + D·x_t. softplus(v) = v above 20.
    ///
    /// - Parameters:
    ///   - x: [L, E]. `dt`: [L, E] before the bias. `dtBias`, `d`: [E]. `a`: [E, N], negative.
    ///   - bc: [L, ≥ R+2N], holding B in `bColumns` and C in `cColumns`, N columns each.
    ///   - state: [S, E·N], h of each segment; read, then updated.
    /// - Returns: y [L, E], before the gate.
    func selectiveScan(
        x: Matrix, dt: Matrix, dtBias: Vector, a: Vector, bc: Matrix, bColumns: Range<Int>, cColumns: Range<Int>,
        d: Vector, state: inout Matrix, segments: Segments
    ) -> Matrix

    /// Mamba-2's scan (one scalar A a head) with the D skip: Δ = clamp(softplus(dt + dtBias), limit);
    /// h_t = exp(Δ·A)·h_{t−1} + Δ·B_t·x_t; y_t = C_t·h_t + D·x_t.
    ///
    /// - Parameters:
    ///   - xbc: [L, E + 2·G·N], the convolution's output: x, then B, then C; head h reads group h·G/H.
    ///   - projected: in_proj's output, holding dt [H] in `dtColumns`.
    ///   - dtBias, a, d: [H]; `a` is negative.
    ///   - state: [S, `headStateColumns`]; read, then updated.
    /// - Returns: y [L, E], before the gate.
    func headScan(
        xbc: Matrix, projected: Matrix, dtColumns: Range<Int>, dtBias: Vector, dtLimit: ClosedRange<Float>, a: Vector,
        d: Vector, shape: HeadScanShape, state: inout Matrix, segments: Segments
    ) -> Matrix

    // MARK: Gates

    /// y · silu(z), z = gate[:, columns]; y [L, E] → [L, E]. Mamba-1's gate.
    func gate(_ y: Matrix, by gate: Matrix, columns: Range<Int>) -> Matrix
    /// RMSNorm(y · silu(z)) · weight over groups of `groupSize` columns, z = gate[:, columns]. Mamba-2's gated norm.
    func gatedNormalize(
        _ y: Matrix, by gate: Matrix, columns: Range<Int>, weight: Vector, epsilon: Float, groupSize: Int
    ) -> Matrix

    // MARK: Token reduction

    /// The importance of each row in `rows` of the features [L, C]. → [rows.count], on the host.
    func importance(of features: Matrix, rows: Range<Int>, metric: Importance) throws -> [Float]
    /// For each source row, the destination row (a position in `destinations`) whose features are most similar, and
    /// that cosine similarity: the dot product of rows / max(norm, 1e−12). Ties take the lower position.
    ///
    /// - Parameter rectified: whether max(0, y) is compared instead of the features y.
    func bestMatches(of features: Matrix, sources: [Int], destinations: [Int], rectified: Bool) throws -> [Match]
    /// Reduces the two branches [L, D] by rules that the device carries out itself on the features [L, C], without a
    /// word to the host; nil, as unless a backend says otherwise, where the host is to carry them out.
    ///
    /// - Parameter choices: those of all sequences, by row; they differ in numbers only.
    func reduce(
        hidden: Matrix, residual: Matrix, by choices: [SequenceChoice], of features: Matrix
    ) -> ChosenReduction<Matrix>?
    /// Runs the host's part of a token reduction, the operations that it calls included; a backend may time it.
    func deciding<Result>(_ decide: () throws -> Result) rethrows -> Result

    // MARK: Head

    /// Rates `targets[i]` by row `rows[i]` of the normalized hidden rows [L, D]: log softmax over all of the head's
    /// outputs. A row may rate several targets, and goes through the head once.
    func score(_ hidden: Matrix, head: Weight, rows: [Int], targets: [Int32]) throws -> [TokenScore]
    /// The token with the largest logit after each of the normalized hidden rows [L, D]. → [L]
    func choose(_ hidden: Matrix, head: Weight) throws -> [TokenChoice]
    /// Takes a step of decoding, one token a sequence. A loop's steps ask for the same operations on the same weights
    /// and on states that are updated in place, so that a backend may repeat them as a whole.
    func repeating(
        _ loop: inout StepLoop, of tokens: [Int32], _ step: ([Int32]) throws -> [TokenChoice]
    ) throws -> [TokenChoice]
}

extension Backend {
    /// Rates `targets[i]` by row i.
    public func score(_ hidden: Matrix, head: Weight, targets: [Int32]) throws -> [TokenScore] {
        try score(hidden, head: head, rows: Array(targets.indices), targets: targets)
    }

    /// Returns when a matrix [L, D], L > 0, is computed: operations may return before they are done.
    public func wait(for matrix: Matrix) throws { _ = try values(of: gather([0], from: matrix)) }
}

extension Backend {
    public var forksWithinPasses: Bool { false }

    public func headStateColumns(_ shape: HeadScanShape) -> Int { shape.stateSize }

    public func finishLoading() {}

    public func deciding<Result>(_ decide: () throws -> Result) rethrows -> Result { try decide() }

    public func reduce(
        hidden: Matrix, residual: Matrix, by choices: [SequenceChoice], of features: Matrix
    ) -> ChosenReduction<Matrix>? { nil }

    public func repeating(
        _ loop: inout StepLoop, of tokens: [Int32], _ step: ([Int32]) throws -> [TokenChoice]
    ) throws -> [TokenChoice] { try step(tokens) }
}

/// A matrix that lives on a device.
public protocol BackendMatrix {
    var rows: Int { get }
    var columns: Int { get }
}

/// Neighbouring rows of a matrix.
public struct MatrixPiece<Matrix: BackendMatrix> {
    public var matrix: Matrix
    public var rows: Range<Int>

    public init(_ matrix: Matrix, rows: Range<Int>) {
        self.matrix = matrix
        self.rows = rows
    }
}

/// The dimensions of Mamba-2's scan.
public struct HeadScanShape: Sendable, Equatable {
    /// H
    public let heads: Int
    /// P
    public let headDimension: Int
    /// G
    public let groups: Int
    /// N
    public let stateDimension: Int

    public init(heads: Int, headDimension: Int, groups: Int, stateDimension: Int) {
        self.heads = heads
        self.headDimension = headDimension
        self.groups = groups
        self.stateDimension = stateDimension
    }

    /// H·P·N, a sequence's state in values.
    public var stateSize: Int { heads * headDimension * stateDimension }
}

/// A source row's best destination.
public struct Match: Sendable, Equatable {
    /// Position in the list of destinations.
    public var destination: Int
    /// Cosine similarity.
    public var similarity: Float

    public init(destination: Int, similarity: Float) {
        self.destination = destination
        self.similarity = similarity
    }
}

import ModelFiles
import Operations

/// A backend that also adds up how long each kind of operation takes; the results are those of the backend within.
///
/// It is for one forward pass at a time, on a device that computes before it returns.
public struct Profiled<Base: Backend>: Backend {
    public typealias Matrix = Base.Matrix
    public typealias Weight = Base.Weight
    public typealias Vector = Base.Vector

    private let base: Base
    private let stopwatch = Stopwatch()

    public init(_ base: Base) { self.base = base }

    /// Runs `work` and says where its time went; `rest` is what no operation took.
    public func profile<Result>(_ work: () throws -> Result) rethrows -> (result: Result, profile: Profile) {
        _ = stopwatch.take()
        let start = ContinuousClock.now
        let result = try work()
        let whole = start.duration(to: .now) / .seconds(1)
        var profile = stopwatch.take()
        profile[.rest] += whole - profile.total
        return (result, profile)
    }

    public var engine: String { base.engine }
    public var arithmetic: String { base.arithmetic }
    public var deviceProperties: DeviceProperties { base.deviceProperties }
    public var forksWithinPasses: Bool { base.forksWithinPasses }

    public func weight(_ tensor: Tensor) throws -> Weight { try base.weight(tensor) }
    public func vector(_ values: [Float]) throws -> Vector { try base.vector(values) }
    public func headStateColumns(_ shape: HeadScanShape) -> Int { base.headStateColumns(shape) }
    public func finishLoading() { base.finishLoading() }
    public func zeros(rows: Int, columns: Int) -> Matrix { base.zeros(rows: rows, columns: columns) }
    public func matrix(_ values: [Float], rows: Int, columns: Int) -> Matrix {
        base.matrix(values, rows: rows, columns: columns)
    }
    public func values(of matrix: Matrix) throws -> [Float] { try base.values(of: matrix) }
    public func embed(_ tokens: [Int32], table: Weight) -> Matrix { base.embed(tokens, table: table) }
    public func gather(_ indices: [Int], from matrix: Matrix) -> Matrix { base.gather(indices, from: matrix) }
    public func stack(_ pieces: [MatrixPiece<Matrix>]) -> Matrix { base.stack(pieces) }
    public func add(_ addend: Matrix, into sum: inout Matrix) { base.add(addend, into: &sum) }

    public func reduce(_ matrix: Matrix, by reduction: RowReduction) -> Matrix {
        stopwatch.time(.reduction) { base.reduce(matrix, by: reduction) }
    }

    public func normalize(_ x: Matrix, weight: Vector, epsilon: Float) -> Matrix {
        stopwatch.time(.norms) { base.normalize(x, weight: weight, epsilon: epsilon) }
    }

    public func project(_ x: Matrix, columns: Range<Int>, by weight: Weight) -> Matrix {
        stopwatch.time(.products) { base.project(x, columns: columns, by: weight) }
    }

    public func convolve(
        _ x: Matrix, columns: Range<Int>, weight: Vector, bias: Vector, width: Int, state: inout Matrix,
        segments: Segments
    ) -> Matrix {
        stopwatch.time(.convolution) {
            base.convolve(
                x, columns: columns, weight: weight, bias: bias, width: width, state: &state, segments: segments)
        }
    }

    public func selectiveScan(
        x: Matrix, dt: Matrix, dtBias: Vector, a: Vector, bc: Matrix, bColumns: Range<Int>, cColumns: Range<Int>,
        d: Vector, state: inout Matrix, segments: Segments
    ) -> Matrix {
        stopwatch.time(.scan) {
            base.selectiveScan(
                x: x, dt: dt, dtBias: dtBias, a: a, bc: bc, bColumns: bColumns, cColumns: cColumns, d: d,
                state: &state, segments: segments)
        }
    }

    public func headScan(
        xbc: Matrix, projected: Matrix, dtColumns: Range<Int>, dtBias: Vector, dtLimit: ClosedRange<Float>, a: Vector,
        d: Vector, shape: HeadScanShape, state: inout Matrix, segments: Segments
    ) -> Matrix {
        stopwatch.time(.scan) {
            base.headScan(
                xbc: xbc, projected: projected, dtColumns: dtColumns, dtBias: dtBias, dtLimit: dtLimit, a: a, d: d,
                shape: shape, state: &state, segments: segments)
        }
    }

    public func gate(_ y: Matrix, by gate: Matrix, columns: Range<Int>) -> Matrix {
        stopwatch.time(.norms) { base.gate(y, by: gate, columns: columns) }
    }

    public func gatedNormalize(
        _ y: Matrix, by gate: Matrix, columns: Range<Int>, weight: Vector, epsilon: Float, groupSize: Int
    ) -> Matrix {
        stopwatch.time(.norms) {
            base.gatedNormalize(
                y, by: gate, columns: columns, weight: weight, epsilon: epsilon, groupSize: groupSize)
        }
    }

    public func importance(of features: Matrix, rows: Range<Int>, metric: Importance) throws -> [Float] {
        try stopwatch.time(.reduction) { try base.importance(of: features, rows: rows, metric: metric) }
    }

    public func bestMatches(
        of features: Matrix, sources: [Int], destinations: [Int], rectified: Bool
    ) throws -> [Match] {
        try stopwatch.time(.reduction) {
            try base.bestMatches(of: features, sources: sources, destinations: destinations, rectified: rectified)
        }
    }

    public func reduce(
        hidden: Matrix, residual: Matrix, by choices: [SequenceChoice], of features: Matrix
    ) -> ChosenReduction<Matrix>? {
        stopwatch.time(.reduction) { base.reduce(hidden: hidden, residual: residual, by: choices, of: features) }
    }

    public func deciding<Result>(_ decide: () throws -> Result) rethrows -> Result {
        try stopwatch.time(.reduction) { try base.deciding(decide) }
    }

    public func score(_ hidden: Matrix, head: Weight, rows: [Int], targets: [Int32]) throws -> [TokenScore] {
        try stopwatch.time(.head) { try base.score(hidden, head: head, rows: rows, targets: targets) }
    }

    public func choose(_ hidden: Matrix, head: Weight) throws -> [TokenChoice] {
        try stopwatch.time(.head) { try base.choose(hidden, head: head) }
    }
}

extension Profiled: CountsMemory where Base: CountsMemory {
    public var memoryUse: MemoryUse { base.memoryUse }
    public func beginPeak() { base.beginPeak() }
}

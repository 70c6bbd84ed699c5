import Backends
import Foundation
import Operations
import TestSupport
import Testing

/// `fixtures/unit/ops.json`: single operations in float64, extreme inputs included.
struct GoldenOperations: Decodable {
    struct Function: Decodable {
        var x: [Float]
        /// Some are below float32's range.
        var y: [Double]
    }
    struct Norm: Decodable {
        var x: [[Float]]
        var weight: [Float]
        var eps: Float
        var y: [[Float]]
    }
    struct GatedNorm: Decodable {
        var y: [[Float]]
        var z: [[Float]]
        var weight: [Float]
        var eps: Float
        var out: [[Float]]
        var out2Groups: [[Float]]
    }
    struct Convolution: Decodable {
        var x: [[Float]]
        var weight: [[[Float]]]
        var bias: [Float]
        var state: [[Float]]
        var out: [[Float]]
        var stateOut: [[Float]]
    }
    var softplus: Function
    var silu: Function
    var rmsNorm: Norm
    var gatedRmsNorm: GatedNorm
    var causalConv: Convolution
}

@Suite("Single operations equal the golden values", .enabled(if: Shared.isAvailable, Shared.explanation))
struct GoldenTests {
    let golden: GoldenOperations

    init() throws {
        let data = try Data(contentsOf: Shared.url("fixtures/unit/ops.json"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        golden = try decoder.decode(GoldenOperations.self, from: data)
    }

    @Test("on the reference and on every CPU engine")
    func operations() throws {
        try check(on: ReferenceBackend())
        for engine in Engine.allCases { try check(on: engine.backend) }
    }

    private func check<B: Backend>(on backend: B) throws {
        try checkFunctions(on: backend)
        try checkNorms(on: backend)
        try checkConvolution(on: backend)
    }

    /// silu through a gate on ones; softplus through a scan whose only state is Δ·1·1.
    private func checkFunctions<B: Backend>(on backend: B) throws {
        let silu = golden.silu
        let ones = backend.matrix([Float](repeating: 1, count: silu.x.count), rows: 1, columns: silu.x.count)
        let z = backend.matrix(silu.x, rows: 1, columns: silu.x.count)
        expect(
            try backend.values(of: backend.gate(ones, by: z, columns: 0..<silu.x.count)), silu.y.map(Float.init),
            backend)

        let (x, y) = (golden.softplus.x, golden.softplus.y)
        let one = backend.matrix([Float](repeating: 1, count: x.count), rows: x.count, columns: 1)
        let bc = backend.matrix([Float](repeating: 1, count: x.count * 2), rows: x.count, columns: 2)
        var state = backend.zeros(rows: x.count, columns: 1)
        let delta = backend.selectiveScan(
            x: one, dt: backend.matrix(x, rows: x.count, columns: 1), dtBias: try backend.vector([0]),
            a: try backend.vector([-1]), bc: bc, bColumns: 0..<1, cColumns: 1..<2, d: try backend.vector([0]),
            state: &state, segments: Segments(lengths: [Int](repeating: 1, count: x.count)))
        expect(try backend.values(of: delta), y.map(Float.init), backend)
    }

    private func checkNorms<B: Backend>(on backend: B) throws {
        let norm = golden.rmsNorm
        let y = backend.normalize(matrix(norm.x, backend), weight: try backend.vector(norm.weight), epsilon: norm.eps)
        expect(try backend.values(of: y), norm.y.flatMap { $0 }, backend)

        let gated = golden.gatedRmsNorm
        let columns = gated.weight.count
        for (groups, out) in [(1, gated.out), (2, gated.out2Groups)] {
            let y = backend.gatedNormalize(
                matrix(gated.y, backend), by: matrix(gated.z, backend), columns: 0..<columns,
                weight: try backend.vector(gated.weight), epsilon: gated.eps, groupSize: columns / groups)
            expect(try backend.values(of: y), out.flatMap { $0 }, backend)
        }
    }

    private func checkConvolution<B: Backend>(on backend: B) throws {
        let golden = golden.causalConv
        let (channels, width) = (golden.bias.count, golden.state[0].count)
        var state = backend.matrix(golden.state.flatMap { $0 }, rows: 1, columns: channels * width)
        let y = backend.convolve(
            matrix(golden.x, backend), columns: 0..<channels,
            weight: try backend.vector(golden.weight.flatMap { $0.flatMap { $0 } }),
            bias: try backend.vector(golden.bias), width: width, state: &state,
            segments: Segments(lengths: [golden.x.count]))
        expect(try backend.values(of: y), golden.out.flatMap { $0 }, backend)
        expect(try backend.values(of: state), golden.stateOut.flatMap { $0 }, backend)
    }

    private func matrix<B: Backend>(_ rows: [[Float]], _ backend: B) -> B.Matrix {
        backend.matrix(rows.flatMap { $0 }, rows: rows.count, columns: rows[0].count)
    }

    /// Within a few roundings: the golden values are float64 sums of a handful of terms.
    private func expect(_ actual: [Float], _ expected: [Float], _ backend: some Backend) {
        #expect(actual.count == expected.count)
        for (a, b) in zip(actual, expected) { #expect(abs(a - b) <= 1e-6 * max(1, abs(b)), "\(backend.engine)") }
    }
}

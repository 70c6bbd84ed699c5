import Backends
import Hashing
import ModelFiles
import Operations
import Testing

/// A seeded stream of numbers: a failing case is the same case tomorrow.
struct Numbers {
    private var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(state: seed) }

    mutating func bits() -> UInt64 { generator.next() }

    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in
            range.lowerBound + (range.upperBound - range.lowerBound) * Float(bits() >> 40) * 0x1p-24
        }
    }

    mutating func integers(_ count: Int, below bound: Int) -> [Int] {
        (0..<count).map { _ in Int(bits() % UInt64(bound)) }
    }
}

/// How far float32 arithmetic in another order may lie from the definition: a share of the largest value of the row,
/// since a sum's rounding error is in proportion to its terms, not to what is left of them.
struct Tolerance {
    var relative: Float
    var absolute: Float = 1e-7
}

/// An operation's results: matrices by name, each with its number of columns.
struct Outcome: Equatable {
    var name: String
    var columns: Int
    var values: [Float]

    /// Equal to the last bit; NaN equals itself, and zeros of either sign differ.
    func hasSameBits(as other: Outcome) -> Bool {
        columns == other.columns && values.map(\.bitPattern) == other.values.map(\.bitPattern)
    }

    /// The first value that is further from `expected` than `tolerance` allows, in words.
    func difference(from expected: Outcome, _ tolerance: Tolerance) -> String? {
        guard values.count == expected.values.count, columns == expected.columns else {
            return "\(name): \(values.count) values in rows of \(columns), not \(expected.values.count)"
        }
        for start in stride(from: 0, to: values.count, by: max(1, columns)) {
            let row = start..<min(values.count, start + columns)
            let scale = expected.values[row].lazy.map(abs).filter(\.isFinite).max() ?? 0
            for i in row where !agree(values[i], expected.values[i], tolerance.absolute + tolerance.relative * scale) {
                return "\(name)[\(i / columns), \(i % columns)]: \(values[i]), not \(expected.values[i])"
            }
        }
        return nil
    }

    private func agree(_ a: Float, _ b: Float, _ distance: Float) -> Bool {
        a == b || a.isNaN && b.isNaN || abs(a - b) <= distance
    }
}

extension Backend {
    /// A weight of seeded values.
    func weight(_ values: [Float], _ outputs: Int, _ inputs: Int) throws -> Weight {
        try weight(Tensor(name: "weight", shape: [outputs, inputs], floats: values))
    }

    /// A matrix brought back to the host.
    func outcome(_ name: String, _ matrix: Matrix) throws -> Outcome {
        Outcome(name: name, columns: matrix.columns, values: try values(of: matrix))
    }
}

/// The CPU backends that are held to the definition.
enum Engine: String, CaseIterable, CustomTestStringConvertible {
    case packed, twoThreads, threeThreads, avx512, avx2, portable, openBLAS

    /// Those that promise equal bits.
    static var exact: [Engine] { allCases.filter { $0 != .openBLAS } }

    var backend: CPUBackend {
        switch self {
        case .packed: CPUBackend()
        case .twoThreads: CPUBackend(threads: 2)
        case .threeThreads: CPUBackend(threads: 3)
        case .avx512: CPUBackend(instructionSet: .avx512)
        case .avx2: CPUBackend(instructionSet: .avx2)
        case .portable: CPUBackend(threads: 2, instructionSet: .portable)
        case .openBLAS: CPUBackend(gemm: .openBLAS)
        }
    }

    /// The engine of the same kind with products in bfloat16; OpenBLAS has none.
    var inBFloat16: CPUBackend {
        let backend = backend
        return CPUBackend(
            threads: backend.threads, precision: .bf16, instructionSet: backend.instructionSet)
    }

    var testDescription: String { rawValue }
}

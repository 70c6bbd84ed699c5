import CKernels
import COpenBLAS
import Dispatch
import ModelFiles
import Operations

/// The operations on this machine's cores, by the kernels of CKernels.
///
/// With `.packed` products a result has the same bits whatever it is batched with, for any number of threads and on
/// every instruction set, in either precision. Memory that activations used is kept for the next ones, up to a limit.
public final class CPUBackend: Backend, CountsMemory {
    public typealias Matrix = CPUMatrix
    public typealias Weight = CPUWeight
    public typealias Vector = CPUVector

    /// Who multiplies matrices.
    public enum GEMM: String, Sendable, CaseIterable {
        /// Our kernel on weights that are packed once. Only this one promises that results do not depend on batching.
        case packed
        /// The system's OpenBLAS, in float32, one thread a product: the cross-check. Its sums depend on the shape it is
        /// given and on the processor, for which it picks a kernel when the process starts.
        case openBLAS = "openblas"
    }

    /// What the CPU multiplies in.
    public static let precisions: [Precision] = [.fp32, .bf16]

    /// The cores that one operation uses.
    public let threads: Int
    public let gemm: GEMM
    public let precision: Precision
    public let instructionSet: InstructionSet

    static let panelWidth = Int(ck_panel_width)
    static let channelLanes = Int(ck_channel_lanes)
    let kernels: Kernels
    let matcher: Matcher?
    let pool: BufferPool
    let sharing: SharedWeights?

    /// A backend on `threads` cores.
    ///
    /// - Parameters:
    ///   - precision: of the products, one of ``precisions``; OpenBLAS has fp32 only.
    ///   - instructionSet: which kernels to use; nil means `InstructionSet.preferred`, as does one that this processor
    ///     does not have.
    ///   - keepingAtMost: bytes of activations' memory that wait for reuse.
    ///   - sharing: how packed weights are kept once by several workers; nil where each has its own.
    public init(
        threads: Int = 1, gemm: GEMM = .packed, precision: Precision = .fp32, instructionSet: InstructionSet? = nil,
        keepingAtMost limit: Int = 128 << 20, sharing: WeightSharing? = nil
    ) {
        precondition(threads > 0, "a backend on \(threads) threads")
        precondition(Self.precisions.contains(precision), "the CPU has no product in \(precision)")
        precondition(gemm == .packed || precision == .fp32, "OpenBLAS has no product in \(precision)")
        let chosen = instructionSet.flatMap { $0.kernels == nil ? nil : $0 } ?? .preferred
        guard let kernels = chosen.kernels else { preconditionFailure("there are no portable kernels") }
        self.threads = threads
        self.gemm = gemm
        self.precision = precision
        self.instructionSet = chosen
        self.kernels = kernels
        matcher = chosen.matcher
        pool = BufferPool(limit: limit)
        self.sharing = gemm == .packed ? sharing.map { SharedWeights($0, layout: precision.rawValue) } : nil
        if gemm == .openBLAS { openblas_set_num_threads(1) }
    }

    /// Bytes of memory that activations no longer use and that wait for the next ones.
    public var keptBytes: Int { pool.unusedBytes }

    public var memoryUse: MemoryUse { pool.use }
    public func beginPeak() { pool.beginPeak() }

    public var engine: String {
        switch gemm {
        case .packed: "cpu/\(instructionSet.rawValue)/\(layoutName)"
        case .openBLAS: "cpu/\(instructionSet.rawValue)/openblas-\(String(cString: openblas_get_corename()))"
        }
    }

    /// The packed product and every other kernel add in one order whatever the instruction set; a library may not.
    public var arithmetic: String { gemm == .packed ? "cpu/\(layoutName)" : engine }

    public var deviceProperties: DeviceProperties { Processor.properties(architecture: instructionSet.rawValue) }

    public var forksWithinPasses: Bool { true }

    private var layoutName: String { precision == .fp32 ? "packed" : "packed-\(precision)" }

    private var layout: CPUWeight.Layout {
        switch (gemm, precision) {
        case (.packed, .fp32): .panels
        case (.packed, _): .pairs
        case (.openBLAS, _): .rowMajor
        }
    }

    // MARK: Parameters and transfers

    public func weight(_ tensor: Tensor) throws -> CPUWeight {
        try CPUWeight(tensor, layout: layout, backend: self)
    }

    public func vector(_ values: [Float]) throws -> CPUVector { try CPUVector(values, countedBy: pool) }

    public func finishLoading() { sharing?.finish() }

    public func zeros(rows: Int, columns: Int) -> CPUMatrix {
        let matrix = make(rows: rows, columns: columns)
        withExtendedLifetime(matrix) {
            for row in 0..<rows { matrix.row(row).update(repeating: 0, count: columns) }
        }
        return matrix
    }

    public func matrix(_ values: [Float], rows: Int, columns: Int) -> CPUMatrix {
        precondition(values.count == rows * columns, "\(values.count) values for a matrix [\(rows), \(columns)]")
        let matrix = make(rows: rows, columns: columns)
        values.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            for row in 0..<rows { matrix.row(row).update(from: base + row * columns, count: columns) }
        }
        return matrix
    }

    public func values(of matrix: CPUMatrix) throws -> [Float] {
        let count = matrix.rows * matrix.columns
        return [Float](unsafeUninitializedCapacity: count) { target, initialized in
            initialized = count
            guard let base = target.baseAddress else { return }
            for row in 0..<matrix.rows {
                (base + row * matrix.columns).initialize(from: matrix.row(row), count: matrix.columns)
            }
        }
    }

    /// A matrix whose values are undefined.
    func make(rows: Int, columns: Int) -> CPUMatrix { CPUMatrix(rows: rows, columns: columns, pool: pool) }

    /// The same, row after row without padding.
    func makeTight(rows: Int, columns: Int) -> CPUMatrix {
        CPUMatrix(rows: rows, columns: columns, tight: true, pool: pool)
    }

    /// Memory for the length of a call, 64-byte aligned.
    func withScratch<R>(_ floats: Int, _ body: (UnsafeMutablePointer<Float>) -> R) -> R {
        let buffer = Buffer(count: floats, pool: pool)
        return withExtendedLifetime(buffer) { body(buffer.floats) }
    }
}

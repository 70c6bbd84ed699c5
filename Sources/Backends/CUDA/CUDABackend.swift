import CUDAKernels
import ModelFiles
import Operations
import Synchronization

/// The operations on one GPU, by the kernels of CUDAKernels.
///
/// With `.tiled` products a result has the same bits whatever it is batched with, and a product those of the CPU's. With
/// `.library` that holds as far as cuBLASLt keeps to one algorithm. Operations return before they are done; a fault is
/// thrown by the next operation that brings something to the host.
public final class CUDABackend: Backend, CountsMemory {
    public typealias Matrix = CUDAMatrix
    public typealias Weight = CUDAWeight
    public typealias Vector = CUDAVector

    /// Who multiplies matrices.
    public enum GEMM: String, Sendable, CaseIterable {
        /// Our kernel, in float32; weights stay as the checkpoint has them.
        case tiled
        /// cuBLASLt, with weights and activations in the precision, and float32 sums.
        case library = "cublaslt"
    }

    /// How Mamba-2's scan is computed.
    public enum Scan: String, Sendable, CaseIterable {
        /// Row after row, in float32: the exact form.
        case rows
        /// Chunks of rows on tensor cores, their operands in the products' precision, sums in float32. A shape with more
        /// states than these kernels take is computed row after row.
        case chunks

        /// That of a precision's engines: chunks, but in fp32.
        public static func standard(for precision: Precision) -> Scan { precision == .fp32 ? .rows : .chunks }
    }

    public let device: CUDADevice
    public let precision: Precision
    public let gemm: GEMM
    public let scan: Scan
    let choosesRows: Bool
    let recordsSteps: Bool
    /// The last segments that were asked for: all layers of a pass ask for the same.
    private let lastSegments = Mutex<(offsets: [Int], buffer: CUDABuffer)?>(nil)

    /// - Parameters:
    ///   - precision: of the products; only a library has others than fp32.
    ///   - gemm: `.tiled` in fp32, else `.library` unless given.
    ///   - scan: the precision's unless given; in fp32 there are no chunks.
    ///   - choosesRows: whether the device chooses the rows that go in a token reduction, or the host; the same rows.
    ///   - recordsSteps: whether steps of decoding are repeated as a whole; the same results.
    public init(
        _ device: CUDADevice, precision: Precision = .fp32, gemm: GEMM? = nil, scan: Scan? = nil,
        choosesRows: Bool = true, recordsSteps: Bool = true
    ) {
        self.device = device
        self.choosesRows = choosesRows
        self.recordsSteps = recordsSteps
        self.precision = precision
        self.gemm = gemm ?? (precision == .fp32 ? .tiled : .library)
        self.scan = scan ?? .standard(for: precision)
        precondition(precision == .fp32 || self.gemm == .library, "the tiled product is in fp32 only")
        precondition(precision != .fp32 || self.scan == .rows, "chunks are not in fp32")
    }

    public var memoryUse: MemoryUse {
        let memory = device.memory
        return MemoryUse(
            weights: memory.weights, activations: memory.activations, activationsPeak: memory.activationsPeak)
    }
    public func beginPeak() { device.beginPeak() }

    public var engine: String {
        let properties = device.properties
        let name = properties.name.split(separator: " ").joined(separator: "-")
        return [device.library.kind, name, properties.architecture, product, device.library.build]
            .filter { !$0.isEmpty }.joined(separator: "/")
    }

    /// What compiles for one architecture adds in one order; a library may choose by the device.
    public var arithmetic: String {
        if gemm == .library { return engine }
        return [device.library.kind, device.properties.architecture, product, device.library.build]
            .filter { !$0.isEmpty }.joined(separator: "/")
    }

    public var deviceProperties: DeviceProperties {
        let properties = device.properties
        return DeviceProperties(
            name: properties.name, kind: .cuda, architecture: properties.architecture,
            computeUnits: properties.processors, memoryBytes: properties.totalBytes)
    }

    private var product: String {
        switch gemm {
        case .tiled: "tiled"
        case .library:
            "cublaslt-\(device.properties.library)-\(precision)"
                + (scan == .standard(for: precision) ? "" : "-\(scan)")
        }
    }

    var functions: mc_interface { device.functions }
    var handle: OpaquePointer { device.handle }
    var libraryGEMM: mc_gemm { gemm == .tiled ? mc_tiled : mc_library }

    // MARK: Parameters and transfers

    public func weight(_ tensor: Tensor) throws -> CUDAWeight {
        let element: mc_element =
            switch (gemm, precision) {
            case (.tiled, _): tensor.elementType.libraryName
            case (.library, .fp32): mc_float32
            case (.library, .bf16): mc_bfloat16
            case (.library, .fp16): mc_float16
            }
        if precision == .fp16 { try HalfRange.check(tensor) }
        return try CUDAWeight(tensor, as: element, on: device)
    }

    public func vector(_ values: [Float]) throws -> CUDAVector { try CUDAVector(values, on: device) }

    public func zeros(rows: Int, columns: Int) -> CUDAMatrix {
        let matrix = make(rows: rows, columns: columns)
        if let values = matrix.values { functions.clear(handle, values, matrix.bytes) }
        return matrix
    }

    public func matrix(_ values: [Float], rows: Int, columns: Int) -> CUDAMatrix {
        precondition(values.count == rows * columns, "\(values.count) values for a matrix [\(rows), \(columns)]")
        let matrix = make(rows: rows, columns: columns)
        values.withUnsafeBytes { source in
            guard let base = source.baseAddress, let target = matrix.values else { return }
            functions.upload(handle, target, base, matrix.bytes)
        }
        return matrix
    }

    public func values(of matrix: CUDAMatrix) throws -> [Float] {
        let values = [Float](unsafeUninitializedCapacity: matrix.count) { target, count in
            count = matrix.count
            target.initialize(repeating: 0)
            guard let base = target.baseAddress, let source = matrix.values, count > 0 else { return }
            functions.download(handle, base, source, matrix.bytes)
        }
        try device.check()
        return values
    }

    /// A matrix whose values are undefined.
    func make(rows: Int, columns: Int) -> CUDAMatrix { CUDAMatrix(rows: rows, columns: columns, on: device) }

    /// Puts the segments that come next into the device's memory anew.
    func forgetSegments() { lastSegments.withLock { $0 = nil } }

    /// Runs `body` with segments as the library sees them.
    func withSegments(_ segments: Segments, _ body: (mc_segments) -> Void) {
        let buffer = lastSegments.withLock { last -> CUDABuffer in
            if let last, last.offsets == segments.offsets { return last.buffer }
            let offsets = segments.offsets.map { Int32($0) }
            let buffer = CUDABuffer(bytes: offsets.count * 4, for: mc_for_activations, on: device)
            offsets.withUnsafeBytes { source in
                guard let base = source.baseAddress, let target = buffer.memory else { return }
                functions.upload(handle, target, base, UInt64(source.count))
            }
            last = (segments.offsets, buffer)
            return buffer
        }
        withExtendedLifetime(buffer) {
            let offsets = buffer.memory.map { UnsafePointer($0.assumingMemoryBound(to: Int32.self)) }
            body(mc_segments(offsets: offsets, count: Int32(segments.count)))
        }
    }
}

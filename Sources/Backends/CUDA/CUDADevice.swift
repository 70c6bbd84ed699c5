import CUDAKernels
import Operations

/// One GPU as this process uses it: a stream of its own, memory for weights, and memory set aside for activations.
///
/// Invariant of the unchecked conformance: the library lets one call in at a time.
public final class CUDADevice: @unchecked Sendable {
    /// What a device says of itself.
    public struct Properties: Sendable, Equatable {
        public let name: String
        /// Such as `sm_90`; empty on the host.
        public let architecture: String
        /// Streaming multiprocessors.
        public let processors: Int
        /// Such as `13.0`: the newest CUDA that the driver can serve, and the one that the kernels were built with.
        public let driver: String
        public let runtime: String
        /// cuBLASLt's version.
        public let library: Int
        public let totalBytes: Int
        public let freeBytes: Int
    }

    /// Bytes that are in use.
    public struct Memory: Sendable, Equatable {
        public let weights: Int
        /// The most that weights took at once.
        public let weightsPeak: Int
        public let activations: Int
        /// The most that activations took at once since ``CUDADevice/beginPeak()``.
        public let activationsPeak: Int
        /// What is set aside for activations.
        public let arena: Int
    }

    public let index: Int
    public let properties: Properties
    /// Where the kernels came from.
    public let library: CUDALibrary
    let handle: OpaquePointer

    /// Device `index` of those that the process sees.
    ///
    /// - Parameter activationBytes: set aside at once, so that there is no lack of memory later; 256 MiB, when first
    ///   needed, unless given.
    /// - Throws: ``CUDAError`` when there is no such device, or it has not that much memory.
    public init(_ index: Int = 0, of library: CUDALibrary, activationBytes: Int? = nil) throws {
        let count = try library.deviceCount()
        guard (0..<count).contains(index) else { throw CUDAError.absentDevice(index: index, count: count) }
        var opened: OpaquePointer?
        let reason = CUDALibrary.text { opened = library.functions.open(Int32(index), $0) }
        guard let opened else { throw CUDAError.noDevice(library: library.path, reason: reason) }
        self.index = index
        self.library = library
        handle = opened
        var description = mc_description()
        library.functions.describe(opened, &description)
        properties = Properties(description)
        if let activationBytes {
            library.functions.reserve(handle, UInt64(activationBytes))
            try check()
        }
    }

    deinit { library.functions.close(handle) }

    var functions: mc_interface { library.functions }

    /// Throws what went wrong since this was last asked.
    func check() throws {
        var status = mc_ok
        let text = CUDALibrary.text { status = functions.status(handle, $0) }
        switch status {
        case mc_ok: return
        case mc_no_memory: throw CUDAError.noMemory(device: index, detail: text)
        default: throw CUDAError.failed(device: index, detail: text)
        }
    }

    /// Waits until all is done that was asked.
    public func finish() throws {
        functions.finish(handle)
        try check()
    }

    public var memory: Memory {
        var memory = mc_memory()
        functions.memory(handle, &memory)
        return Memory(
            weights: Int(memory.weights), weightsPeak: Int(memory.weights_peak),
            activations: Int(memory.activations), activationsPeak: Int(memory.activations_peak),
            arena: Int(memory.arena))
    }

    /// Begins the activations' peak anew.
    public func beginPeak() { functions.mark(handle) }

    /// Bytes a second that the device's memory gives and takes, measured by copies that no cache holds.
    public func bytesPerSecond() throws -> Double {
        let bytes = 1 << 28
        let pieces = (0..<2).map { _ in CUDABuffer(bytes: bytes, for: mc_for_weights, on: self) }
        guard let to = pieces[0].memory, let from = pieces[1].memory else {
            try check()
            return 0
        }
        functions.clear(handle, from, UInt64(bytes))
        let times = try (0..<4).map { _ in
            try finish()
            let start = ContinuousClock.now
            for _ in 0..<4 { functions.copy(handle, to, from, UInt64(bytes)) }
            try finish()
            return start.duration(to: .now) / .seconds(1)
        }
        return withExtendedLifetime(pieces) { Double(2 * 4 * bytes) / (times.min() ?? .infinity) }
    }
}

extension CUDADevice.Properties {
    init(_ description: mc_description) {
        name = withUnsafeBytes(of: description.name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        architecture = description.major == 0 ? "" : "sm_\(description.major)\(description.minor)"
        processors = Int(description.processors)
        func version(_ number: Int32) -> String { "\(number / 1000).\(number % 1000 / 10)" }
        driver = version(description.driver)
        runtime = version(description.runtime)
        library = Int(description.library)
        totalBytes = Int(description.total_bytes)
        freeBytes = Int(description.free_bytes)
    }
}

/// Memory of a device that goes back to it with the last reference.
///
/// Invariant of the unchecked conformance: what lies in it is written and read by the device, in the order asked.
final class CUDABuffer: @unchecked Sendable {
    /// Nil when there was none; the device then remembers a fault.
    let memory: UnsafeMutableRawPointer?
    let device: CUDADevice
    private let purpose: mc_purpose

    init(bytes: Int, for purpose: mc_purpose, on device: CUDADevice) {
        self.device = device
        self.purpose = purpose
        memory = device.functions.allocate(device.handle, UInt64(bytes), purpose)
    }

    deinit {
        if let memory { device.functions.release(device.handle, memory, purpose) }
    }

    var floats: UnsafeMutablePointer<Float>? { memory?.assumingMemoryBound(to: Float.self) }
}

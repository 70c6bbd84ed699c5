import Backends
import Foundation

/// The CUDA kernels as they run here: compiled for the host by `make cuda-on-host`, and on a GPU by `make cuda`.
public enum CUDADevices: String, CaseIterable, Sendable, CustomStringConvertible {
    /// A block's threads in order.
    case host
    /// A block's threads from the last to the first: a missing barrier gives other bits.
    case hostBackwards = "host, backwards"
    case gpu

    /// Those that there are.
    public static let available = allCases.filter { (try? $0.device()) != nil }

    public static let explanation = "no library of CUDA kernels: make cuda-on-host, or make cuda where a GPU is"

    /// The device, with room for activations of `megabytes` MiB.
    public func device(megabytes: Int = 64) throws -> CUDADevice {
        let index = self == .hostBackwards ? 1 : 0
        return try CUDADevice(index, of: CUDALibrary(path: path), activationBytes: megabytes << 20)
    }

    /// A backend on it.
    public func backend(_ gemm: CUDABackend.GEMM? = nil) throws -> CUDABackend { try CUDABackend(device(), gemm: gemm) }

    public var description: String { rawValue }

    private var path: String {
        Self.folder(self == .gpu ? "cuda/libmolt_cuda.so" : "cuda-on-host/libmolt_cuda_host.so")
    }

    /// A path below the repository's `.build`.
    public static func folder(_ name: String) -> String {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return root.appendingPathComponent(".build/\(name)").path
    }
}

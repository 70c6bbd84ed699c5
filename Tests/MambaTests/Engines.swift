import Backends
import Foundation
import Operations
import TestDevices

/// The backends that the suites run on.
enum Engine: String, CaseIterable, Sendable, CustomStringConvertible {
    case reference
    case cpu
    case cpuOnTwoThreads = "cpu, two threads"
    case cpuWithOpenBLAS = "cpu, OpenBLAS"
    case cudaOnHost = "cuda, compiled for the host"
    case gpu

    /// Those that there are. The kernels on the host take minutes, and run where `MOLT_TEST_KERNELS=all` asks for them;
    /// else a few golden values have to do, in `CUDAGoldenTests`.
    static var allCases: [Engine] {
        [.reference, .cpu, .cpuOnTwoThreads, .cpuWithOpenBLAS]
            + (CUDADevices.available.contains(.host) && testsAllKernels ? [.cudaOnHost] : [])
            + (CUDADevices.available.contains(.gpu) ? [.gpu] : [])
    }

    private static let testsAllKernels = ProcessInfo.processInfo.environment["MOLT_TEST_KERNELS"] == "all"

    /// Those whose results do not depend on what else is computed with them.
    static let exact: [Engine] = [.reference, .cpu, .cpuOnTwoThreads]

    var backend: any Backend {
        get throws {
            switch self {
            case .reference: ReferenceBackend()
            case .cpu: CPUBackend(threads: 1, gemm: .packed)
            case .cpuOnTwoThreads: CPUBackend(threads: 2, gemm: .packed)
            case .cpuWithOpenBLAS: CPUBackend(threads: 1, gemm: .openBLAS)
            case .cudaOnHost: try CUDADevices.host.backend()
            case .gpu: try CUDADevices.gpu.backend()
            }
        }
    }

    var description: String { rawValue }
}

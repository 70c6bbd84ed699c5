import Backends
import Operations

/// The backends that the suites run on.
enum Engine: String, CaseIterable, Sendable, CustomStringConvertible {
    case reference
    case cpu
    case cpuOnTwoThreads = "cpu, two threads"
    case cpuWithOpenBLAS = "cpu, OpenBLAS"

    /// Those whose results do not depend on what else is computed with them.
    static let exact: [Engine] = [.reference, .cpu, .cpuOnTwoThreads]

    var backend: any Backend {
        switch self {
        case .reference: ReferenceBackend()
        case .cpu: CPUBackend(threads: 1, gemm: .packed)
        case .cpuOnTwoThreads: CPUBackend(threads: 2, gemm: .packed)
        case .cpuWithOpenBLAS: CPUBackend(threads: 1, gemm: .openBLAS)
        }
    }

    var description: String { rawValue }
}

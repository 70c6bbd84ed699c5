/// What a device is, for people and schedulers to choose by; no result depends on it.
public struct DeviceProperties: Sendable, Equatable {
    /// Whose kernels run on it.
    public enum Kind: String, Sendable, CaseIterable {
        case cpu
        case cuda
    }

    /// As its maker calls it, such as `NVIDIA H200` or `AMD EPYC 9B45`; empty where it cannot be read.
    public let name: String
    public let kind: Kind
    /// What the kernels are compiled for, such as `sm_90` or `avx512`; empty where it is nothing in particular.
    public let architecture: String
    /// Cores that the process may run on, or streaming multiprocessors.
    public let computeUnits: Int
    /// Bytes of the machine's memory, or of the GPU's own; 0 where it cannot be read.
    public let memoryBytes: Int

    public init(name: String, kind: Kind, architecture: String, computeUnits: Int, memoryBytes: Int) {
        self.name = name
        self.kind = kind
        self.architecture = architecture
        self.computeUnits = computeUnits
        self.memoryBytes = memoryBytes
    }
}

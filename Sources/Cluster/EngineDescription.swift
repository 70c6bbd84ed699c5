/// What computes scores: a build of Molt with its device and kernels.
public struct EngineDescription: Sendable, Hashable {
    /// Product version and git revision: `molt 0.1.0 (563618a2b1c0)`.
    public var build: String
    /// Device and kernels, exactly: `cpu/avx512/packed`.
    public var name: String
    /// What of them decides a score's bits: `cpu/packed`, which gives the same ones on every instruction set.
    public var arithmetic: String

    public init(build: String, name: String, arithmetic: String) {
        self.build = build
        self.name = name
        self.arithmetic = arithmetic
    }

    /// What two scores must share to be counted together.
    public var identity: EngineIdentity { "\(build) \(arithmetic)" }
}

/// Build and arithmetic, such as `molt 0.1.0 (563618a2b1c0) cpu/packed`: equal for engines that give equal bits.
public typealias EngineIdentity = String

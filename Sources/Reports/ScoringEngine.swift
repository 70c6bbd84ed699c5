import OrderedJSON

/// What computed rows: a build, and the device and kernels that it used.
public struct ScoringEngine: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Product version and git revision.
    public let build: String
    /// Device and kernels, such as `cpu/avx512/packed`.
    public let kernels: String

    public var description: String { "\(kernels) of \(build)" }

    public static func < (left: ScoringEngine, right: ScoringEngine) -> Bool {
        (left.kernels, left.build) < (right.kernels, right.build)
    }

    var json: JSONText { .object([("build", .string(build)), ("kernels", .string(kernels))]) }
}

/// A version of the wire protocol: peers of one major version understand each other.
///
/// A minor version only adds fields and messages, which older peers ignore or refuse by name.
public struct ProtocolVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Changes when old peers could misunderstand.
    public let major: UInt8
    /// Changes when something was added.
    public let minor: UInt8

    /// The version that this build writes.
    public static let current = ProtocolVersion(major: 1, minor: 3)
    /// The oldest version that this build reads.
    public static let oldest = ProtocolVersion(major: 1, minor: 0)

    /// The version `major.minor`.
    public init(major: UInt8, minor: UInt8) {
        self.major = major
        self.minor = minor
    }

    /// The version with a number as in Hello; nil if it does not fit.
    public init?(number: UInt32) {
        guard number <= 0xffff else { return nil }
        self.init(major: UInt8(number >> 8), minor: UInt8(number & 0xff))
    }

    /// major · 256 + minor, as in Hello.
    public var number: UInt32 { UInt32(major) << 8 | UInt32(minor) }

    /// Whether this build reads frames of this version: its major version is spoken, whatever the minor one.
    public var isSpoken: Bool { (Self.oldest.major...Self.current.major).contains(major) }

    /// The newest version that both this build and a peer speak; nil when there is none.
    public static func agreed(withMinimum minimum: UInt32, maximum: UInt32) -> ProtocolVersion? {
        let newest = min(maximum, current.number)
        guard minimum <= maximum, newest >= max(minimum, oldest.number) else { return nil }
        return ProtocolVersion(number: newest)
    }

    /// Orders by major, then by minor version.
    public static func < (left: ProtocolVersion, right: ProtocolVersion) -> Bool { left.number < right.number }

    /// Such as `1.0`.
    public var description: String { "\(major).\(minor)" }
}

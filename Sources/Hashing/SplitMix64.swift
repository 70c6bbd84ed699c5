/// A stream of 64-bit numbers that its state determines, on every machine.
///
/// Steele, Lea and Flood's generator (Fast splittable pseudorandom number generators, 2014). Not for secrets.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    /// The increment γ: 2⁶⁴ by the golden ratio, odd.
    @inlinable
    public static var increment: UInt64 { 0x9E37_79B9_7F4A_7C15 }

    /// What the next number is made of.
    public var state: UInt64

    /// A stream from a state, such as a seed.
    @inlinable
    public init(state: UInt64) { self.state = state }

    /// The next number: the state grows by γ and is mixed.
    @inlinable
    public mutating func next() -> UInt64 {
        state &+= SplitMix64.increment
        return SplitMix64.mix(state)
    }

    /// A bijection of 64-bit numbers in which every bit of the input moves about half of those of the output.
    @inlinable
    public static func mix(_ value: UInt64) -> UInt64 {
        var bits = value
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}

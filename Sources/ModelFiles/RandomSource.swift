import Hashing

/// A stream of numbers that a seed and a name determine, on every machine.
struct RandomSource {
    private var generator: SplitMix64

    /// The stream of one tensor: it depends neither on the other tensors nor on the element type.
    init(seed: UInt64, name: String) {
        // FNV-1a of the name, so that every tensor has a stream of its own.
        generator = SplitMix64(
            state: name.utf8.reduce(0xcbf2_9ce4_8422_2325 ^ seed) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 })
    }

    @inline(__always)
    mutating func next() -> UInt64 { generator.next() }

    /// Uniform in [0, 1), a multiple of 2⁻²⁴.
    @inline(__always)
    mutating func unit() -> Float { Float(next() >> 40) * 0x1p-24 }

    /// About normal, mean 0 and deviation 1: four 16-bit uniforms added, which is exact wherever it runs.
    @inline(__always)
    mutating func normal() -> Float {
        let bits = next()
        let sum = (bits & 0xffff) &+ (bits >> 16 & 0xffff) &+ (bits >> 32 & 0xffff) &+ bits >> 48
        // Four uniforms on 0..65535: mean 2·65535, variance (65536² − 1)/3.
        return (Float(sum) - 131070) * Float(1.7320508 / 65536)
    }
}

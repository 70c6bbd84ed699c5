/// Four generators MT19937 (Matsumoto and Nishimura, 1998) side by side, one a lane, each seeded as Python's
/// `random.Random(seed)` seeds its own.
///
/// Word `w` of lane `l` lies at `4 w + l`, so that plain loops over the words become vector instructions.
struct MersenneTwisters {
    static let laneCount = 4
    /// The numbers that a block gives each lane.
    static let blockSize = size / 2

    private static let size = 624
    private static let middle = 397

    private var state: [UInt32]

    init(seeds: [UInt32]) {
        precondition(seeds.count == Self.laneCount)
        let states = seeds.map(Self.initialState(key:))
        state = (0..<Self.size).flatMap { word in states.map { $0[word] } }
    }

    /// Draws a block of places below `count` for each lane, `floor(random() * count)` as Python computes it.
    ///
    /// Place `i` of lane `l` goes to `4 i + l`.
    mutating func nextPlaces(below count: Int32, into places: UnsafeMutableBufferPointer<UInt32>) {
        precondition(places.count == Self.blockSize * Self.laneCount)
        state.withUnsafeMutableBufferPointer { state in
            Self.twist(state)
            let count = Double(count)
            for row in 0..<Self.blockSize {
                let first = row &* 2 &* Self.laneCount
                for lane in 0..<Self.laneCount {
                    let high = Self.temper(state[first &+ lane]) &>> 5
                    let low = Self.temper(state[first &+ Self.laneCount &+ lane]) &>> 6
                    places[row &* Self.laneCount &+ lane] = Self.floor(Self.fraction(high, low) * count)
                }
            }
        }
    }

    /// The number in [0, 1) that Python's `random()` makes of 27 and 26 bits.
    @inline(__always)
    private static func fraction(_ high: UInt32, _ low: UInt32) -> Double {
        // x86-64 converts signed words only.
        let sum = Double(Int32(bitPattern: high)) * 67_108_864 + Double(Int32(bitPattern: low))
        return sum * (1 / 9_007_199_254_740_992)
    }

    /// The whole part of a number from 0 to 2³¹, without the branches of a checked conversion: adding 2⁵² rounds to
    /// the nearest whole number and leaves it in the low bits.
    @inline(__always)
    private static func floor(_ value: Double) -> UInt32 {
        let shift = 4_503_599_627_370_496.0
        let nearest = (value + shift) - shift
        let whole = nearest > value ? nearest - 1 : nearest
        return UInt32(truncatingIfNeeded: (whole + shift).bitPattern)
    }

    @inline(__always)
    private static func temper(_ word: UInt32) -> UInt32 {
        var word = word
        word ^= word &>> 11
        word ^= (word &<< 7) & 0x9D2C_5680
        word ^= (word &<< 15) & 0xEFC6_0000
        word ^= word &>> 18
        return word
    }

    /// Replaces the block by the next one.
    @inline(__always)
    private static func twist(_ state: UnsafeMutableBufferPointer<UInt32>) {
        let lanes = laneCount
        let split = (size - middle) * lanes
        let last = (size - 1) * lanes
        for index in 0..<split {
            state[index] = next(state[index], state[index &+ lanes], state[index &+ middle &* lanes])
        }
        for index in split..<last {
            state[index] = next(state[index], state[index &+ lanes], state[index &- split])
        }
        for index in last..<(size * lanes) {
            state[index] = next(state[index], state[index &- last], state[index &- split])
        }
    }

    @inline(__always)
    private static func next(_ word: UInt32, _ following: UInt32, _ other: UInt32) -> UInt32 {
        let mixed = (word & 0x8000_0000) | (following & 0x7FFF_FFFF)
        return other ^ (mixed &>> 1) ^ ((0 &- (mixed & 1)) & 0x9908_B0DF)
    }

    /// The reference's `init_by_array` for a key of one word.
    private static func initialState(key: UInt32) -> [UInt32] {
        var state: [UInt32] = [19_650_218]
        for index in 1..<UInt32(size) {
            state.append(mixed(state[Int(index) - 1]) &* 1_812_433_253 &+ index)
        }
        var index = 1
        func advance() {
            index += 1
            if index == size {
                state[0] = state[size - 1]
                index = 1
            }
        }
        for _ in 0..<size {
            state[index] = (state[index] ^ (mixed(state[index - 1]) &* 1_664_525)) &+ key
            advance()
        }
        for _ in 1..<size {
            state[index] = (state[index] ^ (mixed(state[index - 1]) &* 1_566_083_941)) &- UInt32(index)
            advance()
        }
        state[0] = 0x8000_0000
        return state
    }

    private static func mixed(_ word: UInt32) -> UInt32 { word ^ (word &>> 30) }
}

/// Four generators MT19937 (Matsumoto and Nishimura, 1998) side by side, one a lane, each seeded as Python's
/// `random.Random(seed)` seeds its own.
struct MersenneTwisters {
    /// A word of each lane.
    typealias Words = SIMD4<UInt32>

    static let laneCount = Words.scalarCount
    /// The numbers that a block gives each lane.
    static let blockSize = size / 2

    private static let size = 624
    private static let middle = 397

    private var state: [Words]

    init(seeds: [UInt32]) {
        precondition(seeds.count == Self.laneCount)
        let states = seeds.map(Self.initialState(key:))
        state = (0..<Self.size).map { word in Words(states.map { $0[word] }) }
    }

    /// Draws a block of places below `count` for each lane, `floor(random() * count)` as Python computes it.
    ///
    /// `random()` is (27 bits · 2²⁶ + 26 bits) / 2⁵³. The 27 bits alone decide the place, unless they leave it so near to
    /// the next one that the others may carry it there; then Python's arithmetic is followed in full.
    mutating func nextPlaces(below count: UInt32, into places: UnsafeMutableBufferPointer<Words>) {
        precondition(places.count == Self.blockSize)
        let room = Self.room(below: count)
        state.withUnsafeMutableBufferPointer { state in
            Self.twist(state)
            let (factor, limit) = (SIMD4(repeating: UInt64(count)), Words(repeating: room))
            var isNear = SIMDMask<SIMD4<Int32>>(repeating: false)
            for row in 0..<Self.blockSize {
                let product = SIMD4<UInt64>(truncatingIfNeeded: Self.temper(state[2 &* row]) & Self.first) &* factor
                places[row] = Words(truncatingIfNeeded: product &>> 32)
                let isOver = Words(truncatingIfNeeded: product) .> limit
                isNear .|= isOver
            }
            if any(isNear) { Self.settle(places, below: count, state) }
        }
    }

    /// A word's upper 27 bits. There they stand, so that the upper half of the product with a count is a place.
    private static let first: UInt32 = 0xFFFF_FFE0

    /// How large that product's lower half may be for the place to be certain: the other bits are less than one unit of
    /// the 27 and add less than 32 counts.
    private static func room(below count: UInt32) -> UInt32 { count < 1 << 27 ? ~(count &<< 5) : 0 }

    /// Replaces the places that are not certain by what Python computes.
    private static func settle(
        _ places: UnsafeMutableBufferPointer<Words>, below count: UInt32, _ state: UnsafeMutableBufferPointer<Words>
    ) {
        let room = room(below: count)
        for row in 0..<blockSize {
            let high = temper(state[2 &* row])
            for lane in 0..<laneCount where (high[lane] & first) &* count > room {
                let low = temper(state[2 &* row &+ 1])[lane]
                let bits = Double(high[lane] >> 5) * 67_108_864 + Double(low >> 6)
                places[row][lane] = UInt32(bits * (1 / 9_007_199_254_740_992) * Double(count))
            }
        }
    }

    @inline(__always)
    private static func temper(_ word: Words) -> Words {
        var word = word
        word ^= word &>> 11
        word ^= (word &<< 7) & 0x9D2C_5680
        word ^= (word &<< 15) & 0xEFC6_0000
        word ^= word &>> 18
        return word
    }

    /// Replaces the block by the next one.
    @inline(__always)
    private static func twist(_ state: UnsafeMutableBufferPointer<Words>) {
        let split = size - middle
        for index in 0..<split {
            state[index] = next(state[index], state[index &+ 1], state[index &+ middle])
        }
        for index in split..<(size - 1) {
            state[index] = next(state[index], state[index &+ 1], state[index &- split])
        }
        state[size - 1] = next(state[size - 1], state[0], state[middle - 1])
    }

    @inline(__always)
    private static func next(_ word: Words, _ following: Words, _ other: Words) -> Words {
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

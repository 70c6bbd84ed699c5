import Statistics
import Testing

/// CPython's `random.Random(seed)`, word by word.
private struct NaiveRandom {
    private var state: [UInt32]
    private var used = 624

    init(seed: UInt32) {
        state = [19_650_218]
        for index in 1..<624 {
            state.append((state[index - 1] ^ (state[index - 1] >> 30)) &* 1_812_433_253 &+ UInt32(index))
        }
        var place = 1
        for step in 0..<(624 + 623) {
            let last = state[place - 1] ^ (state[place - 1] >> 30)
            if step < 624 {
                state[place] = (state[place] ^ (last &* 1_664_525)) &+ seed
            } else {
                state[place] = (state[place] ^ (last &* 1_566_083_941)) &- UInt32(place)
            }
            place += 1
            if place == 624 { (state[0], place) = (state[623], 1) }
        }
        state[0] = 0x8000_0000
    }

    private mutating func word() -> UInt32 {
        if used == 624 {
            for index in 0..<624 {
                let mixed = (state[index] & 0x8000_0000) | (state[(index + 1) % 624] & 0x7FFF_FFFF)
                state[index] = state[(index + 397) % 624] ^ (mixed >> 1) ^ (mixed % 2 == 1 ? 0x9908_B0DF : 0)
            }
            used = 0
        }
        var word = state[used]
        used += 1
        word ^= word >> 11
        word ^= (word << 7) & 0x9D2C_5680
        word ^= (word << 15) & 0xEFC6_0000
        return word ^ (word >> 18)
    }

    /// `random()`
    mutating func fraction() -> Double {
        let (high, low) = (word() >> 5, word() >> 6)
        return (Double(high) * 67_108_864 + Double(low)) / 9_007_199_254_740_992
    }
}

/// What ``bootstrapMeans(_:iterations:)`` is to give, a draw at a time.
private func naiveMeans(_ values: [Double], iterations: Int) -> [Double] {
    let chunkSize = min(1000, iterations)
    return (0..<(iterations / chunkSize)).flatMap { chunk in
        var random = NaiveRandom(seed: UInt32(chunk))
        return (0..<chunkSize).map { _ in
            var sum = 0.0
            for _ in values { sum += values[Int(random.fraction() * Double(values.count))] }
            return sum / Double(values.count)
        }
    }
}

@Suite("Resampled means")
struct BootstrapTests {
    func series(_ count: Int, _ seed: Int) -> [Double] {
        var state = UInt64(seed) &* 77_777 &+ 1
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return -Double(state >> 40) / 1e6
        }
    }

    // At 2²⁰ values one draw in 128 needs all 53 bits.
    @Test(
        "have the bits of a draw at a time",
        arguments: [(1, 5), (2, 1000), (50, 3000), (997, 5000), (5153, 40), (1 << 20, 2)])
    func bits(count: Int, iterations: Int) {
        let values = series(count, 1)
        #expect(bootstrapMeans(values, iterations: iterations) == naiveMeans(values, iterations: iterations))
    }

    @Test("are the same for a series among others", arguments: 0...9)
    func together(others: Int) {
        let all = (0...others).map { series(313, $0) }
        #expect(bootstrapMeans(of: all, iterations: 2000) == all.map { naiveMeans($0, iterations: 2000) })
    }

    @Test("are none without values or resamples")
    func none() {
        #expect(bootstrapMeans([], iterations: 10).isEmpty && bootstrapMeans([1], iterations: 0).isEmpty)
        #expect(bootstrapMeans(of: [], iterations: 10).isEmpty)
        #expect(bootstrapMeans(of: [[], []], iterations: 10) == [[], []])
    }
}

import Foundation
import TestSupport
import Testing
import Tokenizer

@Suite("A megabyte without a space") struct LongTextTests {
    /// A million letters, no two stretches alike: bits of a linear congruential generator.
    static let letters: [UInt8] = {
        var state: UInt64 = 1
        return (0..<1_000_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(ascii: "a") + UInt8((state >> 33) % 26)
        }
    }()

    @Test("is merged in a moment and comes back unchanged")
    func letters() throws {
        let tokenizer = try TinyTokenizer().load()
        let tokens = Self.inAMoment { tokenizer.encode(utf8: Self.letters) }
        #expect(tokens.count < Self.letters.count)
        #expect(Array(tokenizer.decode(tokens).utf8) == Self.letters)
    }

    @Test("has Hugging Face's number of ids", .enabled(if: Shared.isAvailable, Shared.explanation))
    func letterCount() throws {
        let tokenizer = try SharedTokenizer.load()
        #expect(Self.inAMoment { tokenizer.encode(utf8: Self.letters) }.count == 563_798)
    }

    /// Counts by tokenizers 0.23.3 (PyPI), here and above.
    @Test(
        "has Hugging Face's number of ids when it repeats", .enabled(if: Shared.isAvailable, Shared.explanation),
        arguments: [
            ("a", 1_000_000, 125_000), ("international", 77_000, 77_000),
            ("\u{4E2D}\u{6587}\u{5B57}\u{7B26}", 83_334, 416_670),
            ("-", 1_000_000, 3_907), ("\n", 1_000_000, 125_000), (" ", 1_000_000, 41_667),
            ("\u{1F468}\u{200D}\u{1F469}\u{200D}", 70_000, 700_000), ("<|endoftext|", 83_000, 415_001),
        ])
    func counts(unit: String, repetitions: Int, expected: Int) throws {
        let text = String(repeating: unit, count: repetitions)
        let tokenizer = try SharedTokenizer.load()
        #expect(Self.inAMoment { tokenizer.encode(text) }.count == expected)
    }

    @Test("may be all combining marks, out of order")
    func marks() throws {
        let tokenizer = try TinyTokenizer().load()
        let text = "x" + String(repeating: "\u{301}\u{323}", count: 250_000)
        let tokens = Self.inAMoment { tokenizer.encode(text) }
        let composed = "x" + String(repeating: "\u{323}", count: 250_000) + String(repeating: "\u{301}", count: 250_000)
        #expect(Array(tokenizer.decode(tokens).utf8) == Array(composed.utf8))
    }

    /// Expects at most ten seconds of this thread's processor time; a quadratic encoder would need hours.
    static func inAMoment<Result>(_ body: () -> Result) -> Result {
        let start = threadSeconds()
        let result = body()
        #expect(threadSeconds() - start < 10)
        return result
    }

    private static func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

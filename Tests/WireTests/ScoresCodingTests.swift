import Foundation
import Hashing
import Testing
import Wire

@Suite("Scores are coded as swift-protobuf codes them")
struct ScoresCodingTests {
    /// Scores in which every field is at times zero, −0, NaN or as large as can be.
    private static func sample(_ random: inout SplitMix64) -> WireScores {
        let doubles = [0, -0.0, .infinity, -.infinity, .nan, -1.25, .leastNonzeroMagnitude]
        func number() -> UInt64 {
            UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0...63, using: &random)
        }
        return .with { scores in
            scores.job = ["", "j", "ä→😀", String(repeating: "0", count: 64)].randomElement(using: &random) ?? ""
            scores.epoch = Bool.random(using: &random) ? 0 : number()
            scores.batch = number()
            scores.rows = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                .with { row in
                    row.example = UInt32(truncatingIfNeeded: number())
                    row.tokens = number()
                    row.flopsReduction = doubles.randomElement(using: &random) ?? 0
                    row.flopsReductionWithHead = doubles.randomElement(using: &random) ?? 0
                    row.choices = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                        .with { choice in
                            choice.loglikelihood = doubles.randomElement(using: &random) ?? 0
                            choice.greedy = Bool.random(using: &random)
                            choice.tokens = UInt32(truncatingIfNeeded: number())
                            choice.margin = Float(doubles.randomElement(using: &random) ?? 0)
                        }
                    }
                }
            }
            if Bool.random(using: &random) { scores.seal() }
        }
    }

    @Test("written: the same bytes")
    func written() throws {
        var random = SplitMix64(state: 1)
        for round in 0..<2_000 {
            let scores = Self.sample(&random)
            let plain: [UInt8] = try scores.serializedBytes()
            #expect(try Array(Samples.frame(.scores(scores))[FrameHeader.size...]) == plain, "round \(round)")
        }
    }

    @Test("fields of a newer peer are kept when they are written")
    func unknownFields() throws {
        let body: [UInt8] = try Samples.scores.serializedBytes() + [0x78, 7]
        let scores = try WireScores(serializedBytes: body)
        #expect(try Array(Samples.frame(.scores(scores))[FrameHeader.size...]) == body)
    }

    @Test("read: the same message, or refused alike, whatever became of the bytes", arguments: [1, 2, 3] as [UInt64])
    func read(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        var outcomes = (read: 0, refused: 0)
        for round in 0..<20_000 {
            var body: [UInt8] = try Self.sample(&random).serializedBytes()
            for _ in 0..<Int.random(in: 0...3, using: &random) { Self.mutate(&body, &random) }
            let plain = try? WireScores(serializedBytes: body)
            guard case .scores(let scores)? = try? Envelope.decode(Self.frame(body)).message else {
                #expect(plain == nil, "seed \(seed) round \(round)")
                outcomes.refused += 1
                continue
            }
            outcomes.read += 1
            #expect(plain.map(Self.text) == Self.text(scores), "seed \(seed) round \(round)")
        }
        #expect(outcomes.read > 5_000 && outcomes.refused > 1_000, "both outcomes are reached: \(outcomes)")
    }

    /// Everything that a message says, NaNs by their bits.
    private static func text(_ scores: WireScores) -> String {
        let digest = RowDigest.of(scores.rows).base64EncodedString()
        return "\(scores.job) \(scores.epoch) \(scores.batch) \(digest) \(scores.digest.base64EncodedString())"
    }

    private static func mutate(_ body: inout [UInt8], _ random: inout SplitMix64) {
        guard let index = body.indices.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: body[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: body.remove(at: index)
        case 2: body.removeSubrange(index...)
        case 3:
            body.insert(
                contentsOf: [0xff, 0xff, 0xff, 0xff, 0x0f].prefix(Int.random(in: 1...5, using: &random)), at: index)
        // Of the fields that come twice, the last one counts.
        default: body += body[..<index]
        }
    }

    private static func frame(_ body: [UInt8]) throws -> [UInt8] {
        var frame = try Array(Samples.frame(.scores(WireScores()))[..<FrameHeader.size])
        withUnsafeBytes(of: UInt32(body.count).littleEndian) { frame.replaceSubrange(8..<12, with: $0) }
        return frame + body
    }
}

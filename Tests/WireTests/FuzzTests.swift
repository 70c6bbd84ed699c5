import Hashing
import Testing
import Wire

@Suite("Decoder under hostile bytes")
struct FuzzTests {
    @Test("150,000 mutated frames are decoded or refused", arguments: [1, 2, 3] as [UInt64])
    func mutations(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        let frames = try (Samples.all + Samples.empty).map(Samples.frame)
        var (decoded, refused) = (0, 0)
        for round in 0..<50_000 {
            var frame = frames[round % frames.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&frame, frames, &random) }
            if Bool.random(using: &random) { repairHeader(of: &frame) }
            do {
                let envelope = try Envelope.decode(frame)
                decoded += 1
                #expect(envelope.header.bodyLength == frame.count - FrameHeader.size, "seed \(seed) round \(round)")
                // What was read can be written and read again.
                let again = try Envelope.encode(envelope.message, incarnation: 1, session: 2, sequence: 3)
                #expect(try Envelope.decode(again).message.type == envelope.message.type)
            } catch {
                refused += 1
            }
        }
        #expect(decoded > 1000 && refused > 1000, "the mutations reach both outcomes: \(decoded), \(refused)")
    }

    @Test("random bytes behind a sound header are decoded or refused")
    func randomBodies() throws {
        var random = SplitMix64(state: 4)
        for type in MessageType.allCases {
            for _ in 0..<500 {
                var frame = try Samples.frame(.bye(WireBye()))
                frame[6] = UInt8(type.rawValue)
                let length = Int.random(in: 0...300, using: &random)
                frame += (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                repairHeader(of: &frame)
                do { _ = try Envelope.decode(frame) } catch {}
            }
        }
    }

    private func mutate(_ frame: inout [UInt8], _ others: [[UInt8]], _ random: inout SplitMix64) {
        guard !frame.isEmpty else { return }
        let index = Int.random(in: 0..<frame.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: frame[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: frame[index] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
        case 2: frame.removeSubrange(index...)
        case 3: frame.insert(UInt8.random(in: 0...255, using: &random), at: index)
        case 4: frame.remove(at: index)
        default:
            let other = others[Int.random(in: 0..<others.count, using: &random)]
            frame = Array(frame[..<index]) + other.dropFirst(index)
        }
    }

    /// Gives a frame a header that announces its length, so that mutations reach the body's parser.
    private func repairHeader(of frame: inout [UInt8]) {
        guard frame.count >= FrameHeader.size else { return }
        frame.replaceSubrange(0..<5, with: [0x4d, 0x4f, 0x4c, 0x54, 1])
        let length = UInt32(frame.count - FrameHeader.size)
        withUnsafeBytes(of: length.littleEndian) { frame.replaceSubrange(8..<12, with: $0) }
    }
}

import Foundation
import Hashing
import Wire

/// `make fuzz`: the frame decoder under mutated and random frames. It must refuse or decode each, and keep no memory.
///
/// Arguments: number of cases (10,000,000) and seed (1). Ends with 1 when memory grows; a crash ends it by itself.
@main
struct WireFuzz {
    /// Beyond what was resident after the first tenth, in bytes.
    private static let allowance = 64 << 20

    static func main() {
        let words = CommandLine.arguments.dropFirst().map { UInt64($0.filter(\.isNumber)) }
        let cases = Int((words.first ?? nil) ?? 10_000_000)
        let seed = (words.dropFirst().first ?? nil) ?? 1
        guard let frames = try? (Samples.all + Samples.empty).map(Samples.frame) else {
            return fail("a sample cannot be encoded")
        }
        var mutator = Mutator(seed: seed, frames: frames)
        var (decoded, refused, resident, worst) = (0, 0, 0, 0)
        let start = ContinuousClock.now
        for number in 0..<cases {
            let frame = mutator.next(number)
            do {
                let envelope = try Envelope.decode(frame)
                decoded += 1
                let again = try Envelope.encode(envelope.message, incarnation: 1, session: 2, sequence: 3)
                if try Envelope.decode(again).message.type != envelope.message.type {
                    return fail("case \(number) of seed \(seed) changes its type when it is written again")
                }
            } catch {
                refused += 1
            }
            if number == cases / 10 { resident = residentBytes() }
            if number % 100_000 == 0 { worst = max(worst, residentBytes()) }
        }
        worst = max(worst, residentBytes())
        let elapsed = start.duration(to: .now).components
        let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
        print(
            """
            seed \(seed): \(cases) cases, \(decoded) decoded, \(refused) refused, \(Int(Double(cases) / seconds)) cases/s
            resident: \(resident >> 20) MiB after a tenth, \(worst >> 20) MiB at most
            """)
        guard decoded > cases / 100, refused > cases / 100 else { return fail("the cases reach one outcome only") }
        guard worst <= resident + allowance else { return fail("memory grows") }
    }

    private static func fail(_ text: String) {
        FileHandle.standardError.write(Data("wire-fuzz: \(text)\n".utf8))
        exit(1)
    }

    private static func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
    }
}

/// Makes hostile frames of good ones.
struct Mutator {
    private var generator: SplitMix64
    private let frames: [[UInt8]]

    init(seed: UInt64, frames: [[UInt8]]) {
        generator = SplitMix64(state: seed)
        self.frames = frames
    }

    /// One in sixteen is random bytes, half of the others have a header that fits, so that the body is parsed.
    mutating func next(_ number: Int) -> [UInt8] {
        var frame = frames[number % frames.count]
        if number % 16 == 0 {
            frame =
                Array(frame.prefix(FrameHeader.size))
                + (0..<below(300)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        }
        for _ in 0...below(4) { mutate(&frame) }
        if generator.next() & 1 == 0 { repair(&frame) }
        return frame
    }

    private mutating func mutate(_ frame: inout [UInt8]) {
        guard !frame.isEmpty else { return }
        let index = below(frame.count)
        switch below(7) {
        case 0: frame[index] ^= 1 << UInt8(below(8))
        case 1: frame[index] = [0, 1, 0x7f, 0x80, 0xff][below(5)]
        case 2: frame.removeSubrange(index...)
        case 3: frame.insert(UInt8(truncatingIfNeeded: generator.next()), at: index)
        case 4: frame.remove(at: index)
        case 5: frame.insert(contentsOf: frame[index..<min(frame.count, index + below(64))], at: index)
        default: frame.replaceSubrange(index..., with: frames[below(frames.count)].dropFirst(index))
        }
    }

    private mutating func repair(_ frame: inout [UInt8]) {
        guard frame.count >= FrameHeader.size else { return }
        frame.replaceSubrange(0..<5, with: [0x4d, 0x4f, 0x4c, 0x54, 1])
        withUnsafeBytes(of: UInt32(frame.count - FrameHeader.size).littleEndian) {
            frame.replaceSubrange(8..<12, with: $0)
        }
    }

    private mutating func below(_ limit: Int) -> Int { Int(generator.next() % UInt64(limit)) }
}

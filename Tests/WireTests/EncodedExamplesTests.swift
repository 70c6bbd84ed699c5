import Foundation
import Testing
import Wire

@Suite("Jobs with encoded examples")
struct EncodedExamplesTests {
    private static let example = WireExample.with { example in
        example.index = 300
        example.groups = (0..<3).map { number in
            .with { group in
                group.context = [0, -1, 50_279, Int32(number)]
                group.continuations = [
                    .with { $0.tokens = [7] }, .with { $0.tokens = [] }, .with { $0.tokens = [1, 2] },
                ]
            }
        }
    }

    @Test("the frame says what the one with decoded examples says", arguments: [0, 1, 5])
    func frame(count: Int) throws {
        var job = WireJob.with { ($0.job, $0.epoch, $0.leaseMilliseconds) = ("j", 3, 30_000) }
        job.purpose = .check
        let examples = (0..<count).map { index in
            var example = Self.example
            example.index = UInt32(index)
            return example
        }
        let encoded: [Data] = try examples.map { try $0.serializedBytes() }
        let frame = try Envelope.encode(job, examples: encoded, incarnation: 1, session: 2, sequence: 3)
        job.examples = examples
        let plain = try Envelope.encode(.job(job), incarnation: 1, session: 2, sequence: 3)
        #expect(try Envelope.decode(frame) == Envelope.decode(plain))
    }

    @Test("a job beyond a frame's limit is refused")
    func limit() {
        let long = Data(repeating: 0, count: WireLimits.frameFromCoordinator)
        #expect(throws: WireError.self) {
            try Envelope.encode(WireJob(), examples: [long], incarnation: 1, session: 2, sequence: 3)
        }
    }

    @Test("what the decoder reads has the form, and what is cut short has it exactly when the decoder reads it")
    func form() throws {
        let bytes: [UInt8] = try Self.example.serializedBytes()
        #expect(WireExample.hasForm(Data(bytes)))
        #expect(WireExample.hasForm(Data()))
        for end in bytes.indices {
            let cut = Array(bytes[..<end])
            #expect(WireExample.hasForm(Data(cut)) == ((try? WireExample(serializedBytes: cut)) != nil), "\(end)")
        }
    }
}

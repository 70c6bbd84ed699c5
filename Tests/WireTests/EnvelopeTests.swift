import Testing
import Wire

@Suite("Envelope")
struct EnvelopeTests {
    @Test("every message survives the way over the wire", arguments: Samples.all + Samples.empty)
    func roundTrip(_ message: WireMessage) throws {
        let envelope = try Envelope.decode(Samples.frame(message))
        #expect(envelope.message == message)
        #expect(envelope.header.type == message.type)
        #expect(envelope.header.version == .current)
        #expect(envelope.header.incarnation == 0x0102_0304_0506_0708)
        #expect(envelope.header.session == 0x1112)
        #expect(envelope.header.sequence == .max)
    }

    @Test("the samples have every type, each sent by the side that the table names")
    func everyType() {
        #expect(Set(Samples.all.map(\.type)) == Set(MessageType.allCases))
        #expect(Samples.fromCoordinator.allSatisfy { $0.type.sender == .coordinator })
        #expect(Samples.fromPeers.allSatisfy { $0.type.sender != .coordinator })
    }

    @Test("doubles arrive bit for bit: −0, −∞ and a NaN's payload")
    func exactDoubles() throws {
        let values = [-0.0, -.infinity, Double(bitPattern: 0x7ff8_0000_0000_1234), .leastNonzeroMagnitude]
        let scores = WireScores.with { scores in
            scores.rows = values.map { value in .with { $0.choices = [.with { $0.loglikelihood = value }] } }
        }
        guard case .scores(let arrived) = try Envelope.decode(Samples.frame(.scores(scores))).message else {
            Issue.record("another message arrived")
            return
        }
        #expect(arrived.rows.map { $0.choices[0].loglikelihood.bitPattern } == values.map(\.bitPattern))
    }

    @Test("the header is laid out as documented")
    func layout() throws {
        let frame = try Samples.frame(.bye(WireBye()))
        let expected: [UInt8] =
            [0x4d, 0x4f, 0x4c, 0x54, 1, 3, 9, 0, 0, 0, 0, 0] + [8, 7, 6, 5, 4, 3, 2, 1]
            + [0x12, 0x11, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0xff, count: 8)
        #expect(frame == expected)
    }

    struct Corruption: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let error: WireError
        let change: @Sendable (inout [UInt8]) -> Void
    }

    static let corruptions: [Corruption] = [
        Corruption(testDescription: "no bytes", error: .tooShort(bytes: 0)) { $0 = [] },
        Corruption(testDescription: "35 bytes", error: .tooShort(bytes: 35)) { $0 = Array($0.prefix(35)) },
        Corruption(testDescription: "magic", error: .badMagic) { $0[0] = 0x6d },
        Corruption(
            testDescription: "next major version", error: .unsupportedVersion(ProtocolVersion(major: 2, minor: 3))
        ) { $0[4] = 2 },
        Corruption(
            testDescription: "major version 0", error: .unsupportedVersion(ProtocolVersion(major: 0, minor: 3))
        ) { $0[4] = 0 },
        Corruption(testDescription: "type 0", error: .unknownType(0)) { $0[6] = 0 },
        Corruption(testDescription: "type 0x0105", error: .unknownType(0x0105)) { $0[7] = 1 },
        Corruption(testDescription: "length + 1", error: .lengthMismatch(announced: 7, actual: 6)) { $0[8] += 1 },
        Corruption(testDescription: "length 4 GiB", error: .lengthMismatch(announced: 0xff00_0006, actual: 6)) {
            $0[11] = 0xff
        },
        Corruption(testDescription: "cut body", error: .lengthMismatch(announced: 6, actual: 5)) { $0.removeLast() },
        Corruption(testDescription: "a byte more", error: .lengthMismatch(announced: 6, actual: 7)) { $0.append(0) },
        Corruption(
            testDescription: "over the limit",
            error: .overLimit(type: .jobDone, bytes: (1 << 20) + 42, limit: 1 << 20)
        ) { $0 += [UInt8](repeating: 0, count: 1 << 20) },
    ]

    @Test("a corrupt header is refused for the right reason", arguments: corruptions)
    func corruptHeader(_ corruption: Corruption) throws {
        var frame = try Samples.frame(.jobDone(.with { ($0.job, $0.epoch) = ("j1", 3) }))
        #expect(frame.count == FrameHeader.size + 6)
        corruption.change(&frame)
        #expect(throws: corruption.error) { try Envelope.decode(frame) }
    }

    @Test("a body that is not its message is refused by name")
    func malformedBody() throws {
        var frame = try Samples.frame(.jobDone(.with { ($0.job, $0.epoch) = ("j1", 3) }))
        frame[37] = 200
        let error = #expect(throws: WireError.self) { try Envelope.decode(frame) }
        #expect(error?.description.hasPrefix("body of jobDone cannot be parsed") == true)
    }

    @Test("a minor version of tomorrow is read, and what it adds is passed over")
    func newerMinor() throws {
        var frame = try Samples.frame(.jobDone(.with { ($0.job, $0.epoch) = ("j1", 3) }))
        frame[5] = 9
        frame += [0x98, 0x06, 0x01]  // field 99: 1
        frame[8] += 3
        let envelope = try Envelope.decode(frame)
        #expect(envelope.header.version == ProtocolVersion(major: 1, minor: 9))
        #expect(envelope.message == .jobDone(.with { ($0.job, $0.epoch) = ("j1", 3) }))
    }

    @Test("a job may be long, a worker's message may not")
    func limits() throws {
        let long = String(repeating: "x", count: 2 << 20)
        let job = try Samples.frame(.job(.with { $0.reduction = long }))
        #expect(try Envelope.decode(job).header.type == .job)
        let error = #expect(throws: WireError.self) { try Samples.frame(.jobFailed(.with { $0.detail = long })) }
        #expect(error?.description.contains("over the limit of 1048576") == true)
        #expect(throws: WireError.self) {
            try Samples.frame(.job(.with { $0.reduction = String(repeating: "x", count: 16 << 20) }))
        }
    }

    @Test("a failure's detail is cut at a character's border")
    func detail() {
        let cut = WireLimits.truncated(detail: String(repeating: "é", count: 3000) + "!")
        #expect(cut == String(repeating: "é", count: 2048))
        #expect(WireLimits.truncated(detail: "short") == "short")
    }
}

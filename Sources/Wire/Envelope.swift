import SwiftProtobuf

/// The fixed header in front of every message; integers are little-endian.
///
///     offset  bytes  field
///          0      4  magic "MOLT"
///          4      1  protocol major version
///          5      1  protocol minor version
///          6      2  type code (MessageType)
///          8      4  length of the body that follows the header
///         12      8  incarnation of the coordinator; 0 from a peer that does not know it yet
///         20      8  session that Welcome named; 0 before it
///         28      8  sequence of the frame within its session and direction, from 1
public struct FrameHeader: Sendable, Hashable {
    /// The header's length in bytes.
    public static let size = 36
    static let magic = Array("MOLT".utf8)

    /// The version that the peer writes.
    public var version: ProtocolVersion
    /// What the body is.
    public var type: MessageType
    /// In bytes.
    public var bodyLength: Int
    /// Rises with every start of the coordinator.
    public var incarnation: UInt64
    /// Named by Welcome; a frame of another session is out of date.
    public var session: UInt64
    /// Counts the frames of a session and direction from 1.
    public var sequence: UInt64

    /// Reads and checks the header of a whole frame without looking at the body.
    public init(of frame: [UInt8]) throws(WireError) {
        guard frame.count >= Self.size else { throw .tooShort(bytes: frame.count) }
        guard frame.starts(with: Self.magic) else { throw .badMagic }
        version = ProtocolVersion(major: frame[4], minor: frame[5])
        guard version.isSpoken else { throw .unsupportedVersion(version) }
        let code: UInt16 = integer(at: 6, of: frame)
        guard let type = MessageType(rawValue: code) else { throw .unknownType(code) }
        self.type = type
        guard frame.count <= type.limit else {
            throw .overLimit(type: type, bytes: frame.count, limit: type.limit)
        }
        let announced: UInt32 = integer(at: 8, of: frame)
        bodyLength = Int(announced)
        guard bodyLength == frame.count - Self.size else {
            throw .lengthMismatch(announced: bodyLength, actual: frame.count - Self.size)
        }
        incarnation = integer(at: 12, of: frame)
        session = integer(at: 20, of: frame)
        sequence = integer(at: 28, of: frame)
    }

    init(type: MessageType, bodyLength: Int, incarnation: UInt64, session: UInt64, sequence: UInt64) {
        self.version = .current
        self.type = type
        self.bodyLength = bodyLength
        self.incarnation = incarnation
        self.session = session
        self.sequence = sequence
    }

    var bytes: [UInt8] {
        var bytes = Self.magic
        bytes.reserveCapacity(Self.size + bodyLength)
        bytes += [version.major, version.minor]
        append(type.rawValue, to: &bytes)
        append(UInt32(bodyLength), to: &bytes)
        append(incarnation, to: &bytes)
        append(session, to: &bytes)
        append(sequence, to: &bytes)
        return bytes
    }
}

/// A message with its header, as it travels in one ZeroMQ frame.
public struct Envelope: Sendable, Equatable {
    /// The header as checked.
    public let header: FrameHeader
    /// The parsed body.
    public let message: WireMessage

    /// The bytes of a frame with this message; fails when it would be longer than its type may be.
    public static func encode(
        _ message: WireMessage, incarnation: UInt64, session: UInt64, sequence: UInt64
    ) throws(WireError) -> [UInt8] {
        let (type, content) = message.content
        let body: [UInt8]
        do {
            body = try (content as? WireScores)?.encoded ?? content.serializedBytes()
        } catch {
            throw .malformedBody(type: type, reason: "\(error)")
        }
        let length = FrameHeader.size + body.count
        guard length <= type.limit else { throw .overLimit(type: type, bytes: length, limit: type.limit) }
        let header = FrameHeader(
            type: type, bodyLength: body.count, incarnation: incarnation, session: session, sequence: sequence)
        return header.bytes + body
    }

    /// Parses a frame: the header first, and the body only if the header is sound.
    public static func decode(_ frame: [UInt8]) throws(WireError) -> Envelope {
        let header = try FrameHeader(of: frame)
        if header.type == .scores,
            let scores = frame.withUnsafeBytes({ WireScores.decoded(.init(rebasing: $0[FrameHeader.size...])) })
        {
            return Envelope(header: header, message: .scores(scores))
        }
        do {
            let message = try WireMessage(header.type, body: Array(frame[FrameHeader.size...]))
            return Envelope(header: header, message: message)
        } catch {
            throw .malformedBody(type: header.type, reason: "\(error)")
        }
    }
}

private func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
}

/// The little-endian integer at an offset that the caller has checked.
private func integer<Value: FixedWidthInteger>(at offset: Int, of bytes: [UInt8]) -> Value {
    bytes.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self)) }
}

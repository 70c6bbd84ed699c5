/// Why bytes are not a frame of ours, or a message does not fit into one.
public enum WireError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The frame ends before its header does.
    case tooShort(bytes: Int)
    /// The frame does not begin with `MOLT`.
    case badMagic
    /// The peer writes a major version that this build does not read.
    case unsupportedVersion(ProtocolVersion)
    /// No message has this type code.
    case unknownType(UInt16)
    /// The header announces another body length than the frame has.
    case lengthMismatch(announced: Int, actual: Int)
    /// The frame is longer than its sender may make it.
    case overLimit(type: MessageType, bytes: Int, limit: Int)
    /// The body is not the protobuf message that the type code announces.
    case malformedBody(type: MessageType, reason: String)

    /// One line that names the field and what was expected.
    public var description: String {
        switch self {
        case .tooShort(let bytes):
            "frame of \(bytes) bytes is shorter than the header of \(FrameHeader.size)"
        case .badMagic:
            "frame does not begin with MOLT: the peer does not speak this protocol"
        case .unsupportedVersion(let version):
            "peer speaks protocol \(version); this build reads \(ProtocolVersion.oldest) to "
                + "\(ProtocolVersion.current): upgrade the older side"
        case .unknownType(let code):
            "no message has type \(code): the peer may be newer than protocol \(ProtocolVersion.current)"
        case .lengthMismatch(let announced, let actual):
            "header announces a body of \(announced) bytes, the frame has \(actual)"
        case .overLimit(let type, let bytes, let limit):
            "\(type) frame of \(bytes) bytes is over the limit of \(limit)"
        case .malformedBody(let type, let reason):
            "body of \(type) cannot be parsed: \(reason)"
        }
    }
}

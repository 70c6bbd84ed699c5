/// The sizes beyond which a frame is refused before it is parsed or sent.
public enum WireLimits {
    /// The longest frame, header included, that a worker or a client may send, in bytes.
    public static let frameToCoordinator = 1 << 20
    /// The longest frame, header included, that the coordinator may send (a Job carries its tokens), in bytes.
    public static let frameFromCoordinator = 16 << 20
    /// The longest text of a failure, in UTF-8 bytes.
    public static let failureDetail = 4096

    /// A failure's detail cut to `failureDetail` bytes at a character's border.
    public static func truncated(detail: String) -> String {
        guard detail.utf8.count > failureDetail else { return detail }
        var length = 0
        let kept = detail.prefix { character in
            length += character.utf8.count
            return length <= failureDetail
        }
        return String(kept)
    }
}

/// A handshake that libzmq asks about: version, request id, domain, address, routing id, mechanism, credentials.
struct ZAPRequest {
    struct Refused: Error {
        let refusal: Authenticator.Refusal
    }

    /// At most eight parts; what follows is read and dropped.
    private let parts: [[UInt8]]
    private let isTooLong: Bool

    /// Reads a request; nil when none waits.
    init?(from socket: Socket) throws(MessagingError) {
        var parts: [[UInt8]] = []
        while let part = try socket.receive() {
            parts.append(part.bytes)
            guard part.hasMore, parts.count < 8 else {
                isTooLong = part.hasMore
                if part.hasMore { _ = try socket.discardRest() }
                self.parts = parts
                return
            }
        }
        return nil
    }

    /// The key's Z85, or why it is refused. Everything unforeseen is refused.
    func decision(by allowList: AllowList) -> Result<String, Refused> {
        guard parts.count == 7, !isTooLong, parts[0] == Array("1.0".utf8) else {
            return refuse("not a CURVE request of ZAP 1.0")
        }
        guard parts[2] == Array(Authenticator.domain.utf8) else { return refuse("unknown domain") }
        guard parts[5] == Array("CURVE".utf8) else { return refuse("the mechanism is not CURVE") }
        guard let key = try? CurvePublicKey(bytes: parts[6]) else { return refuse("not a key") }
        guard allowList[key.z85] != nil else { return refuse("the key is not among the authorised keys", key: key.z85) }
        return .success(key.z85)
    }

    /// Answers with status 200 and the key as User-Id, or with 400.
    func answer(_ decision: Result<String, Refused>, to socket: Socket) throws(MessagingError) {
        let (status, text, user) =
            switch decision {
            case .success(let key): ("200", "OK", key)
            case .failure: ("400", "refused", "")
            }
        let requestID = parts.count > 1 ? parts[1] : []
        for part in [Array("1.0".utf8), requestID, Array(status.utf8), Array(text.utf8), Array(user.utf8)] {
            _ = try socket.send(part, more: true)
        }
        _ = try socket.send([])
    }

    private func refuse(_ reason: String, key: String? = nil) -> Result<String, Refused> {
        let address = parts.count > 3 ? String(decoding: parts[3], as: UTF8.self) : ""
        return .failure(Refused(refusal: Authenticator.Refusal(key: key, address: address, reason: reason)))
    }
}

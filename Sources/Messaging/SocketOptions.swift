import CZeroMQ

extension Socket {
    /// The options that we set, by libzmq's codes.
    enum Option: Int32 {
        case linger = 17
        case reconnectMilliseconds = 18
        case backlog = 19
        case reconnectMaximumMilliseconds = 21
        case maximumMessageBytes = 22
        case sendHighWater = 23
        case receiveHighWater = 24
        case lastEndpoint = 32
        case routerMandatory = 33
        case immediate = 39
        case ipv6 = 42
        case curveServer = 47
        case curvePublicKey = 48
        case curveSecretKey = 49
        case curveServerKey = 50
        case zapDomain = 55
        case handshakeMilliseconds = 66
        case heartbeatMilliseconds = 75
        case heartbeatTimeoutMilliseconds = 77
        case connectTimeoutMilliseconds = 79
        /// ZMQ_ZAP_ENFORCE_DOMAIN, which libzmq 4.3 has but Debian's header hides among the drafts.
        case zapEnforceDomain = 93
    }

    func set(_ option: Option, _ value: Int) throws(MessagingError) {
        let result: Int32
        if option == .maximumMessageBytes {
            result = withUnsafeBytes(of: Int64(value)) { zmq_setsockopt(handle, option.rawValue, $0.baseAddress, 8) }
        } else {
            let value = Int32(clamping: value)
            result = withUnsafeBytes(of: value) { zmq_setsockopt(handle, option.rawValue, $0.baseAddress, 4) }
        }
        guard result == 0 else { throw .last("setting \(option) to \(value)") }
    }

    func set(_ option: Option, _ value: Bool) throws(MessagingError) { try set(option, value ? 1 : 0) }

    /// Sets an option without naming the value in an error, which may be a key.
    func set(_ option: Option, _ bytes: [UInt8]) throws(MessagingError) {
        guard zmq_setsockopt(handle, option.rawValue, bytes, bytes.count) == 0 else { throw .last("setting \(option)") }
    }

    func set(_ option: Option, _ duration: Duration) throws(MessagingError) {
        let (seconds, attoseconds) = duration.components
        try set(option, Int(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }

    /// The endpoint of the last bind as libzmq resolved it, with the port that a wildcard got.
    func lastEndpoint() throws(MessagingError) -> String {
        var buffer = [CChar](repeating: 0, count: 512)
        var length = buffer.count
        guard zmq_getsockopt(handle, Option.lastEndpoint.rawValue, &buffer, &length) == 0 else {
            throw .last("asking for the bound endpoint")
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

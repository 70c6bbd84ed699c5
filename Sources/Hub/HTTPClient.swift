import CCurl
import Foundation

/// Takes in the body of a successful answer.
protocol BodyReceiver: AnyObject {
    /// Sees status and headers before the body, and also when there is none; may refuse.
    func begin(_ head: HTTPHead) throws(Failure)
    /// Takes the next bytes; may refuse.
    func receive(_ bytes: UnsafeRawBufferPointer) throws(Failure)
}

/// Asks one server, and those that it redirects to; the token goes to that server's origin only.
///
/// Used by one thread at a time.
final class HTTPClient {
    private let endpoint: Endpoint
    private let token: Token?
    private let patience: Patience
    private let interruption: Interruption
    private let client: OpaquePointer

    private static let redirectLimit = 10
    private static let agent = "User-Agent: molt"

    init(
        _ endpoint: Endpoint, token: Token?, certificates: String?, patience: Patience, interruption: Interruption
    ) throws(HubError) {
        guard let client = cc_open(certificates) else {
            throw HubError(.unreachable, "libcurl could not be started; is memory out?")
        }
        self.client = client
        self.endpoint = endpoint
        self.token = token
        self.patience = patience
        self.interruption = interruption
    }

    deinit { cc_close(client) }

    /// Gets a path below the endpoint, following redirects, and hands the body of a success to `receiver`.
    ///
    /// - Parameters:
    ///   - path: percent-encoded, from its slash on, with its query.
    ///   - headers: `Name: value`.
    @discardableResult
    func get(_ path: String, headers: [String] = [], into receiver: some BodyReceiver) throws(Failure) -> HTTPHead {
        var address = endpoint.text + path
        var origin = endpoint.origin
        for _ in 0...Self.redirectLimit {
            let exchange = Exchange(receiver, interruption)
            let target = try perform(address, origin, headers, exchange)
            switch exchange.head.status {
            case 200..<300: return exchange.head
            case 301, 302, 303, 307, 308:
                guard let next = Origin(target), next.isEncrypted || !origin.isEncrypted else {
                    throw .final(
                        HubError(.answer, "\(origin.host) redirects to an address that is not one of https://"))
                }
                (address, origin) = (target, next)
            default:
                throw .status(
                    ErrorAnswer(head: exchange.head, host: origin.host, body: exchange.errorBody, token: token))
            }
        }
        throw .final(HubError(.answer, "\(endpoint.origin.host) redirects more than \(Self.redirectLimit) times"))
    }

    /// One request; returns where it redirects to, or an empty text.
    private func perform(
        _ address: String, _ origin: Origin, _ headers: [String], _ exchange: Exchange
    ) throws(Failure) -> String {
        var all = [Self.agent, "Accept-Encoding: identity"] + headers
        if let token, origin == endpoint.origin { all.append(token.header) }
        var response = cc_response()
        ask(address, all, origin, exchange, &response)
        if let failure = exchange.failure { throw failure }
        let message = withUnsafeBytes(of: response.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        switch response.outcome {
        case cc_done: try exchange.finish()
        case cc_unreachable:
            throw .passing(
                HubError(.unreachable, "\(origin.host) cannot be reached: \(message); is there a network?"), wait: nil)
        case cc_untrusted:
            throw .final(
                HubError(
                    .unreachable,
                    "\(origin.host) cannot be trusted: \(message); a proxy's own certificate goes into SSL_CERT_FILE"))
        case cc_cut:
            throw .passing(HubError(.unreachable, "the connection to \(origin.host) broke: \(message)"), wait: nil)
        default: throw .final(HubError(.unreachable, "asking \(origin.host) failed: \(message)"))
        }
        return withUnsafeBytes(of: response.redirect) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private func ask(
        _ address: String, _ headers: [String], _ origin: Origin, _ exchange: Exchange,
        _ response: inout cc_response
    ) {
        let lines = headers.map { strdup($0) }
        defer { for line in lines { free(line) } }
        let pointers = lines.compactMap { $0.map { UnsafePointer($0) } }
        pointers.withUnsafeBufferPointer { pointers in
            address.withCString { url in
                var request = cc_request(
                    url: url, headers: pointers.baseAddress, header_count: pointers.count,
                    bypasses_proxy: origin.isLoopback, connect_seconds: patience.connectSeconds,
                    stall_seconds: patience.stallSeconds, context: Unmanaged.passUnretained(exchange).toOpaque(),
                    on_header: { Exchange.at($0).header(UnsafeRawBufferPointer(start: $1, count: $2)) },
                    on_body: { Exchange.at($0).body(UnsafeRawBufferPointer(start: $1, count: $2)) },
                    on_tick: { Exchange.at($0).tick() })
                withExtendedLifetime(exchange) { cc_get(client, &request, &response) }
            }
        }
    }
}

/// One request's answer as it comes in, behind libcurl's callbacks.
private final class Exchange {
    private(set) var head = HTTPHead()
    private(set) var errorBody: [UInt8] = []
    private(set) var failure: Failure?
    private let receiver: any BodyReceiver
    private let interruption: Interruption
    private var hasBegun = false

    private static let errorBodyLimit = 8192

    init(_ receiver: any BodyReceiver, _ interruption: Interruption) {
        self.receiver = receiver
        self.interruption = interruption
    }

    static func at(_ context: UnsafeMutableRawPointer?) -> Exchange {
        guard let context else { preconditionFailure("a request without its exchange") }
        return Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    }

    func header(_ bytes: UnsafeRawBufferPointer) -> Bool {
        head.add(line: String(decoding: bytes, as: UTF8.self))
        return tick()
    }

    func body(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard tick() else { return false }
        guard (200..<300).contains(head.status) else {
            errorBody += bytes.prefix(Self.errorBodyLimit - errorBody.count)
            return true
        }
        do {
            try beginOnce()
            try receiver.receive(bytes)
            return true
        } catch {
            failure = error
            return false
        }
    }

    func tick() -> Bool {
        do {
            try interruption.check()
            return true
        } catch {
            failure = .final(error)
            return false
        }
    }

    /// An answer without a body has begun as well.
    func finish() throws(Failure) {
        if (200..<300).contains(head.status) { try beginOnce() }
    }

    private func beginOnce() throws(Failure) {
        guard !hasBegun else { return }
        hasBegun = true
        try receiver.begin(head)
    }
}

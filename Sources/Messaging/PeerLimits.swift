/// How much a key may ask of the coordinator. A pure value, without a clock.
///
/// The rates are far above what honest peers reach. A key beyond them loses single messages first, which honest peers
/// send again; one that goes on is cut off: all that it sends is ignored for a while.
public struct PeerLimits: Sendable {
    /// The rates of a role.
    public struct Allowance: Sendable, Equatable {
        public var messagesPerSecond: Double
        /// Messages that may come at once.
        public var messageBurst: Double
        public var bytesPerSecond: Double
        public var byteBurst: Double

        /// Rates, and what may come at once.
        public init(messagesPerSecond: Double, messageBurst: Double, bytesPerSecond: Double, byteBurst: Double) {
            self.messagesPerSecond = messagesPerSecond
            self.messageBurst = messageBurst
            self.bytesPerSecond = bytesPerSecond
            self.byteBurst = byteBurst
        }
    }

    private static let mebibyte = 1_048_576.0

    /// The numbers.
    public struct Parameters: Sendable, Equatable {
        public var worker = Allowance(
            messagesPerSecond: 5_000, messageBurst: 20_000, bytesPerSecond: 64 * mebibyte, byteBurst: 256 * mebibyte)
        public var client = Allowance(
            messagesPerSecond: 50, messageBurst: 200, bytesPerSecond: 2 * mebibyte, byteBurst: 8 * mebibyte)
        /// Sessions that a key may open at once and, in the long run, a second.
        public var hellos = 20.0
        public var hellosPerSecond = 0.5
        /// Frames a minute that are malformed or not the role's to send.
        public var offences = 20.0
        /// Messages beyond the rates that are dropped before the key is cut off.
        public var patience = 2_000.0
        /// For how many seconds a key is then ignored.
        public var ignoreSeconds = 60.0

        /// The protocol's defaults.
        public init() {}
    }

    /// What becomes of a message.
    public enum Verdict: Sendable, Equatable {
        case accepted
        /// Beyond the rates: dropped.
        case throttled
        /// Dropped, and from now on the key is ignored. The reason is for a log.
        case cutOff(reason: String)
        /// Dropped, for the key was cut off.
        case ignored
    }

    /// What was counted since the value was made.
    public struct Counters: Sendable, Equatable {
        public internal(set) var throttled: UInt64 = 0
        public internal(set) var ignored: UInt64 = 0
        public internal(set) var keysCutOff: UInt64 = 0
    }

    private struct Account: Sendable {
        var messages: TokenBucket
        var bytes: TokenBucket
        var hellos: TokenBucket
        var offences: TokenBucket
        var patience: TokenBucket
        var ignoredUntil = -Double.infinity
    }

    /// The numbers that it works with.
    public let parameters: Parameters
    /// What was counted.
    public private(set) var counters = Counters()
    /// Only of keys that sent something, so never more than are admitted.
    private var accounts: [String: Account] = [:]

    /// Limits under which nobody has sent anything yet.
    public init(_ parameters: Parameters = Parameters()) { self.parameters = parameters }

    /// Judges a message by its size. `now` is in seconds of any steady clock.
    public mutating func judge(_ key: String, _ role: PeerRole, bytes: Int, at now: Double) -> Verdict {
        judge(key, role, at: now) { $0.messages.take(1, at: now) && $0.bytes.take(Double(bytes), at: now) }
    }

    /// Judges the opening of a session, beside the message that asks for it.
    public mutating func judgeHello(_ key: String, at now: Double) -> Verdict {
        judge(key, .worker, at: now) { $0.hellos.take(1, at: now) }
    }

    /// Counts a frame that is malformed or that the role may not send.
    public mutating func offend(_ key: String, _ role: PeerRole, at now: Double) -> Verdict {
        var account = accounts[key] ?? fresh(role)
        defer { accounts[key] = account }
        if account.offences.take(1, at: now) { return .accepted }
        return cutOff(&account, "more than \(Int(parameters.offences)) frames a minute that it may not send", at: now)
    }

    /// Forgets keys that are not admitted any more.
    public mutating func keep(where isAdmitted: (String) -> Bool) {
        accounts = accounts.filter { isAdmitted($0.key) }
    }

    private mutating func judge(
        _ key: String, _ role: PeerRole, at now: Double, _ fits: (inout Account) -> Bool
    ) -> Verdict {
        var account = accounts[key] ?? fresh(role)
        defer { accounts[key] = account }
        if now < account.ignoredUntil {
            counters.ignored += 1
            return .ignored
        }
        if fits(&account) { return .accepted }
        counters.throttled += 1
        if account.patience.take(1, at: now) { return .throttled }
        return cutOff(&account, "it sends more than its role's rates allow", at: now)
    }

    private mutating func cutOff(_ account: inout Account, _ reason: String, at now: Double) -> Verdict {
        account.ignoredUntil = now + parameters.ignoreSeconds
        counters.keysCutOff += 1
        return .cutOff(reason: reason)
    }

    private func fresh(_ role: PeerRole) -> Account {
        let allowance = role == .worker ? parameters.worker : parameters.client
        return Account(
            messages: TokenBucket(rate: allowance.messagesPerSecond, capacity: allowance.messageBurst),
            bytes: TokenBucket(rate: allowance.bytesPerSecond, capacity: allowance.byteBurst),
            hellos: TokenBucket(rate: parameters.hellosPerSecond, capacity: parameters.hellos),
            offences: TokenBucket(rate: parameters.offences / 60, capacity: parameters.offences),
            patience: TokenBucket(rate: parameters.patience / 60, capacity: parameters.patience))
    }
}

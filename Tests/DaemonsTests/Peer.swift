import Daemons
import Foundation
import Messaging
import Testing
import Wire

/// A peer of a coordinator that says exactly what a test wants.
final class Peer {
    /// Generous, for busy machines; nothing waits this long unless it fails.
    static var deadline: MonotonicInstant { .now + .seconds(60) }

    let key: CurvePublicKey
    private(set) var session: UInt64 = 0
    private(set) var incarnation: UInt64 = 0
    private(set) var sequence: UInt64 = 0
    private let dealer: DealerEndpoint
    /// The minor version in the headers of what it sends.
    private let minor: UInt8

    init(_ stage: CoordinatorStage, _ keys: CurveKeyPair, minor: UInt8 = ProtocolVersion.current.minor) throws {
        key = keys.publicKey
        self.minor = minor
        dealer = try DealerEndpoint(
            connectingTo: stage.service.endpoint, serverKey: stage.serverKeys.publicKey, keys: keys,
            in: MessagingContext())
    }

    /// Sends a message in the session, or under another header.
    func send(
        _ message: WireMessage, session: UInt64? = nil, incarnation: UInt64? = nil, sequence: UInt64? = nil
    ) throws {
        if sequence == nil { self.sequence += 1 }
        var frame = try Envelope.encode(
            message, incarnation: incarnation ?? self.incarnation, session: session ?? self.session,
            sequence: sequence ?? self.sequence)
        frame[5] = minor
        try send(frame)
    }

    /// Sends any bytes as a frame.
    func send(_ frame: [UInt8]) throws {
        try #require(try dealer.send(frame, until: Self.deadline), "no room to send")
    }

    /// The next message.
    func next() throws -> WireMessage {
        let frame = try #require(try dealer.receive(until: Self.deadline), "nothing came")
        return try Envelope.decode(frame).message
    }

    /// The next message that is chosen; others are passed over.
    func next<Found>(_ choose: (WireMessage) -> Found?) throws -> Found {
        let deadline = Self.deadline
        while .now < deadline {
            if let found = choose(try next()) { return found }
        }
        throw NothingFound()
    }

    struct NothingFound: Error {}

    /// Sends a message again and again until an answer is chosen: what is sent while connections are dropped is lost.
    func insist<Found>(
        _ message: WireMessage, session: UInt64? = nil, incarnation: UInt64? = nil,
        _ choose: (WireMessage) throws -> Found?
    ) throws -> Found {
        let deadline = Self.deadline
        while .now < deadline {
            try send(message, session: session, incarnation: incarnation)
            let next = min(deadline, .now + .seconds(2))
            while let frame = try dealer.receive(until: next) {
                if let found = try choose(try Envelope.decode(frame).message) { return found }
            }
        }
        throw NothingFound()
    }

    /// Opens a session that wishes for a number of jobs; returns the welcome.
    @discardableResult
    func greet(
        slots: UInt32 = 1, build: String = "molt test", minimum: UInt32 = ProtocolVersion.oldest.number,
        maximum: UInt32 = ProtocolVersion.current.number, host: String = "host", boot: String = "boot",
        device: WireDevice? = nil
    ) throws -> WireWelcome {
        let hello = Self.hello(build: build, minimum: minimum, maximum: maximum, host: host, boot: boot, device: device)
        try send(hello, session: 0, incarnation: 0)
        let welcome = try next { if case .welcome(let welcome) = $0 { welcome } else { nil } }
        try enter(welcome, slots: slots)
        return welcome
    }

    /// Opens a session and returns its first job, although connections break meanwhile.
    func returnForJob() throws -> WireJob {
        try insist(Self.hello(), session: 0, incarnation: 0) { message in
            switch message {
            case .welcome(let welcome):
                try enter(welcome, slots: 1)
                return nil
            case .job(let job): return job
            default: return nil
            }
        }
    }

    private func enter(_ welcome: WireWelcome, slots: UInt32) throws {
        (session, incarnation) = (welcome.session, welcome.incarnation)
        try send(.credit(.with { $0.slots = slots }))
    }

    private static func hello(
        build: String = "molt test", minimum: UInt32 = ProtocolVersion.oldest.number,
        maximum: UInt32 = ProtocolVersion.current.number, host: String = "host", boot: String = "boot",
        device: WireDevice? = nil
    ) -> WireMessage {
        .hello(
            .with {
                $0.protocolMinimum = minimum
                $0.protocolMaximum = maximum
                $0.build = build
                $0.engine = "test"
                $0.host = host
                $0.bootID = boot
                if let device { $0.device = device }
            })
    }

    func job() throws -> WireJob { try next { if case .job(let job) = $0 { job } else { nil } } }

    func reject() throws -> WireReject { try next { if case .reject(let reject) = $0 { reject } else { nil } } }

    /// The status, with all counters.
    func status() throws -> WireStatus {
        try send(.statusRequest(.with { $0.watching = true }))
        return try next { if case .status(let status) = $0 { status } else { nil } }
    }

    /// Asks for the status until a counter has a value.
    func wait(for counter: String, toReach value: UInt64) throws {
        let deadline = Self.deadline
        var last: UInt64?
        while .now < deadline {
            last = try status().counters.first { $0.name == counter }?.value
            if let last, last >= value { return }
        }
        Issue.record("\(counter) is \(last.map(String.init) ?? "unknown"), not \(value)")
    }

    /// The rows of a job as a worker would make them, whatever they are worth.
    func rows(of job: WireJob) -> [WireRow] {
        job.examples.map { example in
            .with {
                $0.example = example.index
                $0.tokens = 1
                $0.choices = example.groups.flatMap(\.continuations).map { continuation in
                    .with {
                        $0.loglikelihood = -1
                        $0.tokens = UInt32(continuation.tokens.count)
                    }
                }
            }
        }
    }

    func sendScores(of job: WireJob, batch: UInt64 = 1, rows: [WireRow]? = nil) throws {
        try send(
            .scores(
                .with {
                    $0.job = job.job
                    $0.epoch = job.epoch
                    $0.batch = batch
                    $0.rows = rows ?? self.rows(of: job)
                    $0.seal()
                }))
    }
}

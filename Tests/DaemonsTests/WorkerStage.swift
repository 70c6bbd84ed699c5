import Daemons
import Foundation
import Logging
import Messaging
import ModelFiles
import TestSupport
import Testing
import Wire

/// A coordinator that says exactly what a test wants, with a worker service and a small random model.
final class WorkerStage {
    let folder: TemporaryFolder
    let workerKeys: CurveKeyPair
    private let serverKeys: CurveKeyPair
    private let router: RouterEndpoint
    private let endpoint: String
    private let modelSHA256: String
    /// The minor version in the headers of what the coordinator sends.
    private let minor: UInt8
    private var peer: PeerID?
    /// The one that is open; 0 before a test welcomes a worker.
    private var session: UInt64 = 0
    private var sessions: UInt64 = 0
    private var window: UInt64 = 0
    private var sent: UInt64 = 0

    init(minor: UInt8 = ProtocolVersion.current.minor) throws {
        self.minor = minor
        folder = try TemporaryFolder()
        workerKeys = try CurveKeyPair.generate()
        serverKeys = try CurveKeyPair.generate()
        let list = AllowList(AuthorizedKeys([.init(role: .worker, key: workerKeys.publicKey)]))
        let authenticator = try Authenticator(list, in: MessagingContext())
        router = try RouterEndpoint(keys: serverKeys, authenticator: authenticator)
        endpoint = try router.bind("tcp://127.0.0.1:*")
        let model = folder.url.appendingPathComponent("model")
        try RandomCheckpoint.write(.tiny, seed: 1, vocabulary: 64, to: model)
        modelSHA256 = try Checkpoint.open(model).sha256()
    }

    /// A worker that leaves at once when asked, whether or not its rows are acknowledged.
    func worker(_ change: (inout WorkerService.Options) -> Void = { _ in }) throws -> WorkerService {
        var options = WorkerService.Options(
            coordinator: endpoint, coordinatorKey: serverKeys.publicKey, keys: workerKeys,
            engine: EngineOptions(device: .reference), log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        options.spool = folder.url.appendingPathComponent("spool")
        options.parameters.drain = 1
        options.parameters.flush = 1
        options.parameters.heartbeat = 50
        change(&options)
        return try WorkerService(options)
    }

    /// The next message of the worker.
    func next() throws -> WireMessage {
        let deadline = Peer.deadline
        while true {
            if let inbound = try router.receive() {
                peer = inbound.peer
                return try Envelope.decode(inbound.payload).message
            }
            try #require(try Poll.wait(on: [router], until: deadline), "nothing came")
        }
    }

    /// The next message that is chosen; others are passed over, but a worker that says Hello again gets its answer.
    func next<Found>(_ choose: (WireMessage) -> Found?) throws -> Found {
        let deadline = Peer.deadline
        while .now < deadline {
            let message = try next()
            if let found = choose(message) { return found }
            if case .hello(let hello) = message, session > 0 { _ = try answer(hello) }
        }
        throw Peer.NothingFound()
    }

    func send(_ message: WireMessage) throws { try #require(try deliver(message)) }

    /// Whether the last peer is there to take a message.
    private func deliver(_ message: WireMessage) throws -> Bool {
        sent += 1
        var frame = try Envelope.encode(message, incarnation: 7, session: session, sequence: sent)
        frame[5] = minor
        let to = try #require(peer)
        return try router.send(frame, to: to) == .sent
    }

    /// Takes a Hello and opens a session; returns the Hello.
    func welcome(window: UInt64 = 0) throws -> WireHello {
        self.window = window
        session = 0
        let deadline = Peer.deadline
        while .now < deadline {
            let hello = try next { if case .hello(let hello) = $0 { hello } else { nil } }
            // Else it was said by a worker that has gone since.
            if try answer(hello) { return hello }
        }
        throw Peer.NothingFound()
    }

    /// Opens a session that keeps all leases; whether the Hello's sender is still there.
    private func answer(_ hello: WireHello) throws -> Bool {
        sessions += 1
        session = sessions
        let welcome = WireWelcome.with {
            $0.session = session
            $0.incarnation = 7
            $0.heartbeatMilliseconds = 100
            $0.leaseMilliseconds = 30_000
            $0.kept = hello.leases
            $0.windowBytes = window
        }
        return try deliver(.welcome(welcome))
    }

    /// A job of examples with two choices each; those with an index in `broken` have a token that no model knows.
    func sendJob(_ name: String, examples: [UInt32], broken: Set<UInt32> = []) throws {
        try send(
            .job(
                .with {
                    $0.job = name
                    $0.epoch = 3
                    $0.run = "run"
                    $0.model = .with {
                        $0.id = "model"
                        $0.path = folder.path("model")
                        $0.sha256 = modelSHA256
                    }
                    $0.reduction = #"{"method":"none"}"#
                    $0.precision = "fp32"
                    $0.leaseMilliseconds = 30_000
                    $0.examples = examples.map { index in
                        .with {
                            $0.index = index
                            $0.groups = [
                                .with {
                                    $0.context = [1, 2, 3 + Int32(index % 8)]
                                    $0.continuations = [
                                        .with { $0.tokens = [4] },
                                        .with { $0.tokens = [broken.contains(index) ? 5_000 : 5, 6] },
                                    ]
                                }
                            ]
                        }
                    }
                }))
    }

    func acknowledge(_ scores: WireScores) throws {
        try send(
            .ack(
                .with {
                    $0.job = scores.job
                    $0.epoch = scores.epoch
                    $0.batch = scores.batch
                }))
    }
}

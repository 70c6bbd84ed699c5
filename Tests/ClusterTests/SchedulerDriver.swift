import Cluster
import Wire

/// A scheduler with a clock to turn, and workers that do what a test says.
struct SchedulerDriver {
    var scheduler: Scheduler
    private(set) var now = Instant(milliseconds: 1_000)
    /// Everything that the scheduler ever said.
    private(set) var directives: [SchedulerDirective] = []

    /// A scheduler; one that compares no rows unless told otherwise.
    init(incarnation: UInt64 = 1, parameters: SchedulerParameters = .unverified) {
        scheduler = Scheduler(incarnation: incarnation, parameters: parameters)
    }

    @discardableResult
    mutating func take(_ event: SchedulerEvent) -> [SchedulerDirective] {
        let new = scheduler.handle(event, at: now)
        directives += new
        return new
    }

    @discardableResult
    mutating func take(_ message: WorkerMessage, from session: SessionID) -> [SchedulerDirective] {
        take(.message(message, session: session))
    }

    /// Lets time pass with a tick every half second, and heartbeats of some sessions every two seconds.
    @discardableResult
    mutating func pass(_ span: Milliseconds, beating: [SessionID: [LeaseProgress]] = [:]) -> [SchedulerDirective] {
        let start = directives.count
        let end = now + span
        while now < end {
            now = now + min(500, end - now)
            if now.milliseconds % 2_000 == 0 {
                for (session, leases) in beating.sorted(by: { $0.key < $1.key }) {
                    take(.heartbeat(leases, WorkerLoad()), from: session)
                }
            }
            take(.tick)
        }
        return Array(directives[start...])
    }

    /// Lets time pass until the next grant, or for two minutes.
    mutating func passUntilGrant(beating sessions: [SessionID]) {
        let beating = Dictionary(uniqueKeysWithValues: sessions.map { ($0, [LeaseProgress]()) })
        let end = now + 120_000
        while pass(500, beating: beating).grants.isEmpty, now < end {}
    }

    /// Opens a session for a worker with room for jobs.
    @discardableResult
    mutating func join(
        _ worker: WorkerKey, host: String = "host", session: SessionID, slots: UInt32 = 1, boot: String = "boot",
        arithmetic: String = "cpu", holding leases: [LeaseName] = []
    ) -> [SchedulerDirective] {
        let engine = EngineDescription(build: "1", name: "cpu", arithmetic: arithmetic)
        let hello = Hello(engine: engine, host: host, bootID: boot, leases: leases)
        let first = take(.hello(hello, worker: worker, session: session))
        return first + take(.credit(slots: slots), from: session)
    }

    mutating func submit(_ run: RunID = "run", jobs: [JobDescription], priority: Int = 0) {
        take(.submitted(RunDescription(id: run, priority: priority, jobs: jobs)))
    }
}

extension SchedulerParameters {
    static var unverified: SchedulerParameters {
        var parameters = SchedulerParameters()
        parameters.verification = 0
        return parameters
    }
}

extension CoordinatorMessage {
    fileprivate var window: UInt64? {
        switch self {
        case .welcome(_, _, _, let window), .heartbeatAck(_, _, let window, _): window
        default: nil
        }
    }

    fileprivate var withoutWindow: CoordinatorMessage {
        switch self {
        case .welcome(let heartbeat, let lease, let kept, _):
            .welcome(heartbeat: heartbeat, lease: lease, kept: kept)
        case .heartbeatAck(let renewed, let cancelled, _, _): .heartbeatAck(renewed: renewed, cancelled: cancelled)
        default: self
        }
    }
}

extension EngineDescription {
    static let sample = EngineDescription(build: "1", name: "cpu", arithmetic: "cpu")
}

extension JobDescription {
    /// A job with examples 0, 1, ….
    static func sample(
        _ id: JobID, model: String = "m", examples: UInt32 = 2, precision: String = "fp32"
    ) -> JobDescription {
        JobDescription(
            id: id, cell: "cell", model: model, examples: Array(0..<examples), estimatedTokens: UInt64(examples) * 100,
            precision: precision)
    }
}

extension [SchedulerDirective] {
    var commits: [Change] { compactMap { if case .commit(let change) = $0 { change } else { nil } } }

    /// The messages to a session, but for the windows that they name.
    func sent(to session: SessionID) -> [CoordinatorMessage] {
        compactMap { if case .send(let message, session) = $0 { message.withoutWindow } else { nil } }
    }

    /// The windows that a session was told.
    func windows(of session: SessionID) -> [UInt64] {
        compactMap { if case .send(let message, session) = $0 { message.window } else { nil } }
    }

    /// The grants of this turn: session, lease and examples.
    var grants: [(session: SessionID, lease: LeaseName, examples: [UInt32])] {
        compactMap {
            if case .send(.grant(let lease, let examples, _, _), let session) = $0 {
                (session, lease, examples)
            } else {
                nil
            }
        }
    }

    var granted: [String] { grants.map { "\($0.lease.job)→\($0.session)" } }

    var releases: [ReleaseReason] {
        commits.compactMap { if case .released(_, _, let reason) = $0 { reason } else { nil } }
    }
}

/// Rows with some score for each example.
func rows(_ examples: UInt32..., score: Double = -1) -> [WireRow] {
    examples.map { example in
        WireRow.with {
            $0.example = example
            $0.choices = [.with { $0.loglikelihood = score }]
        }
    }
}

import Cluster
import Wire

/// What a scheduler costs a job, an event at a time, with many workers connected.
public struct SchedulerLoad: Sendable, CustomStringConvertible {
    /// Workers, and jobs that went through.
    public let workers: Int
    public let jobs: Int
    /// Of one processor, for a job: its grant, its row, its end and the next grant.
    public let microsecondsAJob: Double
    /// For a heartbeat of one lease.
    public let microsecondsAHeartbeat: Double
    /// For a tick while nothing is due.
    public let microsecondsATick: Double

    /// Lets workers with two leases each compute jobs of one example, then beats and ticks.
    public init(workers: Int, jobs: Int) {
        var parameters = SchedulerParameters()
        parameters.sessionLimit = max(workers, parameters.sessionLimit)
        parameters.verification = 0
        var scheduler = Scheduler(incarnation: 1, parameters: parameters)
        var now = Instant(milliseconds: 1)
        let descriptions = (0..<jobs).map { index in
            JobDescription(
                id: "job \(index) of the run that is measured, as long as a hash", cell: "cell", model: "model",
                examples: [0], estimatedTokens: 100)
        }
        _ = scheduler.handle(.submitted(RunDescription(id: "run", jobs: descriptions)), at: now)
        var queue: [(session: SessionID, lease: LeaseName)] = []
        func note(_ directives: [SchedulerDirective]) {
            for case .send(.grant(let lease, _, _, _), let session) in directives { queue.append((session, lease)) }
        }
        let engine = EngineDescription(build: "1", name: "cpu", arithmetic: "cpu")
        for index in 0..<workers {
            let hello = Hello(engine: engine, host: "host\(index % 100)", bootID: "boot")
            let session = UInt64(index + 1)
            _ = scheduler.handle(
                .hello(hello, worker: "worker \(index) with a key of 40 characters", session: session), at: now)
            note(scheduler.handle(.message(.credit(slots: 2), session: session), at: now))
        }
        let row = WireRow.with {
            $0.choices = [.with { $0.loglikelihood = -1 }]
        }
        var next = 0
        var done = 0
        let clock = ContinuousClock()
        let working = clock.measure {
            while next < queue.count {
                let (session, lease) = queue[next]
                next += 1
                done += 1
                if done % 100 == 0 { now = now + 1 }
                note(scheduler.handle(.message(.scores(lease, batch: 1, rows: [row]), session: session), at: now))
                note(scheduler.handle(.message(.jobDone(lease), session: session), at: now))
            }
        }
        self.workers = workers
        self.jobs = done
        microsecondsAJob = Self.microseconds(working) / Double(max(1, done))
        let beating = clock.measure {
            for index in 0..<workers {
                _ = scheduler.handle(.message(.heartbeat([], WorkerLoad()), session: UInt64(index + 1)), at: now)
            }
        }
        microsecondsAHeartbeat = Self.microseconds(beating) / Double(max(1, workers))
        let ticking = clock.measure { for _ in 0..<1_000 { _ = scheduler.handle(.tick, at: now) } }
        microsecondsATick = Self.microseconds(ticking) / 1_000
    }

    public var description: String {
        "\(workers) workers, \(jobs) jobs: \(microsecondsAJob) µs a job, \(microsecondsAHeartbeat) µs a heartbeat, "
            + "\(microsecondsATick) µs a tick"
    }

    private static func microseconds(_ span: Duration) -> Double {
        Double(span.components.seconds) * 1e6 + Double(span.components.attoseconds) / 1e12
    }
}

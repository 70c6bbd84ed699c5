import Cluster
import Wire

/// Anything at all in any order into a scheduler: forged sessions, leases and epochs, impossible rows, huge numbers,
/// runs that come twice. It must not trap, must grant nothing to a key that it revoked, and must stay small.
public struct SchedulerFuzz {
    private var scheduler: Scheduler
    private var random: Generator
    private var now = Instant(milliseconds: 1_000)
    private var lastSession: SessionID = 0
    private var incarnation: UInt64 = 1
    private var leases: [LeaseName] = []
    private var revoked: Set<WorkerKey> = []
    /// How many events were tried.
    public private(set) var cases: UInt64 = 0

    private static let keys = (0..<12).map { "key\($0)" }
    private static let runs = (0..<6).map { "run\($0)" }
    private static let jobs = (0..<40).map { "job\($0)" }
    private static let engines = ["cpu", "cuda"].map { EngineDescription(build: "1", name: $0, arithmetic: $0) }
    private static let sessionLimit = 10

    /// Events that the seed decides.
    public init(seed: UInt64) {
        random = Generator(seed: seed)
        scheduler = Self.fresh(1)
    }

    private static func fresh(_ incarnation: UInt64) -> Scheduler {
        var parameters = SchedulerParameters()
        parameters.sessionLimit = sessionLimit
        parameters.slotLimit = 8
        parameters.verification = 0.3
        return Scheduler(incarnation: incarnation, parameters: parameters)
    }

    /// Tries so many events; throws the first `Violation`.
    public mutating func run(cases count: UInt64) throws {
        for _ in 0..<count {
            cases += 1
            if cases % 20_000 == 0 { restart() }
            now = now + Milliseconds(random.next() % 400) * (random.chance(0.01) ? 200 : 1)
            for directive in scheduler.handle(event(), at: now) { try take(directive) }
            if cases % 256 == 0 { try checkSizes() }
        }
    }

    private mutating func restart() {
        incarnation += 1
        scheduler = Self.fresh(incarnation)
        leases = []
        let runs = random.chance(0.5) ? [run(), run()] : []
        _ = scheduler.handle(.recovered(runs, revoked: revoked), at: now)
    }

    private mutating func take(_ directive: SchedulerDirective) throws {
        switch directive {
        case .commit(.granted(let lease)):
            if revoked.contains(lease.worker) { throw Violation("\(lease.worker) was revoked, and got \(lease.job)") }
            if leases.count >= 64 { leases.removeFirst(32) }
            leases.append(LeaseName(job: lease.job, epoch: lease.epoch))
        case .commit(.revoked(let key, _)): revoked.insert(key)
        default: break
        }
        // With nobody left there is nothing to find.
        if revoked.count > 8 { revoked = [] }
    }

    private func checkSizes() throws {
        let limits = [
            "sessions": Self.sessionLimit, "idle": Self.sessionLimit, "jobs": Self.jobs.count,
            "workers": Self.keys.count, "runs": Self.runs.count, "deadlines": 50_000, "holdings": 8 * Self.keys.count,
            "checks": 40 * Self.jobs.count,
        ]
        for (name, size) in scheduler.sizes where size > limits[name] ?? 0 {
            throw Violation("\(size) \(name) are kept; the limit is \(limits[name] ?? 0)")
        }
    }

    private mutating func event() -> SchedulerEvent {
        switch random.next() % 100 {
        case 0..<8:
            lastSession += random.chance(0.9) ? 1 : 0
            return .hello(hello(), worker: key(), session: random.chance(0.02) ? number() : lastSession)
        case 8..<10: return .submitted(run())
        case 10: return .cancel(pick(Self.runs))
        case 11: return .disconnected(session())
        case 12: return .drain(random.chance(0.1) ? nil : key())
        case 13..<20: return .compared(lease(), by: key(), agreed: examples(), differing: examples())
        case 20: return .reopened(pick(Self.runs), (0..<3).map { _ in job() })
        case 21..<25: return .committed(random.chance(0.2) ? number() : 5)
        case 25..<40: return .tick
        default: return .message(message(), session: session())
        }
    }

    private mutating func message() -> WorkerMessage {
        switch random.next() % 20 {
        case 0: .hello(hello())
        case 1, 2: .credit(slots: UInt32(truncatingIfNeeded: random.chance(0.8) ? random.next() % 4 : number()))
        case 3..<6:
            .heartbeat(
                (0..<random.next() % 4).map { _ in
                    LeaseProgress(
                        lease: lease(), examplesDone: UInt32(truncatingIfNeeded: number()), currentExample: example())
                }, WorkerLoad(tokensPerSecond: double(), residentBytes: number()))
        case 6: .jobDone(lease())
        case 7: .jobFailed(lease(), failure(), detail: "x", example: random.chance(0.5) ? example() : nil)
        case 8: .leaseReturn(lease())
        case 9 where random.chance(0.2): .draining
        case 10 where random.chance(0.2): .bye
        default: .scores(lease(), batch: number(), rows: examples().map { row($0) })
        }
    }

    private mutating func row(_ example: UInt32) -> WireRow {
        let value = random.chance(0.02) ? double() : -1
        return WireRow.with {
            $0.example = example
            $0.choices = [.with { $0.loglikelihood = value }]
        }
    }

    private mutating func hello() -> Hello {
        var hello = Hello(
            engine: pick(Self.engines), host: "host\(random.next() % 3)", bootID: "boot\(random.next() % 4)",
            leases: (0..<random.next() % 10).map { _ in lease() })
        if random.chance(0.02) { hello.protocolMaximum = UInt32(truncatingIfNeeded: number()) }
        if random.chance(0.2) { hello.loadedModel = "model\(random.next() % 3)" }
        if random.chance(0.3) { hello.precisions = pick([[], ["bf16"], ["fp32", "bf16"]]) }
        return hello
    }

    private mutating func run() -> RunDescription {
        RunDescription(
            id: pick(Self.runs), priority: random.chance(0.1) ? Int(truncatingIfNeeded: number()) : 0,
            jobs: (0..<random.next() % 8).map { _ in job() }, rowsOfFinishedJobs: random.chance(0.1) ? number() : 0,
            failedJobs: random.chance(0.1) ? Int(truncatingIfNeeded: number()) : 0)
    }

    private mutating func job() -> JobDescription {
        let id = pick(Self.jobs)
        return JobDescription(
            id: id, cell: "cell", model: "model\(random.next() % 3)", examples: Array(0..<UInt32(random.next() % 20)),
            estimatedTokens: random.chance(0.1) ? number() : 1_000, missing: random.chance(0.5) ? nil : examples(),
            givenUp: random.chance(0.1) ? examples() : [], epoch: random.next() % 5,
            leases: random.chance(0.2) ? [grant(id), grant(id)] : [], pastLeases: random.chance(0.2) ? [grant(id)] : [],
            failures: random.chance(0.1) ? [.init(worker: key(), host: "")] : [],
            precision: random.chance(0.1) ? "bf16" : "fp32")
    }

    private mutating func grant(_ job: JobID) -> Lease {
        Lease(
            job: job, epoch: random.next() % 8, worker: key(), incarnation: 1,
            purpose: pick(LeasePurpose.allCases))
    }

    private mutating func lease() -> LeaseName {
        if random.chance(0.9), !leases.isEmpty { return pick(leases) }
        return LeaseName(job: pick(Self.jobs), epoch: random.chance(0.5) ? number() : random.next() % 6)
    }

    private mutating func session() -> SessionID {
        random.chance(0.02) ? number() : lastSession - min(lastSession, random.next() % 12)
    }

    private mutating func examples() -> [UInt32] { (0..<random.next() % 6).map { _ in example() } }
    private mutating func example() -> UInt32 {
        random.chance(0.02) ? UInt32(truncatingIfNeeded: number()) : UInt32(random.next() % 20)
    }
    private mutating func key() -> WorkerKey { pick(Self.keys) }
    private mutating func failure() -> WireFailureClass { pick([.worker, .data, .infrastructure, .unspecified]) }
    private mutating func number() -> UInt64 { pick([0, 1, 7, 1 << 31, 1 << 32, 1 << 63, .max, .max - 1]) }
    private mutating func double() -> Double {
        pick([0, -0.0, .nan, .infinity, -.infinity, 1e308, .leastNonzeroMagnitude, -1, 100])
    }
    private mutating func pick<Element>(_ few: [Element]) -> Element { few[Int(random.next() % UInt64(few.count))] }
}

import Cluster
import Wire

/// The store as its schema would enforce it: it survives every crash, and refuses what must never happen.
struct StoreModel {
    struct Job {
        let description: JobDescription
        let run: RunID
        var epoch: UInt64 = 0
        var leases: [Lease] = []
        var pastLeases: [Lease] = []
        var failures: [ChargedFailure] = []
        /// Charged failures without a new row between, in one life of the coordinator.
        var failuresInRow = 0
        var state = JobState.pending
        var rows: [UInt32: StoredRow] = [:]
        var givenUp: Set<UInt32> = []
        /// Every row that was ever stored.
        var known: Set<UInt32> = []
    }

    struct StoredRow: Equatable {
        let row: WireRow
        let worker: WorkerKey
    }

    /// Rows of a commit that met stored ones.
    struct Comparison {
        let lease: LeaseName
        let worker: WorkerKey
        var agreed: [UInt32] = []
        var differing: [UInt32] = []
    }

    var jobs: [JobID: Job] = [:]
    var runs: [(id: RunID, priority: Int, jobs: [JobID], state: RunState)] = []
    var incarnation: UInt64 = 0
    /// The engine that each run's models are bound to.
    var bindings: [RunID: [String: EngineIdentity]] = [:]
    /// As the workers' last Hellos said.
    var engines: [WorkerKey: EngineIdentity] = [:]
    private(set) var revoked: Set<WorkerKey> = []
    /// How often a worker's row met an equal one of another worker.
    private(set) var confirmations: [WorkerKey: UInt64] = [:]
    let scenario: Scenario
    let hosts: [WorkerKey: String]
    let slots: Int

    init(_ scenario: Scenario, slots: Int) {
        self.scenario = scenario
        hosts = Dictionary(uniqueKeysWithValues: scenario.workers.map { ($0.key, $0.host) })
        self.slots = slots
    }

    mutating func insert(_ run: RunDescription) {
        for job in run.jobs { jobs[job.id] = Job(description: job, run: run.id) }
        runs.append((run.id, run.priority, run.jobs.map(\.id), .running))
    }

    static func hash(_ text: String, _ number: UInt32) -> UInt64 {
        var hash: UInt64 = UInt64(number) &+ 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return (hash ^ hash >> 29) &* 0xbf58_476d_1ce4_e5b9 >> 17
    }

    /// The one right row of an example.
    static func row(_ job: JobID, _ example: UInt32, plus lie: Double = 0) -> WireRow {
        WireRow.with {
            $0.example = example
            $0.choices = [.with { $0.loglikelihood = -Double(hash(job, example) % 1_000_003) / 7 + lie }]
        }
    }

    func state(of run: RunID) -> RunState? { runs.first { $0.id == run }?.state }

    func rows(of run: RunID) -> Int {
        runs.first { $0.id == run }?.jobs.reduce(0) { $0 + (jobs[$1]?.rows.count ?? 0) } ?? 0
    }

    /// Makes a change durable; what its rows met.
    mutating func apply(_ change: Change) throws -> Comparison? {
        switch change {
        case .granted(let lease): try grant(lease)
        case .released(let id, let epoch, let reason): try release(id, epoch, reason)
        case .scored(let id, let epoch, let worker, let rows):
            return try score(rows, LeaseName(job: id, epoch: epoch), by: worker)
        case .bound(let run, let model, let engine):
            let old = bindings[run, default: [:]].updateValue(engine, forKey: model)
            if let old, old != engine { throw Violation("\(run): \(model) went from \(old) to \(engine)") }
        case .job(let id, let state): try end(id, state)
        case .gaveUp(let id, let example, let detail): try giveUp(id, example, detail)
        case .withdrawn(let id, let examples, _): try putAside(id, examples)
        case .revoked(let worker, let detail): try revoke(worker, detail)
        case .run(let id, let state): try end(run: id, state)
        }
        return nil
    }

    private mutating func score(_ rows: [WireRow], _ lease: LeaseName, by worker: WorkerKey) throws -> Comparison? {
        guard let job = jobs[lease.job] else { throw Violation("rows of the unknown job \(lease.job)") }
        guard (job.pastLeases + job.leases).contains(where: { $0.epoch == lease.epoch && $0.worker == worker }) else {
            throw Violation("\(worker) never held \(lease.job) at epoch \(lease.epoch), but its rows were taken")
        }
        guard !revoked.contains(worker) else { throw Violation("\(worker) sent rows although it was revoked") }
        guard let bound = bindings[job.run]?[job.description.model], bound == engines[worker] else {
            throw Violation("\(worker) scores \(lease.job) with another engine than its model is bound to")
        }
        var comparison = Comparison(lease: lease, worker: worker)
        for row in rows {
            guard job.description.examples.contains(row.example) else {
                throw Violation("row \(row.example) is not of \(lease.job)")
            }
            if let stored = jobs[lease.job]?.rows[row.example] {
                note(row, stored, &comparison)
            } else {
                jobs[lease.job]?.rows[row.example] = StoredRow(row: row, worker: worker)
                jobs[lease.job]?.known.insert(row.example)
                jobs[lease.job]?.givenUp.remove(row.example)
                jobs[lease.job]?.failuresInRow = 0
                guard job.state == .pending else { throw Violation("a row came to \(lease.job), which is over") }
            }
        }
        return comparison
    }

    private mutating func note(_ row: WireRow, _ stored: StoredRow, _ comparison: inout Comparison) {
        guard row == stored.row else { return comparison.differing.append(row.example) }
        comparison.agreed.append(row.example)
        guard stored.worker != comparison.worker else { return }
        confirmations[stored.worker, default: 0] += 1
        confirmations[comparison.worker, default: 0] += 1
    }

    private mutating func grant(_ lease: Lease) throws {
        guard let job = jobs[lease.job] else { throw Violation("\(lease.job) was granted, but is unknown") }
        guard lease.purpose == .check || job.state == .pending else {
            throw Violation("\(lease.job) was granted, but is over")
        }
        if job.leases.contains(where: { $0.purpose == lease.purpose }) {
            throw Violation("\(lease.job) has two current leases to \(lease.purpose)")
        }
        if job.leases.contains(where: { $0.worker == lease.worker }) {
            throw Violation("\(lease.worker) has two leases of \(lease.job)")
        }
        guard lease.epoch == job.epoch + 1, lease.incarnation == incarnation else {
            throw Violation("\(lease.job): epoch \(lease.epoch) after \(job.epoch), incarnation \(lease.incarnation)")
        }
        let held = jobs.values.reduce(0) { $0 + $1.leases.count { $0.worker == lease.worker } }
        guard held < slots else { throw Violation("\(lease.worker) has more leases than it wished for") }
        guard !revoked.contains(lease.worker) else {
            throw Violation("\(lease.worker) got \(lease.job) although it was revoked")
        }
        let bound = bindings[job.run]?[job.description.model]
        guard let bound, bound == engines[lease.worker] else {
            throw Violation("\(lease.worker) scores for \(job.run), which is bound to \(bound ?? "no engine")")
        }
        if lease.purpose == .check, job.rows.values.allSatisfy({ $0.worker == lease.worker }) {
            throw Violation("\(lease.worker) is to check its own rows of \(lease.job)")
        }
        jobs[lease.job]?.epoch = lease.epoch
        jobs[lease.job]?.leases.append(lease)
    }

    private mutating func release(_ id: JobID, _ epoch: UInt64, _ reason: ReleaseReason) throws {
        guard let place = jobs[id]?.leases.firstIndex(where: { $0.epoch == epoch }),
            let lease = jobs[id]?.leases.remove(at: place)
        else { throw Violation("\(id): epoch \(epoch) ended, but is not current") }
        jobs[id]?.pastLeases.append(lease)
        guard reason == .failed, lease.purpose != .check else { return }
        jobs[id]?.failures.append(ChargedFailure(worker: lease.worker, host: hosts[lease.worker] ?? ""))
        jobs[id]?.failuresInRow += 1
        let count = jobs[id]?.description.examples.count ?? 1
        let halvings = count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
        // One more for each of: a failure at a backup, an adopted lease that is no probe, a second host that came late.
        guard jobs[id]?.failuresInRow ?? 0 <= 3 + halvings + 3 else {
            throw Violation("\(id) failed \(jobs[id]?.failuresInRow ?? 0) times in a row")
        }
    }

    private mutating func giveUp(_ id: JobID, _ example: UInt32, _ detail: String) throws {
        guard let job = jobs[id], job.state == .pending, job.rows[example] == nil, !job.givenUp.contains(example) else {
            throw Violation("example \(example) of \(id) was given up, but is not missing")
        }
        jobs[id]?.givenUp.insert(example)
        jobs[id]?.failuresInRow = 0
    }

    private mutating func putAside(_ id: JobID, _ examples: [UInt32]) throws {
        guard let job = jobs[id], state(of: job.run) == .running else {
            throw Violation("rows of \(id) were withdrawn, but its run is over")
        }
        for example in examples {
            guard jobs[id]?.rows.removeValue(forKey: example) != nil else {
                throw Violation("example \(example) of \(id) was withdrawn, but has no row")
            }
        }
        jobs[id]?.state = .pending
    }

    private mutating func revoke(_ worker: WorkerKey, _ detail: String) throws {
        guard case .honest? = scenario.workers.first(where: { $0.key == worker })?.honesty else {
            revoked.insert(worker)
            for run in runs where run.state == .running {
                for id in run.jobs {
                    let tainted = (jobs[id]?.rows ?? [:]).filter { $0.value.worker == worker }.keys.sorted()
                    if !tainted.isEmpty { try putAside(id, tainted) }
                }
            }
            return
        }
        throw Violation("\(worker) is honest, and was revoked: \(detail)")
    }
}

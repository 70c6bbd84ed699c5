import Cluster
import Wire

/// What a simulation found wrong.
struct Violation: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The store as the schema would enforce it: it survives every crash, and refuses what must never happen.
struct StoreModel {
    struct Job {
        let description: JobDescription
        let run: RunID
        var epoch: UInt64 = 0
        var lease: Lease?
        var pastLeases: [Lease] = []
        var failures: [ChargedFailure] = []
        var state = JobState.pending
        var rows: [UInt32: WireRow] = [:]
    }

    private(set) var jobs: [JobID: Job] = [:]
    private(set) var runs: [(id: RunID, jobs: [JobID], state: RunState)] = []
    var incarnation: UInt64 = 0
    /// The engine that each run's models are bound to.
    private(set) var bindings: [RunID: [String: EngineIdentity]] = [:]
    /// Workers whose engine is not everybody's.
    var engines: [WorkerKey: EngineIdentity] = [:]
    let hosts: [WorkerKey: String]
    let slots: Int

    init(hosts: [WorkerKey: String], slots: Int) {
        self.hosts = hosts
        self.slots = slots
    }

    mutating func insert(_ run: RunDescription) {
        for job in run.jobs { jobs[job.id] = Job(description: job, run: run.id) }
        runs.append((run.id, run.jobs.map(\.id), .running))
    }

    func state(of run: RunID) -> RunState? { runs.first { $0.id == run }?.state }

    func rows(of run: RunID) -> Int {
        runs.first { $0.id == run }?.jobs.reduce(0) { $0 + (jobs[$1]?.rows.count ?? 0) } ?? 0
    }

    /// The one right row of an example.
    static func row(_ job: JobID, _ example: UInt32) -> WireRow {
        var hash: UInt64 = UInt64(example) &+ 1
        for byte in job.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return WireRow.with {
            $0.example = example
            $0.choices = [.with { $0.loglikelihood = -Double(hash % 1_000_003) / 7 }]
        }
    }

    mutating func apply(_ change: Change) throws {
        switch change {
        case .granted(let lease): try grant(lease)
        case .released(let id, let epoch, let reason): try release(id, epoch, reason)
        case .scored(let id, let epoch, let worker, let rows):
            guard var job = jobs[id] else { throw Violation("rows of the unknown job \(id)") }
            let leases = job.pastLeases + (job.lease.map { [$0] } ?? [])
            guard leases.contains(where: { $0.epoch == epoch && $0.worker == worker }) else {
                throw Violation("\(worker) never held \(id) at epoch \(epoch), but its rows were taken")
            }
            jobs[id] = nil
            for row in rows {
                guard job.description.examples.contains(row.example) else {
                    throw Violation("row \(row.example) is not of \(id)")
                }
                guard row == (job.rows[row.example] ?? Self.row(id, row.example)) else {
                    throw Violation("row \(row.example) of \(id) changed")
                }
                job.rows[row.example] = row
            }
            jobs[id] = job
        case .bound(let run, let model, let engine):
            let old = bindings[run, default: [:]].updateValue(engine, forKey: model)
            if let old, old != engine { throw Violation("\(run): \(model) went from \(old) to \(engine)") }
        case .job(let id, let state): try end(id, state)
        case .gaveUp, .withdrawn, .revoked: throw Violation("\(change) is not modelled")
        case .run(let id, let state): try end(run: id, state)
        }
    }

    private mutating func grant(_ lease: Lease) throws {
        guard let job = jobs[lease.job], job.state == .pending else {
            throw Violation("\(lease.job) was granted, but is over")
        }
        guard job.lease == nil else { throw Violation("\(lease.job) has two current leases") }
        guard lease.epoch == job.epoch + 1, lease.incarnation == incarnation else {
            throw Violation("\(lease.job): epoch \(lease.epoch) after \(job.epoch), incarnation \(lease.incarnation)")
        }
        guard jobs.values.count(where: { $0.lease?.worker == lease.worker }) < slots else {
            throw Violation("\(lease.worker) has more leases than it wished for")
        }
        let bound = bindings[job.run]?[job.description.model]
        guard let bound, bound == engines[lease.worker] else {
            throw Violation("\(lease.worker) scores for \(job.run), which is bound to \(bound ?? "no engine")")
        }
        jobs[lease.job]?.epoch = lease.epoch
        jobs[lease.job]?.lease = lease
    }

    private mutating func release(_ id: JobID, _ epoch: UInt64, _ reason: ReleaseReason) throws {
        guard let lease = jobs[id]?.lease, lease.epoch == epoch else {
            throw Violation("\(id): epoch \(epoch) ended, but is not current")
        }
        jobs[id]?.lease = nil
        jobs[id]?.pastLeases.append(lease)
        guard reason == .failed else { return }
        jobs[id]?.failures.append(ChargedFailure(worker: lease.worker, host: hosts[lease.worker] ?? ""))
        guard jobs[id]?.failures.count ?? 0 <= 3 else { throw Violation("\(id) was tried more than three times") }
    }

    private mutating func end(_ id: JobID, _ state: JobState) throws {
        guard let job = jobs[id], job.state == .pending else { throw Violation("\(id) ended twice") }
        switch state {
        case .done:
            guard job.rows.count == job.description.examples.count else { throw Violation("\(id) done without rows") }
        case .failed, .cancelled:
            guard job.lease == nil else { throw Violation("\(id) ended with a lease") }
        case .pending: throw Violation("\(id) is pending already")
        }
        jobs[id]?.state = state
        if let lease = job.lease { jobs[id]?.pastLeases.append(lease) }
        jobs[id]?.lease = nil
    }

    private mutating func end(run id: RunID, _ state: RunState) throws {
        guard let index = runs.firstIndex(where: { $0.id == id }), runs[index].state == .running else {
            throw Violation("run \(id) ended twice")
        }
        let states = runs[index].jobs.compactMap { jobs[$0]?.state }
        let isComplete = states.allSatisfy { $0 == .done }
        if state == .complete, !isComplete { throw Violation("run \(id) is called complete and is not") }
        if state == .incomplete, isComplete || states.contains(.pending) {
            throw Violation("run \(id) is called incomplete and is not")
        }
        runs[index].state = state
    }

    /// What a coordinator reads at its start.
    func unfinishedRuns() -> [RunDescription] {
        runs.filter { $0.state == .running }.map { run in
            let all = run.jobs.compactMap { jobs[$0] }
            let over = all.filter { $0.state != .pending }
            let pending = all.filter { $0.state == .pending }.map { job in
                var description = job.description
                description.missing = description.examples.filter { job.rows[$0] == nil }
                description.epoch = job.epoch
                description.leases = job.lease.map { [$0] } ?? []
                description.pastLeases = job.pastLeases
                description.failures = job.failures
                return description
            }
            // Rows of failed jobs that are missing stay missing: the scheduler counts none of them.
            return RunDescription(
                id: run.id, jobs: pending, rowsOfFinishedJobs: UInt64(over.reduce(0) { $0 + $1.rows.count }),
                failedJobs: over.count { $0.state != .done }, bindings: bindings[run.id] ?? [:])
        }
    }
}

import Cluster

/// How jobs and runs end, and what a coordinator finds at its start.
extension StoreModel {
    mutating func end(_ id: JobID, _ state: JobState) throws {
        guard let job = jobs[id], job.state == .pending else { throw Violation("\(id) ended twice") }
        switch state {
        case .done:
            guard job.rows.count == job.description.examples.count else { throw Violation("\(id) done without rows") }
        case .failed(let detail):
            let missing = job.description.examples.filter { job.rows[$0] == nil }
            guard !missing.isEmpty else { throw Violation("\(id) failed with all of its rows") }
            if missing.contains(where: { !job.givenUp.contains($0) }) {
                guard poison(in: id, where: { if case .data(names: false) = $0 { true } else { false } }) else {
                    throw Violation("\(id) failed for no reason: \(detail)")
                }
                jobs[id]?.givenUp.formUnion(missing)
            }
        case .cancelled:
            guard job.leases.isEmpty else { throw Violation("\(id) ended with a lease") }
        case .pending: throw Violation("\(id) is pending already")
        }
        jobs[id]?.state = state
        jobs[id]?.pastLeases += job.leases
        jobs[id]?.leases = []
    }

    private func poison(in job: JobID, where isMeant: (Poison) -> Bool) -> Bool {
        scenario.poison[job]?.values.contains(where: isMeant) ?? false
    }

    mutating func end(run id: RunID, _ state: RunState) throws {
        guard let index = runs.firstIndex(where: { $0.id == id }), runs[index].state == .running else {
            throw Violation("run \(id) ended twice")
        }
        let all = runs[index].jobs.compactMap { jobs[$0] }
        let isComplete = all.allSatisfy { $0.rows.count == $0.description.examples.count }
        if state == .complete, !isComplete { throw Violation("run \(id) is called complete and is not") }
        if state == .incomplete, isComplete || all.contains(where: { $0.state == .pending }) {
            throw Violation("run \(id) is called incomplete and is not")
        }
        if let job = all.first(where: { !$0.leases.isEmpty }) {
            throw Violation("run \(id) is over, and \(job.description.id) has a lease")
        }
        runs[index].state = state
    }

    /// What a coordinator reads at its start. Leases that were to compare rows end with the coordinator that chose them.
    mutating func recover() -> [RunDescription] {
        for id in runs.flatMap(\.jobs) where jobs[id]?.state != .pending {
            let open = jobs[id]?.leases ?? []
            jobs[id]?.pastLeases += open
            jobs[id]?.leases = []
        }
        for id in jobs.keys { jobs[id]?.failuresInRow = 0 }
        return runs.filter { $0.state == .running }.map { describe($0.id) }
    }

    /// A run as the scheduler takes it in again.
    func describe(_ id: RunID) -> RunDescription {
        let (jobs, priority) = runs.first { $0.id == id }.map { ($0.jobs, $0.priority) } ?? ([], 0)
        let all = jobs.compactMap { self.jobs[$0] }
        let over = all.filter { $0.state != .pending }
        return RunDescription(
            id: id, priority: priority, jobs: all.filter { $0.state == .pending }.map { describe($0) },
            // Rows of failed jobs that are missing stay missing: the scheduler counts none of them.
            rowsOfFinishedJobs: UInt64(over.reduce(0) { $0 + $1.rows.count }),
            failedJobs: over.count { $0.state != .done }, bindings: bindings[id] ?? [:])
    }

    private func describe(_ job: Job) -> JobDescription {
        var description = job.description
        description.missing = description.examples.filter { job.rows[$0] == nil }
        description.givenUp = job.givenUp.sorted()
        description.epoch = job.epoch
        description.leases = job.leases
        description.pastLeases = job.pastLeases
        description.failures = job.failures
        return description
    }

    /// The jobs of a run that are missing rows because their author was revoked.
    func reopened(of id: RunID) -> [JobDescription] { describe(id).jobs }

    /// Takes up a run that a user cancelled, or that ended incomplete: what failed is tried anew.
    mutating func resume(_ id: RunID) -> RunDescription? {
        guard let index = runs.firstIndex(where: { $0.id == id }),
            runs[index].state == .cancelled || runs[index].state == .incomplete
        else { return nil }
        runs[index].state = .running
        for job in runs[index].jobs where jobs[job]?.state != .done {
            jobs[job]?.state = .pending
            jobs[job]?.givenUp = []
            jobs[job]?.failures = []
            jobs[job]?.failuresInRow = 0
        }
        return describe(id)
    }

    /// What must hold of a run that is over: stored rows = manifest − named failures, and only poison was named.
    func verify(_ id: RunID, accidents: [JobID: [UInt32: Int]]) throws {
        guard let run = runs.first(where: { $0.id == id }), run.state != .cancelled else { return }
        for job in run.jobs.compactMap({ jobs[$0] }) {
            let id = job.description.id
            for example in job.description.examples where job.rows[example] == nil && !job.givenUp.contains(example) {
                throw Violation("example \(example) of \(id) is neither stored nor named")
            }
            for example in job.givenUp.sorted() { try verify(givenUp: example, of: job, accidents) }
            for (example, stored) in job.rows.sorted(by: { $0.key < $1.key }) {
                if stored.row != Self.row(id, example), isHonest(stored.worker) {
                    throw Violation("row \(example) of \(id) is wrong")
                }
            }
        }
    }

    private func verify(givenUp example: UInt32, of job: Job, _ accidents: [JobID: [UInt32: Int]]) throws {
        let id = job.description.id
        guard job.rows[example] == nil else { throw Violation("example \(example) of \(id) has a row and is given up") }
        // Whoever kills a worker at the same example again and again cannot be told from the example.
        guard scenario.poison[id]?[example] == nil, accidents[id]?[example] ?? 0 < 3 else { return }
        guard !poison(in: id, where: { if case .data(names: false) = $0 { true } else { false } }) else { return }
        throw Violation("example \(example) of \(id) was given up for no reason")
    }

    private func isHonest(_ worker: WorkerKey) -> Bool {
        if case .honest? = scenario.workers.first(where: { $0.key == worker })?.honesty { true } else { false }
    }
}

import Cluster
import Store
import Testing

@Suite("Leases of every purpose")
struct LeaseTests: OneRun {
    let stage: Stage

    init() throws { stage = try Stage() }

    private func grant(_ epoch: UInt64, _ purpose: LeasePurpose, to worker: WorkerKey) throws -> ChangeOutcome {
        try store.grant(job, epoch: epoch, to: worker, purpose)
    }

    @Test("a job has one open lease of each purpose, and one of each worker")
    func purposes() throws {
        #expect(try grant(1, .score, to: Sample.worker) == .applied)
        #expect(try grant(2, .backup, to: Sample.worker) == .refused(reason: "a worker has one lease of a job"))
        #expect(try grant(2, .backup, to: Sample.other) == .applied)
        let third = String(repeating: "t", count: 40)
        guard case .refused = try grant(3, .backup, to: third) else {
            Issue.record("a second backup was granted")
            return
        }
        #expect(try grant(3, .check, to: third) == .applied)
        let leases = try store.read { try $0.description(of: "sample").jobs[0] }
        #expect(leases.leases.map(\.purpose) == [.score, .backup, .check] && leases.epoch == 3)
    }

    @Test(
        "leases end for every reason, and the job is granted again",
        arguments: [
            ReleaseReason.expired, .returned, .failed, .disowned, .cancelled, .moved, .revoked,
        ])
    func reasons(reason: ReleaseReason) throws {
        _ = try grant(1, .score, to: Sample.worker)
        #expect(try store.commit([.released(job: job, epoch: 1, reason: reason)]) == [.applied])
        #expect(try grant(2, .score, to: Sample.worker) == .applied)
        let description = try store.read { try $0.description(of: "sample").jobs[0] }
        #expect(description.pastLeases.map(\.epoch) == [1] && description.leases.map(\.epoch) == [2])
        #expect(description.failures.count == (reason == .failed ? 1 : 0))
    }

    @Test("the rows of a check are compared with the stored ones and counted once")
    func check() throws {
        _ = try grant(1, .score, to: Sample.worker)
        try store.score(job, (0..<4).map { Sample.row($0) })
        try store.commit([.job(job, .done)])
        _ = try grant(2, .check, to: Sample.other)
        let rows = [Sample.row(0), Sample.row(1, [-3, -4]), Sample.row(2)]
        #expect(
            try store.score(job, rows, epoch: 2, by: Sample.other)
                == .rows(RowOutcome(duplicates: [0, 2], disagreements: [1])))
        #expect(try store.read { try $0.run("sample").rows } == 4)
        try store.commit([.withdrawn(job: job, examples: [1], detail: "refuted")])
        #expect(
            try store.score(job, [Sample.row(1, [-3, -4])], epoch: 2, by: Sample.other) == .rows(RowOutcome(new: 1)))
        #expect(try store.read { try $0.disagreements(run: "sample") }.isEmpty)
        #expect(try store.commit([.job(job, .done)]) == [.applied])
    }

    @Test("a job that is over has no open lease of any purpose", arguments: [JobState.done, .cancelled])
    func over(state: JobState) throws {
        _ = try grant(1, .score, to: Sample.worker)
        _ = try grant(2, .backup, to: Sample.other)
        try store.score(job, (0..<4).map { Sample.row($0) })
        try store.commit([.job(job, state)])
        #expect(try grant(3, .check, to: Sample.worker) == .applied)
        #expect(try grant(4, .score, to: Sample.other) == .applied)
    }
}

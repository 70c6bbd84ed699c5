import Cluster
import GRDB
import Store
import TestSupport
import Testing

@Suite("Scores that are put aside")
struct WithdrawalTests: OneRun {
    let stage: Stage

    init() throws { stage = try Stage() }

    private func rows(_ run: RunID = "sample") throws -> Int { try store.read { try $0.run(run).rows } }

    @Test("a refuted row is missing again, its job pending, and its copy stays on record")
    func withdrawn() throws {
        try store.complete(manifest)
        #expect(try store.commit([.withdrawn(job: job, examples: [1, 2], detail: "refuted by two")]) == [.applied])
        #expect(try rows() == 18)
        let description = try store.read { try $0.description(of: "sample") }
        #expect(description.jobs.map(\.id) == [job] && description.jobs[0].missing == [1, 2])
        #expect(try store.commit([.run("sample", .complete)]) != [.applied])
        try store.read { view in
            let withdrawn = try view.withdrawn(run: "sample")
            #expect(withdrawn.map(\.example) == [1, 2])
            #expect(withdrawn.allSatisfy { $0.worker == Sample.worker && $0.detail == "refuted by two" })
            #expect(try view.events(run: "sample").last?.kind == "withdrawal")
        }
        try store.grant(job, epoch: 2, to: Sample.other)
        let again = [Sample.row(1, [-5, -6]), Sample.row(2)]
        #expect(try store.score(job, again, epoch: 2, by: Sample.other) == .rows(RowOutcome(new: 2)))
        #expect(try store.commit([.job(job, .done), .run("sample", .complete)]) == [.applied, .applied])
        #expect(try store.read { try $0.withdrawn(run: "sample").count } == 2)
    }

    @Test("only stored rows of a run that is going on are withdrawn")
    func refusals() throws {
        #expect(
            try store.commit([.withdrawn(job: job, examples: [1], detail: "")])
                == [.refused(reason: "job '\(job)' has no row of [1]")])
        try store.complete(manifest)
        try store.commit([.run("sample", .complete)])
        #expect(
            try store.commit([.withdrawn(job: job, examples: [1], detail: "")])
                == [.refused(reason: "the scores of a run that is over stay")])
        #expect(try rows() == 20)
    }

    @Test(
        "the schema lets no row go without its copy, and no copy or revocation at all",
        arguments: [
            ("DELETE FROM scores", "a score leaves only when its copy is put aside"),
            ("DELETE FROM withdrawn", "a withdrawn score is never deleted"),
            ("UPDATE withdrawn SET detail = ''", "a withdrawn score never changes"),
            ("DELETE FROM revocations", "a revocation is for ever"),
            ("UPDATE scores SET best = 0", "a stored score never changes"),
            ("DELETE FROM events", "an event is never deleted"),
        ])
    func schema(sql: String, reason: String) throws {
        try store.complete(manifest)
        try store.grant(job, epoch: 2, to: Sample.other)
        try store.commit([
            .withdrawn(job: job, examples: [1], detail: "refuted"), .revoked(Sample.other, detail: "lied"),
        ])
        try store.close()
        let queue = try DatabaseQueue(path: folder.path())
        let error = #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: sql) } }
        #expect(error?.message == reason)
        try queue.close()
    }

    @Test("a revoked worker's rows are missing again in runs that are going on, and named in those that are over")
    func revoked() throws {
        let over = Sample.manifest(run: "over")
        try store.createRun(over)
        try store.complete(over)
        try store.commit([.run("over", .complete)])
        try store.complete(manifest)
        let second = manifest.shards[1].job
        try store.commit([.withdrawn(job: second, examples: [5], detail: "refuted")])
        try store.grant(second, epoch: 2, to: Sample.other)
        try store.score(second, [Sample.row(5)], epoch: 2, by: Sample.other)
        try store.commit([.job(second, .done)])
        try store.grant(manifest.shards[2].job, epoch: 2, to: Sample.other, .check)

        let outcome = try store.commit([.revoked(Sample.other, detail: "two refuted rows")])[0]
        guard case .reopened(let runs) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(runs.map(\.run) == ["sample"])
        #expect(runs[0].jobs.map(\.id) == [second] && runs[0].jobs[0].missing == [5])
        #expect(runs[0].jobs[0].epoch == 2 && runs[0].jobs[0].leases.isEmpty)
        #expect(try rows() == 19)
        #expect(try store.commit([.revoked(Sample.worker, detail: "too")])[0] != .reopened([]))
        #expect(try rows() == 0)
        try store.read { view throws in
            #expect(
                try view.rowsOfRevokedWorkers(run: "over")
                    == [TaintedRows(worker: Sample.worker, detail: "too", rows: 20)])
            #expect(try view.rowsOfRevokedWorkers(run: "sample").isEmpty)
            #expect(try view.revocations().map(\.worker) == [Sample.worker, Sample.other])
        }
        #expect(try store.recovery().revoked == [Sample.worker, Sample.other])
    }

    @Test("a revoked worker gets no lease, its late rows are not stored, and it stays revoked")
    func refused() throws {
        try store.grant(job)
        #expect(try store.commit([.revoked(Sample.worker, detail: "lied")]) == [.reopened([])])
        #expect(try store.score(job, [Sample.row(0)]) == .rows(RowOutcome(unexpected: [0])))
        #expect(try store.grant(job, epoch: 2) == .refused(reason: "a revoked worker gets no lease"))
        #expect(try store.commit([.revoked(Sample.worker, detail: "again")]) == [.reopened([])])
        try store.close()
        let reopened = try Sample.open(folder.path())
        #expect(try reopened.read { try $0.revocations().map(\.detail) } == ["lied"])
        #expect(try reopened.recovery().runs[0].jobs[0].leases.isEmpty)
        try reopened.close()
    }

    @Test("rows that were taken over from a revoked worker's are put aside too, and are not taken over again")
    func takenOver() throws {
        try store.complete(manifest)
        try store.commit([.run("sample", .complete)])
        #expect(try store.createRun(Sample.manifest(run: "second"), reusingScoresOf: "0.1") == 20)
        #expect(try store.createRun(Sample.manifest(run: "third"), reusingScoresOf: "0.1") == 20)
        try store.commit([.run("third", .complete)])
        guard case .reopened(let runs) = try store.commit([.revoked(Sample.worker, detail: "lied")])[0] else {
            Issue.record("the worker was not revoked")
            return
        }
        #expect(runs.map(\.run) == ["second"] && runs[0].jobs.count == 6)
        #expect(try rows("second") == 0)
        #expect(try rows("third") == 20)
        #expect(try store.read { try $0.rowsOfRevokedWorkers(run: "third").map(\.rows) } == [20])
        #expect(try store.createRun(Sample.manifest(run: "fourth"), reusingScoresOf: "0.1") == 0)
    }
}

import Cluster
import Store
import Testing
import Wire

@Suite("Promises of the schema")
struct PromiseTests: OneRun {
    let stage: Stage

    init() throws { stage = try Stage() }

    @Test("an equal row is a duplicate and changes nothing")
    func duplicate() throws {
        try store.grant(job)
        #expect(try store.score(job, [Sample.row(0), Sample.row(1)]) == .rows(RowOutcome(new: 2)))
        #expect(try store.score(job, [Sample.row(1), Sample.row(2)]) == .rows(RowOutcome(new: 1, duplicates: [1])))
        let cell = try store.read { try $0.cells(run: "sample")[0] }
        #expect(cell.rows == 3)
        #expect(try store.read { try $0.disagreements(run: "sample") }.isEmpty)
    }

    @Test("a different row is kept as a disagreement and never overwrites")
    func disagreement() throws {
        try store.grant(job)
        try store.score(job, [Sample.row(0, [-1, -2])])
        try store.commit([.released(job: job, epoch: 1, reason: .expired)])
        try store.grant(job, epoch: 2, to: Sample.other)
        let late = Sample.row(0, [-1, -3])
        #expect(try store.score(job, [late], epoch: 2, by: Sample.other) == .rows(RowOutcome(disagreements: [0])))
        #expect(try store.score(job, [late], epoch: 2, by: Sample.other) == .rows(RowOutcome(disagreements: [0])))
        try store.read { view in
            let scores = try view.scores(cell: try view.cells(run: "sample")[0].id)
            #expect(scores.map { $0.choices.map(\.loglikelihood) } == [[-1, -2]])
            let disagreements = try view.disagreements(run: "sample")
            #expect(disagreements.map { $0.choices.map(\.loglikelihood) } == [[-1, -3]])
            #expect(disagreements.map(\.engine) == ["cpu/test/o"])
            #expect(try view.events(run: "sample").contains { $0.kind == "disagreement" })
        }
    }

    @Test("rows that the job does not have are counted and not stored")
    func unexpected() throws {
        try store.grant(job)
        let rows = [
            Sample.row(0), Sample.row(4), Sample.row(99), Sample.row(1, [-1]), Sample.row(2, [-1, -2, -3]),
            Sample.row(3, []),
        ]
        #expect(try store.score(job, rows) == .rows(RowOutcome(new: 1, unexpected: [4, 99, 1, 2, 3])))
    }

    @Test("rows under a lease that was never granted to the worker are not stored")
    func foreignLease() throws {
        try store.grant(job)
        let rows = [Sample.row(0)]
        let refused = ChangeOutcome.rows(RowOutcome(unexpected: [0]))
        #expect(try store.score(job, rows, epoch: 2) == refused)
        #expect(try store.score(job, rows, by: Sample.other) == refused)
        #expect(try store.score("no such job", rows) == refused)
        #expect(try store.score(job, rows, epoch: .max) == refused)
        #expect(try store.score(job, rows) == .rows(RowOutcome(new: 1)))
    }

    @Test("late rows of a lost lease still fill gaps")
    func salvage() throws {
        try store.grant(job)
        try store.commit([.released(job: job, epoch: 1, reason: .expired)])
        #expect(try store.score(job, [Sample.row(0)]) == .rows(RowOutcome(new: 1)))
    }

    @Test("a job is done and a run complete only when no row is missing")
    func completeness() throws {
        try store.grant(job)
        try store.score(job, [Sample.row(0), Sample.row(1), Sample.row(2)])
        let early = try store.commit([.job(job, .done), .run("sample", .complete)])
        #expect(
            early == [
                .refused(reason: "a job with missing rows is not done"),
                .refused(reason: "a run with missing rows is not complete"),
            ])
        try store.score(job, [Sample.row(3)])
        #expect(try store.commit([.job(job, .done), .run("sample", .complete)])[0] == .applied)
        #expect(try store.read { try $0.run("sample").state } == .running)
        #expect(try store.commit([.job(job, .pending)]) == [.refused(reason: "a job that is done stays done")])

        for shard in manifest.shards.dropFirst() {
            try store.grant(shard.job)
            try store.score(shard.job, shard.examples.map { Sample.row($0) })
        }
        #expect(try store.commit([.run("sample", .complete)]) == [.applied])
        let run = try store.read { try $0.run("sample") }
        #expect(run.state == .complete)
        #expect(run.finished == 1_700_000_100)
        #expect(run.rows == run.rowsExpected && run.rows == 20)
    }

    @Test("epochs only rise and a job has one open lease")
    func epochs() throws {
        #expect(try store.grant(job, epoch: 2) == .applied)
        #expect(try store.grant(job, epoch: 2) == .refused(reason: "the epoch of a job only rises"))
        #expect(try store.grant(job, epoch: 1) == .refused(reason: "the epoch of a job only rises"))
        guard case .refused = try store.grant(job, epoch: 3) else {
            Issue.record("a second open lease was granted")
            return
        }
        let outcomes = try store.commit([
            .released(job: job, epoch: 2, reason: .returned),
            .granted(Lease(job: job, epoch: 3, worker: Sample.worker, incarnation: store.incarnation)),
        ])
        #expect(outcomes == [.applied, .applied])
    }

    @Test("a refused change leaves the rest of its commit in place")
    func refusalIsLocal() throws {
        let outcomes = try store.commit(
            [
                .bound(run: "sample", model: Sample.hash, engine: Sample.engine(named: "cpu").identity),
                .granted(Lease(job: job, epoch: 1, worker: Sample.worker, incarnation: store.incarnation)),
                .job("no such job", .done), .run("no such run", .complete),
                .scored(job: job, epoch: 1, worker: Sample.worker, rows: [Sample.row(0)]),
            ], engines: [Sample.worker: Sample.engine(named: "cpu")])
        #expect(
            outcomes == [
                .applied, .applied, .refused(reason: "no job 'no such job'"), .refused(reason: "no run 'no such run'"),
                .rows(RowOutcome(new: 1)),
            ])
    }

    @Test("a right answer is counted by gold, or by greediness where there is no gold")
    func correctness() throws {
        try store.grant(job)
        try store.score(job, [Sample.row(0, [-1, -2]), Sample.row(1, [-1, -2]), Sample.row(2, [-2, -2])])
        #expect(try store.read { try $0.cells(run: "sample")[0].correct } == 2)
    }

    @Test(
        "log-likelihoods come back bit for bit",
        arguments: [
            -Double.infinity, .nan, Double(bitPattern: 0xFFF8_0000_0000_0BAD), -0.0, .leastNonzeroMagnitude,
            -12.345678901234567,
        ])
    func exactness(value: Double) throws {
        try store.grant(job)
        var row = Sample.row(0, [value, -1])
        row.flopsReduction = value
        row.choices[1].margin = .nan
        row.choices[1].greedy = true
        try store.score(job, [row])
        #expect(try store.score(job, [row]) == .rows(RowOutcome(duplicates: [0])))
        let score = try store.read { try $0.scores(cell: try $0.cells(run: "sample")[0].id)[0] }
        #expect(score.choices[0].loglikelihood.bitPattern == value.bitPattern)
        #expect(score.choices[1].margin.bitPattern == Float.nan.bitPattern)
        #expect(score.choices.map(\.greedy) == [false, true])
        #expect(score.flopsReduction.isNaN == value.isNaN)
    }
}

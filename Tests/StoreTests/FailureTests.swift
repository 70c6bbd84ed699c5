import Cluster
import Store
import Testing

@Suite("Named failures, and runs that go on after them")
struct FailureTests: OneRun {
    let stage: Stage

    init() throws { stage = try Stage() }

    /// Everything but examples 1 and 3 of the first job, which are given up.
    private func endIncomplete() throws {
        try store.grant(job)
        try store.score(job, [Sample.row(0), Sample.row(2)])
        let named = try store.commit([
            .gaveUp(job: job, example: 3, detail: "crash"), .gaveUp(job: job, example: 1, detail: "endless loop"),
            .job(job, .failed(detail: "2 examples given up")),
        ])
        #expect(named == [.applied, .applied, .applied])
        for shard in manifest.shards.dropFirst() {
            try store.grant(shard.job)
            try store.score(shard.job, shard.examples.map { Sample.row($0) })
            try store.commit([.job(shard.job, .done)])
        }
        #expect(try store.commit([.run("sample", .complete)]) != [.applied])
        #expect(try store.commit([.run("sample", .incomplete)]) == [.applied])
    }

    @Test("each example that was given up is named with its own reason; the stored rows are the rest of the manifest")
    func named() throws {
        try endIncomplete()
        try store.read { view in
            let failures = try view.failures(run: "sample")
            #expect(failures.map(\.examples) == [[1], [3]])
            #expect(failures.map(\.detail) == ["endless loop", "crash"])
            let run = try view.run("sample")
            #expect(run.failures == 2 && run.rows == run.rowsExpected - run.failures)
        }
    }

    @Test("a job that goes on tells a restarted coordinator what was given up")
    func recovered() throws {
        try store.commit([.gaveUp(job: job, example: 3, detail: "crash")])
        let description = try store.recovery().runs[0].jobs[0]
        #expect(description.givenUp == [3] && description.missing == [0, 1, 2, 3])
        #expect(try store.read { try $0.run("sample").failures } == 1)
    }

    @Test("an example that has its row, or that the job does not have, is not given up")
    func refused() throws {
        try store.grant(job)
        try store.score(job, [Sample.row(0)])
        #expect(
            try store.commit([
                .gaveUp(job: job, example: 0, detail: ""), .gaveUp(job: job, example: 9, detail: ""),
            ]) == [
                .refused(reason: "an example that has its row is not given up"),
                .refused(reason: "no example 9 in job '\(job)'"),
            ])
    }

    @Test("a late row of an example that was given up counts")
    func late() throws {
        try store.grant(job)
        try store.commit([.gaveUp(job: job, example: 0, detail: "crash")])
        #expect(try store.score(job, [Sample.row(0)]) == .rows(RowOutcome(new: 1)))
        #expect(try store.read { try $0.failures(run: "sample") }.isEmpty)
        #expect(try store.read { try $0.run("sample").failures } == 0)
    }

    @Test("a job without any given-up example that fails names all that it misses")
    func whole() throws {
        try store.grant(job)
        try store.score(job, [Sample.row(2)])
        try store.commit([.job(job, .failed(detail: "no such model"))])
        let failures = try store.read { try $0.failures(run: "sample") }
        #expect(failures.map(\.examples) == [[0, 1, 3]] && failures[0].detail == "no such model")
    }

    @Test("a run with rows that are missing without a name ends neither complete nor incomplete")
    func unnamed() throws {
        #expect(
            try store.commit([.run("sample", .incomplete)])
                == [.refused(reason: "a run that ends incomplete names every example that it misses")])
        #expect(try store.commit([.run("sample", .cancelled)]) == [.applied])
        #expect(
            try store.commit([.run("sample", .incomplete)])
                == [.refused(reason: "a run that is over stays as it ended, unless it is resumed")])
    }

    @Test("a run with named failures goes on when it is resumed, and forgets them")
    func resumed() throws {
        try endIncomplete()
        try store.commit([.released(job: job, epoch: 1, reason: .failed)])
        #expect(try store.reopen("sample") == 2)
        let run = try #require(try store.recovery().runs.first)
        #expect(run.jobs.map(\.id) == [job] && run.jobs[0].missing == [1, 3] && run.jobs[0].epoch == 1)
        #expect(run.jobs[0].givenUp.isEmpty && run.jobs[0].failures.isEmpty && run.failedJobs == 0)
        #expect(try store.read { try $0.failures(run: "sample") }.isEmpty)
        #expect(try store.read { try $0.events(run: "sample").map(\.kind) }.suffix(1) == ["run resumed"])
        try store.grant(job, epoch: 2)
        try store.score(job, [Sample.row(1), Sample.row(3)], epoch: 2)
        #expect(try store.commit([.job(job, .done), .run("sample", .complete)]) == [.applied, .applied])
    }

    @Test("a cancelled run goes on when it is resumed")
    func cancelled() throws {
        try store.grant(job)
        try store.score(job, [Sample.row(0)])
        try store.commit(manifest.shards.map { .job($0.job, .cancelled) } + [.run("sample", .cancelled)])
        #expect(try store.recovery().runs.isEmpty)
        #expect(try store.reopen("sample") == 19)
        let run = try #require(try store.recovery().runs.first)
        #expect(run.jobs.count == 6 && run.jobs.allSatisfy(\.leases.isEmpty))
        #expect(try store.grant(job, epoch: 2) == .applied)
    }

    @Test("a run that is going on or complete is not resumed, and says what to do")
    func notResumable() throws {
        #expect(throws: StoreError.notResumable("sample", state: .running)) { try store.reopen("sample") }
        #expect(throws: StoreError.unknownRun("x", known: ["sample"])) { try store.reopen("x") }
        try store.complete(manifest)
        try store.commit([.run("sample", .complete)])
        let error = #expect(throws: StoreError.notResumable("sample", state: .complete)) {
            try store.reopen("sample")
        }
        #expect(error?.description.contains("--fresh") == true)
    }

    @Test("rows of a worker that was revoked while the run was over are missing when it is resumed")
    func revokedMeanwhile() throws {
        try endIncomplete()
        try store.commit([.revoked(Sample.worker, detail: "lied")])
        #expect(try store.read { try $0.run("sample").rows } == 18)
        #expect(try store.reopen("sample") == 20)
    }
}

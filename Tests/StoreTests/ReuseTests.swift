import Cluster
import Foundation
import Store
import TestSupport
import Testing
import Wire

/// A run that asks what an earlier one asked takes its rows over, and only then.
struct ReuseTests {
    let folder: TemporaryFolder
    let store: ResultsStore

    init() throws {
        folder = try TemporaryFolder()
        store = try Sample.open(folder.path())
        let earlier = Sample.manifest(run: "earlier")
        try store.createRun(earlier)
        try store.complete(earlier)
        try store.commit([.run("earlier", .complete)])
    }

    private func scores(of run: RunID) throws -> [[ScoreRecord]] {
        try store.read { view in try view.cells(run: run).map { try view.scores(cell: $0.id) } }
    }

    @Test("rows of the same identity are taken over, with who computed them")
    func takesOver() throws {
        #expect(try store.createRun(Sample.manifest(run: "again"), reusingScoresOf: "0.1") == 20)
        let (old, new) = (try scores(of: "earlier"), try scores(of: "again"))
        #expect(new.map { $0.map(\.digest) } == old.map { $0.map(\.digest) })
        #expect(new.joined().allSatisfy { $0.worker == "run earlier" && $0.build == "0.1" })
        let description = try store.read { try $0.description(of: "again") }
        #expect(description.jobs.isEmpty)
        #expect(description.rowsOfFinishedJobs == 20)
        #expect(try store.commit([.run("again", .complete)]) == [.applied])
    }

    @Test("rows that the earlier run does not have are left to compute, by its engine")
    func part() throws {
        #expect(
            try store.createRun(Sample.manifest(run: "longer", documents: 11, shardSize: 3), reusingScoresOf: "0.1")
                == 20)
        let description = try store.read { try $0.description(of: "longer") }
        #expect(description.jobs.map(\.missing) == [[10], [10]])
        #expect(description.jobs.map(\.epoch) == [1, 1])
        #expect(description.bindings == [Sample.hash: "0.1 cpu/test"])
    }

    static let other = String(repeating: "01", count: 32)

    @Test(
        "a difference in the identity takes nothing over",
        arguments: [
            "model", "tokenizer", "data", "tokens", "reduction", "precision",
        ])
    func differences(part: String) throws {
        var manifest = Sample.manifest(run: "other")
        switch part {
        case "model": manifest.models[0].sha256 = Self.other
        case "tokenizer": manifest.benchmarks[0].tokenizerSHA256 = Self.other
        case "data": manifest.benchmarks[0].dataSHA256 = Self.other
        case "tokens":
            for index in manifest.benchmarks[0].examples.indices {
                manifest.benchmarks[0].examples[index].requests.groups[0].context = [9]
            }
        case "reduction":
            manifest.cells[0].reduction = #"{"method":"evit"}"#
            manifest.cells[1].reduction = #"{"method":"ltmp"}"#
        default: for index in manifest.cells.indices { manifest.cells[index].precision = "bf16" }
        }
        #expect(try store.createRun(manifest, reusingScoresOf: "0.1") == 0)
        #expect(try store.read { try $0.description(of: "other") }.jobs.count == 6)
    }

    @Test("another build takes nothing over, nor does a run that asks for fresh rows", arguments: ["0.2", nil])
    func builds(build: String?) throws {
        #expect(try store.createRun(Sample.manifest(run: "other"), reusingScoresOf: build) == 0)
    }

    @Test("a row that was contradicted is computed again")
    func contradicted() throws {
        let job = Sample.manifest(run: "earlier").shards[0].job
        let outcome = try store.score(job, [Sample.row(2, [-5, -1])])
        #expect(outcome == .rows(RowOutcome(disagreements: [2])))
        #expect(try store.createRun(Sample.manifest(run: "again"), reusingScoresOf: "0.1") == 19)
        #expect(try store.read { try $0.description(of: "again") }.jobs.map(\.missing) == [[2]])
    }

    @Test("of two engines' rows one kind is taken over, so that a model's rows come from one engine")
    func engines() throws {
        let second = Sample.manifest(run: "second")
        try store.createRun(second)
        let engine = Sample.engine(named: "cuda/sm90", arithmetic: "cuda")
        try store.commit([.bound(run: "second", model: Sample.hash, engine: engine.identity)])
        let shard = second.shards[0]
        let lease = Lease(job: shard.job, epoch: 1, worker: Sample.other, incarnation: store.incarnation)
        let rows = shard.examples.map { Sample.row($0, [-3, -4]) }
        try store.commit(
            [.granted(lease), .scored(job: shard.job, epoch: 1, worker: Sample.other, rows: rows)],
            engines: [Sample.other: engine])
        #expect(try store.createRun(Sample.manifest(run: "third"), reusingScoresOf: "0.1") == 20)
        #expect(Set(try scores(of: "third").joined().map(\.engine)) == ["cpu/test/w"])
    }

    @Test("the schema refuses a row of another engine than its model is bound to")
    func mixing() throws {
        let manifest = Sample.manifest(run: "mixed")
        try store.createRun(manifest)
        let job = manifest.shards[0].job
        try store.grant(job)
        let engine = Sample.engine(named: "cuda/sm90", arithmetic: "cuda")
        let outcome = try store.commit(
            [.scored(job: job, epoch: 1, worker: Sample.worker, rows: [Sample.row(0)])],
            engines: [Sample.worker: engine])[0]
        #expect(outcome == .refused(reason: "a score of another engine than its model is bound to"))
        let rebound = try store.commit([.bound(run: "mixed", model: Sample.hash, engine: engine.identity)])[0]
        #expect(rebound == .refused(reason: "a model that is bound to an engine stays so"))
        #expect(try scores(of: "mixed")[0].isEmpty)
    }
}

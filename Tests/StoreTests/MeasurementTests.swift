import Cluster
import Foundation
import GRDB
import Store
import TestSupport
import Testing
import Wire

@Suite("Measurements")
struct MeasurementTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    static let measure = #"{"batch":2,"kind":"throughput","new_tokens":3,"prompt_tokens":8,"repeats":2}"#

    /// One model measured unreduced and reduced.
    static func manifest(_ run: RunID = "measured") -> RunManifest {
        let example = ManifestExample(
            index: 0, document: measure, documentHash: Sample.hash, target: "", gold: nil,
            prompts: [.init(context: "", continuation: "", characters: 0, bytes: 0)],
            requests: .with { $0.measure = .with { ($0.kind, $0.batch) = ("throughput", 2) } })
        let reductions = [#"{"method":"none"}"#, #"{"method":"utrc"}"#]
        return RunManifest(
            run: run, name: "quick", job: "{}", build: "0.1", created: 1_700_000_000,
            models: [
                ManifestModel(
                    id: "tiny", path: "", sha256: Sample.hash,
                    summary: #"{"published_shape":"tiny","random_seed":7}"#, parameters: 1000)
            ],
            benchmarks: [
                ManifestBenchmark(
                    name: "throughput-2x8+3", data: "", dataSHA256: Sample.hash, tokenizerSHA256: Sample.hash,
                    documents: 1, examples: [example], measure: measure)
            ],
            cells: reductions.map {
                ManifestCell(model: "tiny", reduction: $0, benchmark: "throughput-2x8+3", precision: "fp32")
            },
            shards: reductions.indices.map { ManifestShard(run: run, cell: $0, examples: [0], tokens: 22) })
    }

    static func row(_ seconds: Double = 0.5, weightBytes: UInt64 = 1000) -> WireRow {
        var row = Sample.row(0, [-3])
        row.measurement = .with {
            ($0.weightBytes, $0.activationBytes) = (weightBytes, 2000)
            $0.passes = [
                .with {
                    ($0.promptSeconds, $0.stepSeconds, $0.plainPromptSeconds, $0.plainStepSeconds) = (
                        seconds, 1, 0.75, 1.25
                    )
                }
            ]
        }
        return row
    }

    @Test("a measurement is stored to the bit beside its row, and the first of two stays")
    func stored() throws {
        let store = try Sample.open(folder.path())
        let manifest = Self.manifest()
        try store.createRun(manifest)
        let job = manifest.shards[1].job
        try store.grant(job)
        #expect(try store.score(job, [Self.row(0.1)]) == .rows(RowOutcome(new: 1)))
        // Nobody measures the same twice: a second row is no contradiction.
        #expect(try store.score(job, [Self.row(0.2)]) == .rows(RowOutcome(duplicates: [0])))
        try store.read { view in
            let cells = try view.cells(run: "measured")
            #expect(cells.map(\.measure) == [Self.measure, Self.measure])
            #expect(try view.measurement(cell: cells[0].id) == nil)
            let found = try #require(try view.measurement(cell: cells[1].id))
            #expect(found.weightBytes == 1000 && found.activationBytes == 2000)
            #expect(found.passes.map(\.promptSeconds) == [0.1] && found.passes.map(\.plainSeconds) == [2])
            #expect(try view.disagreements(run: "measured").isEmpty)
        }
        try store.close()
    }

    @Test("a row without a measurement, with one that nobody asked for, or with one that is no number, is not taken")
    func unexpected() throws {
        let store = try Sample.open(folder.path())
        let manifest = Self.manifest()
        try store.createRun(manifest)
        try store.createRun(Sample.manifest())
        try store.grant(manifest.shards[0].job)
        for row in [Sample.row(0, [-3]), Self.row(.nan), Self.row(-1)] {
            #expect(try store.score(manifest.shards[0].job, [row]) == .rows(RowOutcome(unexpected: [0])))
        }
        let scored = Sample.manifest().shards[0].job
        try store.grant(scored)
        var row = Sample.row(1)
        row.measurement = WireMeasurement()
        #expect(try store.score(scored, [row]) == .rows(RowOutcome(unexpected: [1])))
        try store.close()
    }

    @Test("a later run of the same build measures anew, where it would take scores over")
    func notTakenOver() throws {
        let store = try Sample.open(folder.path())
        let first = Self.manifest()
        try store.createRun(first)
        for shard in first.shards {
            try store.grant(shard.job)
            try store.score(shard.job, [Self.row()])
        }
        #expect(try store.createRun(Self.manifest("again"), reusingScoresOf: "0.1") == 0)
        let jobs = try store.read { try $0.description(of: "again").jobs }
        #expect(jobs.map(\.measure) == ["throughput", "throughput"])
        #expect(jobs.map(\.missing) == [[0], [0]])
        try store.close()
    }

    @Test("a job tells how random weights are drawn")
    func random() throws {
        let store = try Sample.open(folder.path())
        let manifest = Self.manifest()
        try store.createRun(manifest)
        let order = try #require(try store.read { try $0.order(of: manifest.shards[0].job) })
        #expect(order.model.random?.shape == "tiny" && order.model.random?.seed == 7)
        let requests = try store.read { try $0.requests(job: manifest.shards[0].job, examples: [0]) }
        #expect(requests.map(\.measure.kind) == ["throughput"])
        try store.close()
    }

    @Test("a measurement goes with a row that is put aside, and never alone", arguments: [true, false])
    func withdrawn(revoked: Bool) throws {
        let store = try Sample.open(folder.path())
        let manifest = Self.manifest()
        try store.createRun(manifest)
        try store.grant(manifest.shards[0].job)
        try store.score(manifest.shards[0].job, [Self.row()])
        if revoked {
            try store.commit([.revoked(Sample.worker, detail: "lied")])
            try store.read { view in
                let cells = try view.cells(run: "measured")
                #expect(cells.map(\.rows) == [0, 0])
                #expect(try view.measurement(cell: cells[0].id) == nil)
            }
        }
        try store.close()
        guard !revoked else { return }
        let queue = try DatabaseQueue(path: folder.path())
        for change in ["DELETE FROM measurements", "UPDATE measurements SET weight_bytes = 1"] {
            #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: change) } }
        }
        try queue.close()
    }
}

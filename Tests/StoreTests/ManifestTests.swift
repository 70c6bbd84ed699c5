import Cluster
import Store
import TestSupport
import Testing

@Suite("The manifest")
struct ManifestTests {
    let folder: TemporaryFolder
    let store: ResultsStore

    init() throws {
        folder = try TemporaryFolder()
        store = try Sample.open(folder.path())
    }

    @Test("a run is read back as it was accepted")
    func roundTrip() throws {
        let manifest = Sample.manifest()
        try store.createRun(manifest)
        try store.read { view in
            let run = try view.run("sample")
            #expect(run.name == "quick" && run.build == "0.1" && run.state == .running && run.finished == nil)
            #expect(run.created == 1_700_000_000 && run.job == manifest.job && run.rowsExpected == 20)
            #expect(try view.models(run: "sample") == manifest.models)
            #expect(try view.cells(run: "sample").map(\.reduction) == manifest.cells.map(\.reduction))
            let benchmark = try view.benchmarks(run: "sample")[0]
            #expect(benchmark.name == "piqa" && benchmark.examples == 10 && benchmark.limit == nil)
            let documents = try view.documents(benchmark: benchmark.id)
            #expect(documents.map(\.index) == Array(0..<10))
            #expect(documents[3].prompts == manifest.benchmarks[0].examples[3].prompts)
            #expect(documents[3].gold == 1 && documents[3].tokens == 8)
            let job = manifest.shards[1].job
            #expect(
                try view.requests(job: job, examples: [6, 4, 77])
                    == [6, 4].map { manifest.benchmarks[0].examples[$0].requests })
            let order = try #require(try view.order(of: job))
            #expect(order.cell == 0 && order.model == manifest.models[0] && order.precision == "fp32")
            #expect(try view.order(of: "nothing") == nil)
        }
    }

    @Test("the same work has the same job id, and other work another")
    func jobIdentity() {
        let shard = ManifestShard(run: "a", cell: 0, examples: [1, 2], tokens: 1)
        #expect(shard.job == ManifestShard(run: "a", cell: 0, examples: [1, 2], tokens: 9).job)
        #expect(shard.job.count == 32)
        let others = [("b", 0, [1, 2]), ("a", 1, [1, 2]), ("a", 0, [2, 1]), ("a", 0, [1])]
        #expect(others.allSatisfy { ManifestShard(run: $0, cell: $1, examples: $2, tokens: 1).job != shard.job })
    }

    @Test("a second run of the same name is refused")
    func duplicate() throws {
        try store.createRun(Sample.manifest())
        #expect(throws: StoreError.duplicateRun("sample")) { try store.createRun(Sample.manifest()) }
        try store.createRun(Sample.manifest(run: "another"))
        #expect(try store.read { try $0.runs().map(\.run) } == ["sample", "another"])
    }

    @Test("an unknown run names those that exist")
    func unknown() throws {
        try store.createRun(Sample.manifest())
        #expect(throws: StoreError.unknownRun("x", known: ["sample"])) { try store.read { try $0.run("x") } }
    }

    enum Fault: CaseIterable {
        case lostDocument, doubledDocument, strangeDocument, strangeCell, strangeModel, badHash, badJSON, goldOutside
        case requestsOfAnother, doubledCell
    }

    @Test("a manifest that contradicts itself is refused as a whole", arguments: Fault.allCases)
    func contradiction(fault: Fault) throws {
        var manifest = Sample.manifest()
        switch fault {
        case .lostDocument: manifest.shards.removeLast()
        case .doubledDocument: manifest.shards.append(.init(run: "sample", cell: 0, examples: [3], tokens: 1))
        case .strangeDocument: manifest.shards.append(.init(run: "sample", cell: 0, examples: [33], tokens: 1))
        case .strangeCell: manifest.shards.append(.init(run: "sample", cell: 7, examples: [3], tokens: 1))
        case .strangeModel: manifest.cells[0].model = "mamba"
        case .badHash: manifest.models[0].sha256 = "abc"
        case .badJSON: manifest.benchmarks[0].examples[2].document = "{"
        case .goldOutside: manifest.benchmarks[0].examples[2].gold = 2
        case .requestsOfAnother: manifest.benchmarks[0].examples[2].requests.index = 3
        case .doubledCell: manifest.cells[1].reduction = manifest.cells[0].reduction
        }
        let error = #expect(throws: StoreError.self) { try store.createRun(manifest) }
        guard case .manifest(run: "sample", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try store.read { try $0.runs() }.isEmpty)
    }
}

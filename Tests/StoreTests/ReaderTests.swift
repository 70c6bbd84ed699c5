import Cluster
import Foundation
import Store
import TestSupport
import Testing
import Wire

@Suite("Readers beside the writer")
struct ReaderTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("a reader sees whole commits only, and the same state throughout one view")
    func snapshots() throws {
        let manifest = Sample.manifest()
        let store = try Sample.open(folder.path())
        try store.createRun(manifest)
        let job = manifest.shards[0].job
        try store.grant(job)
        let reader = try StoreReader(folder.path())
        try reader.read { view in
            #expect(try view.run("sample").rows == 0)
            try store.score(job, [Sample.row(0), Sample.row(1)])
            #expect(try view.run("sample").rows == 0)
        }
        #expect(try reader.read { try $0.run("sample").rows } == 2)
        try store.close()
        #expect(try reader.read { try $0.cells(run: "sample").map(\.rows) } == [2, 0])
        try reader.close()
    }

    @Test("readers on other threads never see half a batch while rows are written")
    func concurrency() async throws {
        let batch = 20
        let manifest = Sample.manifest(documents: 400, shardSize: 400)
        let store = try Sample.open(folder.path())
        try store.createRun(manifest)
        let job = manifest.shards[0].job
        try store.grant(job)
        let path = folder.path()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    let reader = try StoreReader(path)
                    var seen = 0
                    while seen < 400 {
                        let rows = try reader.read { try $0.run("sample").rows }
                        #expect(rows >= seen && rows.isMultiple(of: batch))
                        seen = rows
                        await Task.yield()
                    }
                    try reader.close()
                    return seen
                }
            }
            for start in stride(from: 0, to: 400, by: batch) {
                try store.score(job, (start..<start + batch).map { Sample.row($0) })
            }
            for try await seen in group { #expect(seen == 400) }
        }
        try store.close()
    }

    @Test("rows come in document order, in whatever order they arrived")
    func order() throws {
        let manifest = Sample.manifest(shardSize: 10)
        let store = try Sample.open(folder.path())
        try store.createRun(manifest)
        let job = manifest.shards[0].job
        try store.grant(job)
        try store.score(job, [7, 2, 9, 0].map { Sample.row($0) })
        let scores = try store.read { try $0.scores(cell: try $0.cells(run: "sample")[0].id) }
        #expect(scores.map(\.example) == [0, 2, 7, 9])
        #expect(scores.allSatisfy { $0.worker == Sample.worker && $0.engine == "cpu/test/w" && $0.job == job })
        #expect(scores[0].digest == Array(RowDigest.of(Sample.row(0))))
        try store.close()
    }
}

import Cluster
import Foundation
import Store
import TestSupport
import Testing

@Suite("Recovery")
struct RecoveryTests {
    let folder: TemporaryFolder
    let manifest = Sample.manifest()

    init() throws { folder = try TemporaryFolder() }

    /// What a killed process leaves behind: the files as they are now.
    func crash(keepingOfWAL bytes: Int? = nil) throws -> String {
        let copy = folder.path("crashed-\(UUID().uuidString).sqlite")
        try FileManager.default.copyItem(atPath: folder.path(), toPath: copy)
        let wal = try Data(contentsOf: URL(fileURLWithPath: folder.path() + "-wal"))
        try wal.prefix(bytes ?? wal.count).write(to: URL(fileURLWithPath: copy + "-wal"))
        return copy
    }

    @Test("a starting coordinator learns of open leases, lost ones, failures and missing rows")
    func contents() throws {
        let jobs = manifest.shards.map(\.job)
        var store = try Sample.open(folder.path())
        let first = store.incarnation
        try store.createRun(manifest)
        try store.grant(jobs[0])
        try store.score(jobs[0], [Sample.row(1), Sample.row(3)])
        try store.grant(jobs[1])
        try store.commit([.released(job: jobs[1], epoch: 1, reason: .failed)])
        try store.grant(jobs[1], epoch: 2, to: Sample.other)
        try store.commit([.released(job: jobs[1], epoch: 2, reason: .expired)])
        try store.grant(jobs[2])
        try store.score(jobs[2], [Sample.row(8), Sample.row(9)])
        try store.commit([.job(jobs[2], .done), .job(jobs[3], .failed(detail: "poison"))])
        try store.close()

        store = try Sample.open(folder.path())
        let recovery = try store.recovery()
        #expect(recovery.incarnation == store.incarnation)
        let run = try #require(recovery.runs.first)
        #expect(run.id == "sample" && run.rowsOfFinishedJobs == 2 && run.failedJobs == 1)
        #expect(run.jobs.map(\.id) == [jobs[0], jobs[1], jobs[4], jobs[5]])
        #expect(run.jobs[0].examples == [0, 1, 2, 3] && run.jobs[0].missing == [0, 2])
        #expect(run.jobs[0].leases == [Lease(job: jobs[0], epoch: 1, worker: Sample.worker, incarnation: first)])
        #expect(run.jobs[0].epoch == 1 && run.jobs[0].pastLeases.isEmpty && run.jobs[0].estimatedTokens == 20)
        #expect(run.jobs[1].epoch == 2 && run.jobs[1].leases.isEmpty)
        #expect(run.jobs[1].pastLeases.map(\.worker) == [Sample.worker, Sample.other])
        #expect(run.jobs[1].failures == [ChargedFailure(worker: Sample.worker, host: "")])
        #expect(run.jobs[2].epoch == 0 && run.jobs[2].missing == [4, 5, 6, 7] && run.jobs[2].model == Sample.hash)
        try store.close()
    }

    @Test("a run that ended is not recovered")
    func ended() throws {
        let store = try Sample.open(folder.path())
        try store.createRun(manifest)
        try store.complete(manifest)
        try store.commit([.run("sample", .complete)])
        #expect(try store.recovery().runs.isEmpty)
        try store.close()
    }

    @Test("failed jobs name their examples")
    func failures() throws {
        let store = try Sample.open(folder.path())
        try store.createRun(manifest)
        let job = manifest.shards[0].job
        try store.grant(job)
        try store.score(job, [Sample.row(1)])
        for shard in manifest.shards.dropFirst() {
            try store.grant(shard.job)
            try store.score(shard.job, shard.examples.map { Sample.row($0) })
        }
        try store.commit([.job(job, .failed(detail: "out of memory")), .run("sample", .incomplete)])
        try store.read { view in
            let failures = try view.failures(run: "sample")
            #expect(failures.map(\.examples) == [[0, 2, 3]])
            #expect(failures[0].detail == "out of memory" && failures[0].benchmark == "piqa")
            let run = try view.run("sample")
            #expect(run.failures == 3 && run.state == .incomplete)
        }
        try store.close()
    }

    @Test("what was acknowledged survives a crash without a checkpoint")
    func crashAfterCommit() throws {
        let store = try Sample.open(folder.path())
        try store.createRun(manifest)
        try store.grant(manifest.shards[0].job)
        try store.score(manifest.shards[0].job, [Sample.row(0)])
        let copy = try crash()
        let recovered = try Sample.open(copy)
        #expect(recovered.incarnation > store.incarnation)
        #expect(try recovered.read { try $0.run("sample").rows } == 1)
        #expect(try recovered.recovery().runs[0].jobs[0].leases.map(\.epoch) == [1])
        try recovered.close()
        try store.close()
    }

    @Test("a torn commit vanishes as a whole", arguments: [1, 100, 4096, 9000])
    func tornCommit(lost: Int) throws {
        let store = try Sample.open(folder.path())
        try store.createRun(manifest)
        let job = manifest.shards[0].job
        try store.grant(job)
        try store.score(job, [Sample.row(0), Sample.row(1)])
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.path() + "-wal")).count
        try store.score(job, [Sample.row(2), Sample.row(3)])
        let after = try Data(contentsOf: URL(fileURLWithPath: folder.path() + "-wal")).count
        try #require(after > before)
        let recovered = try Sample.open(try crash(keepingOfWAL: max(before, after - lost)))
        #expect(try recovered.read { try $0.run("sample").rows } == 2)
        try recovered.close()
        try store.close()
    }

    @Test("a reader sees the rows of a coordinator that was killed")
    func readerAfterCrash() throws {
        let store = try Sample.open(folder.path())
        try store.createRun(manifest)
        try store.grant(manifest.shards[0].job)
        try store.score(manifest.shards[0].job, [Sample.row(0)])
        let copy = try crash()
        let reader = try StoreReader(copy)
        #expect(try reader.read { try $0.run("sample").rows } == 1)
        try reader.close()
        try store.close()
    }
}

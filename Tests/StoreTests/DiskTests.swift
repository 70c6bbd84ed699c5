import CFaultyDisk
import Cluster
import Foundation
import GRDB
import Store
import TestSupport
import Testing

/// The store on a disk that fails at a chosen write, truncation or sync (protocol.md, faults 12 to 15).
@Suite("A disk that fails", .serialized)
struct DiskTests {
    let folder: TemporaryFolder
    let manifest = Sample.manifest(documents: 20, shardSize: 10)
    static let batch = 5

    init() throws {
        folder = try TemporaryFolder()
        faulty_disk_install()
    }

    private func plan(_ fault: faulty_disk_fault, at operation: Int = 0, seed: Int = 1) throws -> String {
        let disk = folder.path("disk-\(operation)-\(fault.rawValue)")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        faulty_disk_plan(disk, fault, operation, UInt32(seed))
        return disk + "/results.sqlite"
    }

    /// What a store was told to keep, and said that it kept.
    private final class Acknowledged {
        var rows = 0
        var hasRun = false
        var store: ResultsStore?
    }

    /// A whole run in commits of five rows.
    private func work(at path: String, _ acknowledged: Acknowledged) throws {
        let store = try Sample.open(path)
        acknowledged.store = store
        try store.createRun(manifest)
        acknowledged.hasRun = true
        for shard in manifest.shards {
            try store.grant(shard.job)
            for start in stride(from: 0, to: shard.examples.count, by: Self.batch) {
                let rows = shard.examples[start..<start + Self.batch].map { Sample.row($0) }
                if try store.score(shard.job, rows) == .rows(RowOutcome(new: Self.batch)) {
                    acknowledged.rows += Self.batch
                }
            }
            try store.commit([.job(shard.job, .done)])
        }
        try store.commit([.run("sample", .complete)])
        try store.close()
        acknowledged.store = nil
    }

    /// The operations of a whole run on a sound disk.
    private func operations() throws -> Int {
        try work(at: try plan(faulty_disk_sound), Acknowledged())
        return faulty_disk_operations()
    }

    /// What the next process finds: the file and its log, without the shared memory that the machine lost.
    private func restarted(_ path: String) throws -> String {
        let copy = folder.path("restarted-\(UUID().uuidString)")
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
        }
        return copy
    }

    /// Opens what is left, demands every acknowledged commit and no half of another, and completes the run.
    private func check(_ path: String, _ acknowledged: Acknowledged, _ comment: Comment) throws {
        let store = try Sample.open(path)
        let known = try store.read { try $0.runs() }
        #expect(!acknowledged.hasRun || known.count == 1, comment)
        if let run = known.first {
            #expect(run.rows == acknowledged.rows || run.rows == acknowledged.rows + Self.batch, comment)
            #expect(run.rowsExpected == 40, comment)
            for job in try store.read({ try $0.description(of: "sample") }).jobs {
                guard let shard = manifest.shards.first(where: { $0.job == job.id }) else { continue }
                let epoch = job.epoch
                try store.commit(job.leases.map { .released(job: $0.job, epoch: $0.epoch, reason: .expired) })
                try store.grant(shard.job, epoch: epoch + 1, to: Sample.other)
                try store.score(
                    shard.job, shard.examples.map { Sample.row($0) }, epoch: epoch + 1, by: Sample.other)
                try store.commit([.job(shard.job, .done)])
            }
            try store.commit([.run("sample", .complete)])
            #expect(try store.read { try $0.run("sample").state } == .complete, comment)
            #expect(try store.read { try $0.disagreements(run: "sample").count } == 0, comment)
        }
        try store.close()
        let queue = try DatabaseQueue(path: path)
        let (verdict, orphans) = try queue.read {
            (
                try String.fetchAll($0, sql: "PRAGMA integrity_check"),
                try Row.fetchAll($0, sql: "PRAGMA foreign_key_check").count
            )
        }
        #expect(verdict == ["ok"] && orphans == 0, comment)
        try queue.close()
    }

    /// Up to so many of the operations, spread evenly, the last ones included.
    private func points(_ total: Int, _ count: Int) -> [Int] {
        (1...count).map { max(1, total * $0 / count) }
    }

    @Test(
        "a power cut at any write loses nothing that was acknowledged and leaves nothing half done",
        arguments: [faulty_disk_cut_losing_all, faulty_disk_cut_losing_nothing, faulty_disk_cut_losing_some])
    func powerCut(fault: faulty_disk_fault) throws {
        for operation in points(try operations(), 40) {
            let path = try plan(fault, at: operation, seed: operation)
            let acknowledged = Acknowledged()
            try? work(at: path, acknowledged)
            try check(try restarted(path), acknowledged, "fault \(fault.rawValue) at operation \(operation)")
        }
    }

    @Test("after an input/output error the store touches its disk no more, and its next opener has all of it")
    func error() throws {
        for operation in points(try operations(), 60) {
            let path = try plan(faulty_disk_error, at: operation)
            let acknowledged = Acknowledged()
            let comment: Comment = "operation \(operation)"
            do {
                try work(at: path, acknowledged)
            } catch let error as StoreError {
                guard case .failedDisk = error else {
                    Issue.record("\(error), \(comment)")
                    continue
                }
                guard let store = acknowledged.store else { continue }
                let touched = faulty_disk_operations()
                #expect(throws: error, comment) { try store.commit([.run("sample", .cancelled)]) }
                #expect(throws: error, comment) { try store.read { try $0.runs() } }
                try store.close()
                acknowledged.store = nil
                #expect(faulty_disk_operations() == touched, comment)
            }
            try check(try restarted(path), acknowledged, comment)
        }
    }

    @Test("a full disk stops the store without harm, and room lets the same store go on")
    func full() throws {
        let total = try operations()
        for operation in points(total, 30) {
            let path = try plan(faulty_disk_full, at: operation)
            let acknowledged = Acknowledged()
            do {
                try work(at: path, acknowledged)
            } catch let error as StoreError {
                guard case .diskFull = error else {
                    Issue.record("\(error), operation \(operation)")
                    continue
                }
            }
            faulty_disk_plan(path, faulty_disk_sound, 0, 0)
            if let store = acknowledged.store, acknowledged.hasRun {
                #expect(try store.read { try $0.run("sample").rows } == acknowledged.rows)
                try? store.close()
            }
            acknowledged.store = nil
            try check(try restarted(path), acknowledged, "operation \(operation)")
        }
    }

    @Test("a flipped bit in the last commit of the log loses that commit as a whole", arguments: [30, 600, 4000, 4200])
    func flipped(fromEnd: Int) throws {
        let store = try Sample.open(folder.path())
        try store.createRun(manifest)
        let job = manifest.shards[0].job
        try store.grant(job)
        try store.score(job, [Sample.row(0), Sample.row(1)])
        try store.score(job, [Sample.row(2), Sample.row(3)])
        let copy = try restarted(folder.path())
        var log = try Data(contentsOf: URL(fileURLWithPath: copy + "-wal"))
        log[log.count - fromEnd] ^= 1
        try log.write(to: URL(fileURLWithPath: copy + "-wal"))
        let recovered = try Sample.open(copy)
        #expect(try recovered.read { try $0.run("sample").rows } == 2)
        try recovered.close()
        try store.close()
    }
}

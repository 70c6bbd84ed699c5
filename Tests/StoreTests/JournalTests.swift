import Cluster
import Foundation
import Store
import Synchronization
import TestSupport
import Testing

@Suite("The operators' journal")
struct JournalTests {
    let folder: TemporaryFolder
    let clock = Clock()

    init() throws { folder = try TemporaryFolder() }

    final class Clock: Sendable {
        let seconds = Mutex(1_700_000_000.0)
        func advance(_ by: Double) { seconds.withLock { $0 += by } }
    }

    private func open() throws -> ResultsStore {
        try ResultsStore(folder.path(), build: "0.1", now: { [clock] in clock.seconds.withLock { $0 } })
    }

    @Test("a run's life is told in the order in which it happened")
    func life() throws {
        let store = try open()
        let manifest = Sample.manifest()
        try store.createRun(manifest)
        let job = manifest.shards[0].job
        try store.grant(job)
        let joined = JournalEntry(.workerJoined, "worker w on host a")
        let ended = JournalEntry(.leaseEnded, run: "sample", "job \(job), epoch 1: expired")
        try store.commit([.released(job: job, epoch: 1, reason: .expired)], events: [joined, ended])
        try store.commit([.run("sample", .cancelled)])
        _ = try store.reopen("sample")
        try store.close()
        let reader = try StoreReader(folder.path())
        let events = try reader.read { try $0.events() }
        #expect(
            events.map(\.kind) == [
                "coordinator started", "run accepted", "worker joined", "lease ended", "run cancelled", "run resumed",
                "coordinator stopped",
            ])
        #expect(events.map(\.run) == [nil, "sample", nil, "sample", "sample", "sample", nil])
        try reader.read { view throws in
            #expect(try view.events(after: events[1].id, limit: 2) == Array(events[2...3]))
            #expect(try view.lastEvents(3) == Array(events[4...]))
            #expect(try view.events(run: "sample").count == 4)
        }
        try reader.close()
    }

    @Test("events without changes cost no transaction of their own, and wait a second at most")
    func waiting() throws {
        let store = try open()
        try store.commit([], events: [JournalEntry(.workerJoined, "w")])
        #expect(try store.read { try $0.events().count } == 1)
        try store.commit([])
        #expect(try store.read { try $0.events().count } == 1)
        clock.advance(1)
        try store.commit([])
        #expect(try store.read { try $0.events().map(\.detail).last } == "w")
        try store.commit([], events: [JournalEntry(.workerLeft, "w")])
        try store.close()
        #expect(try StoreReader(folder.path()).read { try $0.lastEvents(2).map(\.kind) }.first == "worker left")
    }

    @Test("a flood of one kind leaves out what is too much, says how much, and hides no other kind")
    func flood() throws {
        let store = try open()
        let flood = (0..<1000).map { JournalEntry(.workerRefused, "key \($0)") }
        try store.commit([], events: flood)
        try store.commit([], events: [JournalEntry(.workerJoined, "w")])
        clock.advance(60)
        try store.commit([], events: [JournalEntry(.workerRefused, "the next")])
        let events = try store.read { try $0.events() }
        let refused = events.filter { $0.kind == "worker refused" }.map(\.detail)
        #expect(refused.prefix(120) == ArraySlice((0..<120).map { "key \($0)" }))
        #expect(
            refused.dropFirst(120) == ["880 events of this kind were left out: there were too many", "the next"])
        #expect(events.contains { $0.kind == "worker joined" })
        try store.close()
    }

    @Test("what was left out last is said when the store is closed")
    func end() throws {
        let store = try open()
        try store.commit([], events: (0..<130).map { JournalEntry(.leaseEnded, "\($0)") })
        try store.close()
        let last = try StoreReader(folder.path()).read { try $0.lastEvents(2) }
        #expect(last[0].detail.hasPrefix("10 events") && last[1].kind == "coordinator stopped")
    }

    @Test("a detail is cut to 4 KiB")
    func long() throws {
        let store = try open()
        let detail = String(repeating: "x", count: 10_000)
        try store.commit([], events: [JournalEntry(.workerLeft, detail)])
        clock.advance(2)
        try store.commit([])
        #expect(try store.read { try $0.events().last?.detail.count } == 4096)
        try store.close()
    }
}

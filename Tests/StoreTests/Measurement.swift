import Cluster
import Foundation
import Store
import TestSupport
import Testing
import Wire

/// How fast the store is, for people to read: `MOLT_MEASURE_STORE=1 swift test … --filter Measurement`.
@Suite(
    "Measurement of the store", .serialized,
    .enabled(if: ProcessInfo.processInfo.environment["MOLT_MEASURE_STORE"] != nil, "set MOLT_MEASURE_STORE"))
struct Measurement {
    let folder: TemporaryFolder
    private static let engines = [Sample.worker: Sample.engine(named: "cpu/test/w")]

    init() throws { folder = try TemporaryFolder() }

    /// A store with one run that is bound to the sample's engine.
    private func open(_ manifest: RunManifest) throws -> ResultsStore {
        let store = try ResultsStore(folder.path(), build: "0.1")
        try store.createRun(manifest)
        try store.commit([
            .bound(run: manifest.run, model: Sample.hash, engine: Sample.engine(named: "").identity)
        ])
        return store
    }

    /// Runs `body` for `count` things; prints how many a second, and their processor time.
    private func measure(_ name: String, _ count: Int, _ body: () throws -> Void) rethrows {
        let (start, processor) = (ContinuousClock.now, Self.processorSeconds())
        try body()
        let seconds = Double(start.duration(to: .now) / .milliseconds(1)) / 1000
        let microseconds = (Self.processorSeconds() - processor) / Double(count) * 1e6
        print("\(name): \(Int(Double(count) / seconds))/s, \((microseconds * 10).rounded() / 10) µs of processor each")
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private func lease(_ job: JobID, _ store: ResultsStore) -> Change {
        .granted(Lease(job: job, epoch: 1, worker: Sample.worker, incarnation: store.incarnation))
    }

    @Test("rows in commits of a thousand")
    func rows() throws {
        let manifest = Sample.manifest(documents: 40_000, shardSize: 1000)
        let store = try open(manifest)
        let rows = (0..<40_000).map { Sample.row($0, [-1, -2, -3, -4].prefix(2).map { $0 }) }
        try store.commit(manifest.shards.map { lease($0.job, store) })
        try measure("rows", 80_000) {
            for shard in manifest.shards {
                let batch = shard.examples.map { rows[$0] }
                try store.commit(
                    [
                        .scored(job: shard.job, epoch: 1, worker: Sample.worker, rows: batch), .job(shard.job, .done),
                    ], engines: Self.engines)
            }
        }
        #expect(try store.read { try $0.run("sample").rows } == 80_000)
        try store.close()
    }

    @Test("grants in commits of 256, the same with the jobs' requests, and jobs of one row")
    func jobs() throws {
        let manifest = Sample.manifest(documents: 10_240, shardSize: 1)
        let store = try open(manifest)
        let jobs = manifest.shards.map { ($0.job, UInt32($0.examples[0])) }
        let (first, second) = (jobs[..<10_240], jobs[10_240...])
        try measure("grants", first.count) {
            for start in stride(from: 0, to: first.count, by: 256) {
                try store.commit(first[start..<start + 256].map { lease($0.0, store) })
            }
        }
        try measure("requests", first.count) {
            for start in stride(from: 0, to: first.count, by: 256) {
                try read(first[start..<start + 256], store)
            }
        }
        try measure("jobs", second.count) {
            for start in stride(from: second.startIndex, to: second.endIndex, by: 256) {
                let turn = second[start..<start + 256]
                let changes = turn.flatMap { job, example in
                    [
                        lease(job, store),
                        .scored(job: job, epoch: 1, worker: Sample.worker, rows: [Sample.row(Int(example))]),
                        .job(job, .done),
                    ]
                }
                try store.commit(changes, engines: Self.engines)
                try read(turn, store)
            }
        }
        #expect(try store.read { try $0.run("sample").rows } == second.count)
        try store.close()
    }

    /// Reads what goes into the jobs' messages, job by job.
    private func read(_ jobs: ArraySlice<(JobID, UInt32)>, _ store: ResultsStore) throws {
        for (job, example) in jobs {
            let found = try store.read { (try $0.order(of: job), try $0.requests(job: job, examples: [example])) }
            #expect(found.0 != nil && found.1.count == 1)
        }
    }
}

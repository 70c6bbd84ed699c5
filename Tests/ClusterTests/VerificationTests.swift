import Cluster
import Testing
import Wire

@Suite("Rows are computed again by others, and liars are shown out")
struct VerificationTests {
    /// Workers on hosts of their own that compute what they are given, some of them wrongly; and a store.
    private struct Cluster {
        var driver: SchedulerDriver
        private var stored: [JobID: [UInt32: Double]] = [:]
        private var lies: [WorkerKey: Double] = [:]
        private var seen = 0

        init(workers: [(key: WorkerKey, lie: Double)], jobs: Int, examples: UInt32, verification: Double = 0.01) {
            var parameters = SchedulerParameters()
            parameters.verification = verification
            driver = SchedulerDriver(parameters: parameters)
            for worker in workers { lies[worker.key] = worker.lie }
            for (index, worker) in workers.enumerated() {
                driver.join(worker.key, host: "host of \(worker.key)", session: UInt64(index + 1))
            }
            driver.submit(jobs: (0..<jobs).map { .sample("\($0)", examples: examples) })
            feed()
        }

        mutating func work() {
            for _ in 0..<3_000 where driver.scheduler.progress(of: "run")?.state == .running {
                let workers = driver.scheduler.workers
                for worker in workers {
                    guard let work = worker.work.first,
                        let grant = driver.directives.grants.last(where: { $0.lease == work.lease })
                    else { continue }
                    let batch = grant.examples.map { rows($0, score: -1 + (lies[worker.worker] ?? 0))[0] }
                    driver.take(.scores(work.lease, batch: 1, rows: batch), from: worker.session)
                    feed()
                }
                driver.pass(500, beating: Dictionary(uniqueKeysWithValues: workers.map { ($0.session, []) }))
                feed()
            }
        }

        /// Commits what is new, and tells what the store found.
        private mutating func feed() {
            while seen < driver.directives.count {
                let new = Array(driver.directives[seen...])
                seen = driver.directives.count
                for change in new.commits { apply(change) }
            }
        }

        private mutating func apply(_ change: Change) {
            switch change {
            case .scored(let job, let epoch, let worker, let rows):
                var (agreed, differing): ([UInt32], [UInt32]) = ([], [])
                for row in rows {
                    let score = row.choices[0].loglikelihood
                    guard let old = stored[job]?[row.example] else {
                        stored[job, default: [:]][row.example] = score
                        authors[job, default: [:]][row.example] = worker
                        continue
                    }
                    if old == score { agreed.append(row.example) } else { differing.append(row.example) }
                }
                guard !agreed.isEmpty || !differing.isEmpty else { return }
                driver.take(
                    .compared(LeaseName(job: job, epoch: epoch), by: worker, agreed: agreed, differing: differing))
            case .withdrawn(let job, let examples, _): for example in examples { stored[job]?[example] = nil }
            case .revoked(let worker, _):
                var jobs: [JobDescription] = []
                for (job, rows) in authors.sorted(by: { $0.key < $1.key }) {
                    let gone = rows.filter { $0.value == worker && stored[job]?[$0.key] != nil }.keys.sorted()
                    for example in gone { stored[job]?[example] = nil }
                    var description = JobDescription.sample(job, examples: count)
                    description.missing = (0..<count).filter { stored[job]?[$0] == nil }
                    if !gone.isEmpty { jobs.append(description) }
                }
                driver.take(.reopened("run", jobs))
            default: break
            }
        }

        private var authors: [JobID: [UInt32: WorkerKey]] = [:]
        private var count: UInt32 { 4 }

        var wrongRows: Int { stored.values.reduce(0) { $0 + $1.values.count { $0 != -1 } } }
        var rowCount: Int { stored.values.reduce(0) { $0 + $1.count } }
    }

    @Test("ten rows of each worker are confirmed by others before it is trusted")
    func trust() {
        var cluster = Cluster(workers: [("a", 0), ("b", 0)], jobs: 20, examples: 4, verification: 1e-9)
        cluster.work()
        #expect(cluster.driver.scheduler.progress(of: "run")?.state == .complete)
        #expect(cluster.driver.scheduler.workers.allSatisfy { $0.agreed >= 10 && $0.wrong == 0 })
        #expect(cluster.driver.scheduler.counters.rowsDuplicate <= 24)
    }

    @Test("a worker that is always wrong is revoked by two others, and all its rows are computed anew")
    func liar() {
        var cluster = Cluster(workers: [("a", 0), ("liar", 5), ("c", 0)], jobs: 20, examples: 4)
        cluster.work()
        let revoked = cluster.driver.directives.commits.compactMap { change -> WorkerKey? in
            if case .revoked(let key, _) = change { key } else { nil }
        }
        #expect(revoked == ["liar"])
        #expect(cluster.wrongRows == 0)
        #expect(cluster.rowCount == 80)
        #expect(cluster.driver.scheduler.progress(of: "run")?.state == .complete)
    }

    @Test("two that lie alike are outvoted by three")
    func colluders() {
        var cluster = Cluster(workers: [("x", 5), ("y", 5), ("a", 0), ("b", 0), ("c", 0)], jobs: 30, examples: 4)
        cluster.work()
        for case .revoked(let key, _) in cluster.driver.directives.commits { #expect(["x", "y"].contains(key)) }
        #expect(cluster.driver.scheduler.progress(of: "run")?.state == .complete)
    }

    @Test("a revoked key is rejected for ever, also by the next coordinator")
    func forEver() {
        var driver = SchedulerDriver(incarnation: 2)
        driver.take(.recovered([], revoked: ["liar"]))
        let turn = driver.join("liar", session: 1)
        guard case .reject(.role, _, retryAfter: 0)? = turn.sent(to: 1).first else {
            Issue.record("\(turn)")
            return
        }
        #expect(driver.scheduler.workers.isEmpty)
    }

    @Test("nobody checks its own rows, so a worker alone is not checked, and its run ends")
    func alone() {
        var cluster = Cluster(workers: [("a", 0)], jobs: 3, examples: 4, verification: 1)
        cluster.work()
        #expect(cluster.driver.scheduler.progress(of: "run")?.state == .complete)
        #expect(cluster.driver.scheduler.counters.checksGranted == 0)
    }

    @Test("a row that its worker sends again confirms nothing")
    func ownRow() {
        var parameters = SchedulerParameters()
        parameters.verification = 1
        var driver = SchedulerDriver(parameters: parameters)
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        let first = LeaseName(job: "a", epoch: 1)
        driver.take(.scores(first, batch: 1, rows: rows(0)), from: 1)
        driver.take(.compared(first, by: "w1", agreed: [0], differing: []))
        #expect(driver.scheduler.workers.first?.agreed == 0)
        #expect(driver.scheduler.progress(of: "run")?.checksOpen == 1)
    }

    @Test("with a probability of 0 nothing is computed again")
    func off() {
        var cluster = Cluster(workers: [("a", 0), ("b", 5)], jobs: 10, examples: 4, verification: 0)
        cluster.work()
        #expect(cluster.driver.scheduler.counters.checksGranted == 0)
        #expect(cluster.driver.scheduler.progress(of: "run")?.state == .complete)
    }
}

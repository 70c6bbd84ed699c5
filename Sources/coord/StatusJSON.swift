import Foundation
import Wire

/// A status for scripts.
struct StatusJSON: Encodable {
    let build: String
    let incarnation: UInt64
    /// Nil while unknown.
    let backlogSeconds: Double?
    let runs: [Run]
    let workers: [Worker]
    /// Nil unless asked for, like the events.
    let counters: [String: UInt64]?
    let events: [Event]?

    enum CodingKeys: String, CodingKey {
        case build, incarnation, runs, workers, counters, events
        case backlogSeconds = "backlog_seconds"
    }

    struct Run: Encodable {
        let run, name, state: String
        let priority: Int32
        let rows, rowsExpected, failures: UInt64
        let jobsLeased, jobsOpen, checksOpen: UInt64
        let tokensPerSecond: Double
        /// Nil while unknown.
        let secondsLeft: Double?
        let awaitedEngines, awaitedPrecisions, awaitedMeasures: [String]

        enum CodingKeys: String, CodingKey {
            case run, name, state, priority, rows, failures
            case rowsExpected = "rows_expected"
            case jobsLeased = "jobs_leased"
            case jobsOpen = "jobs_open"
            case checksOpen = "checks_open"
            case tokensPerSecond = "tokens_per_second"
            case secondsLeft = "seconds_left"
            case awaitedEngines = "awaited_engines"
            case awaitedPrecisions = "awaited_precisions"
            case awaitedMeasures = "awaited_measures"
        }
    }

    struct Worker: Encodable {
        let key, name, host, engine, build, state, model: String
        let leases: UInt32
        let tokensPerSecond: Double
        let residentBytes, freeMemoryBytes, freeDiskBytes, spoolBytes, windowBytes: UInt64
        let rows, failures, agreed, wrong: UInt64
        let quarantineSeconds, secondsSinceHeartbeat: UInt64
        let work: [Work]

        enum CodingKeys: String, CodingKey {
            case key, name, host, engine, build, state, model, leases, rows, failures, agreed, wrong, work
            case tokensPerSecond = "tokens_per_second"
            case residentBytes = "resident_bytes"
            case freeMemoryBytes = "free_memory_bytes"
            case freeDiskBytes = "free_disk_bytes"
            case spoolBytes = "spool_bytes"
            case windowBytes = "window_bytes"
            case quarantineSeconds = "quarantine_seconds"
            case secondsSinceHeartbeat = "seconds_since_heartbeat"
        }
    }

    struct Work: Encodable {
        let job, run, cell, purpose: String
        let examples, examplesDone: UInt32
        let seconds: UInt64

        enum CodingKeys: String, CodingKey {
            case job, run, cell, purpose, examples, seconds
            case examplesDone = "examples_done"
        }
    }

    struct Event: Encodable {
        let id: UInt64
        let at: Double
        let run, kind, detail: String
    }

    init(_ status: WireStatus) {
        build = status.build
        incarnation = status.incarnation
        backlogSeconds = status.backlogSeconds < 0 ? nil : status.backlogSeconds
        runs = status.runs.map(Run.init)
        workers = status.workers.map(Worker.init)
        counters =
            status.counters.isEmpty
            ? nil : Dictionary(status.counters.map { ($0.name, $0.value) }) { first, _ in first }
        events =
            status.counters.isEmpty
            ? nil : status.events.map { Event(id: $0.id, at: $0.at, run: $0.run, kind: $0.kind, detail: $0.detail) }
    }
}

extension StatusJSON.Run {
    init(_ run: WireStatus.Run) {
        self.init(
            run: run.run, name: run.name, state: run.state, priority: run.priority, rows: run.rows,
            rowsExpected: run.rowsExpected, failures: run.failures, jobsLeased: run.jobsLeased,
            jobsOpen: run.jobsOpen, checksOpen: run.checksOpen, tokensPerSecond: run.tokensPerSecond,
            secondsLeft: run.secondsLeft < 0 ? nil : run.secondsLeft, awaitedEngines: run.awaitedEngines,
            awaitedPrecisions: run.awaitedPrecisions, awaitedMeasures: run.awaitedMeasures)
    }
}

extension StatusJSON.Worker {
    init(_ worker: WireStatus.Worker) {
        self.init(
            key: worker.key, name: worker.name, host: worker.host, engine: worker.engine, build: worker.build,
            state: worker.state, model: worker.model, leases: worker.leases,
            tokensPerSecond: worker.tokensPerSecond, residentBytes: worker.residentBytes,
            freeMemoryBytes: worker.freeMemoryBytes, freeDiskBytes: worker.freeDiskBytes,
            spoolBytes: worker.spoolBytes, windowBytes: worker.windowBytes, rows: worker.rows,
            failures: worker.failures, agreed: worker.agreed, wrong: worker.wrong,
            quarantineSeconds: worker.quarantineSeconds, secondsSinceHeartbeat: worker.secondsSinceHeartbeat,
            work: worker.work.map { work in
                StatusJSON.Work(
                    job: work.job, run: work.run, cell: work.cell, purpose: work.purpose.word, examples: work.examples,
                    examplesDone: work.examplesDone, seconds: work.seconds)
            })
    }
}

extension WireJob.Purpose {
    /// As people read it.
    var word: String {
        switch self {
        case .backup: "backup"
        case .check: "check"
        default: "score"
        }
    }
}

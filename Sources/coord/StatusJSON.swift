import Dashboard
import Wire

/// A status for scripts.
struct StatusJSON: Encodable {
    let build: String
    let incarnation: UInt64
    /// Nil while unknown.
    let backlogSeconds: Double?
    let runs: [Run]
    let workers: [WorkerJSON]
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
        let awaitedEngines, awaitedPrecisions, awaitedMeasures, boundEngines: [String]
        let barredWorkers: UInt32

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
            case boundEngines = "bound_engines"
            case barredWorkers = "barred_workers"
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
        workers = status.workers.map(WorkerJSON.init)
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
            awaitedPrecisions: run.awaitedPrecisions, awaitedMeasures: run.awaitedMeasures,
            boundEngines: run.boundEngines, barredWorkers: run.barredWorkers)
    }
}

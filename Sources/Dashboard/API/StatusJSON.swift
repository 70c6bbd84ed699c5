import Store

/// A worker as the interface tells of it.
struct WorkerJSON: Encodable {
    struct LeaseJSON: Encodable {
        let job: String
        let run: String
        let cell: String
        let purpose: String
        let examples: Int
        let examplesDone: Int
        let seconds: Double

        static let schema = Schema.object([
            .init("job", .string), .init("run", .string), .init("cell", .string), .init("purpose", .string),
            .init("examples", .integer), .init("examples_done", .integer), .init("seconds", .number),
        ])
    }

    let key: String
    let name: String
    let host: String
    let engine: String
    let build: String
    let state: String
    let model: String
    let tokensPerSecond: Double?
    let residentBytes: UInt64
    let freeMemoryBytes: UInt64
    let freeDiskBytes: UInt64
    let spoolBytes: UInt64
    let secondsSinceHeartbeat: Double
    let rows: UInt64
    let failures: UInt64
    let agreed: UInt64
    let wrong: UInt64
    let quarantineSeconds: Double
    let leases: [LeaseJSON]

    init(_ worker: LiveWorker) {
        key = worker.key
        name = worker.name
        host = worker.host
        engine = worker.engine
        build = worker.build
        state = worker.state
        model = worker.model
        tokensPerSecond = worker.tokensPerSecond.number
        residentBytes = worker.residentBytes
        freeMemoryBytes = worker.freeMemoryBytes
        freeDiskBytes = worker.freeDiskBytes
        spoolBytes = worker.spoolBytes
        secondsSinceHeartbeat = worker.secondsSinceHeartbeat
        rows = worker.rows
        failures = worker.failures
        agreed = worker.agreed
        wrong = worker.wrong
        quarantineSeconds = worker.quarantineSeconds
        leases = worker.leases.map {
            LeaseJSON(
                job: $0.job, run: $0.run, cell: $0.cell, purpose: $0.purpose, examples: $0.examples,
                examplesDone: $0.examplesDone, seconds: $0.seconds)
        }
    }

    static let schema = Schema.object(
        [
            .init("key", .string), .init("name", .string), .init("host", .string), .init("engine", .string),
            .init("build", .string), .init("state", .words(["idle", "working", "suspect", "draining"])),
            .init("model", .string), .init("tokens_per_second", .number, isRequired: false),
            .init("seconds_since_heartbeat", .number), .init("quarantine_seconds", .number),
            .init("leases", .array(LeaseJSON.schema)),
        ]
            + [
                "resident_bytes", "free_memory_bytes", "free_disk_bytes", "spool_bytes", "rows", "failures", "agreed",
                "wrong",
            ].map { .init($0, .integer) })
}

/// How the coordinator stands, with its workers.
struct WorkersJSON: Encodable {
    let build: String
    /// As text, for it does not fit every reader's numbers.
    let incarnation: String
    let backlogSeconds: Double?
    let workers: [WorkerJSON]

    init(_ status: LiveStatus) {
        build = status.build
        incarnation = "\(status.incarnation)"
        backlogSeconds = status.backlogSeconds?.number
        workers = status.workers.map(WorkerJSON.init)
    }

    static let schema = Schema.object([
        .init("build", .string), .init("incarnation", .string),
        .init("backlog_seconds", .number, isRequired: false), .init("workers", .array(.named("Worker"))),
    ])
}

/// Something that happened.
struct EventJSON: Encodable {
    let id: Int64
    let at: Double
    let run: String?
    let kind: String
    let detail: String

    init(_ event: EventRecord) {
        id = event.id
        at = event.at
        run = event.run
        kind = event.kind
        detail = event.detail
    }

    static let schema = Schema.object([
        .init("id", .integer), .init("at", .number), .init("run", .string, isRequired: false),
        .init("kind", .string), .init("detail", .string),
    ])
}

/// Some events, oldest first.
struct EventsJSON: Encodable {
    let events: [EventJSON]
    /// The id after which the next page begins; none on the last.
    let nextAfter: Int64?

    static let schema = Schema.object([
        .init("events", .array(.named("Event"))), .init("next_after", .integer, isRequired: false),
    ])
}

import Store

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

import Hummingbird
import Store

/// What viewers are told, as server-sent events.
enum LiveMessage {
    private struct Hello: Encodable {
        let build: String
        let incarnation: String
    }

    private struct Status: Encodable {
        struct Run: Encodable {
            let run: String
            let state: String
            let rows: Int?
            let rowsExpected: Int?
            let failures: Int
        }

        let runs: [Run]
        let workers: [String]
    }

    private struct Ready: Encodable { let key: String }

    /// Which coordinator this is; a page that knew another starts afresh.
    static func hello(_ moment: LiveFeed.Moment) -> ByteBuffer {
        let status = moment.status
        return message(
            "hello", Hello(build: status?.build ?? "", incarnation: status.map { "\($0.incarnation)" } ?? ""),
            retry: true)
    }

    /// What changes while runs go on; nil while the coordinator does not answer.
    static func status(_ moment: LiveFeed.Moment) -> ByteBuffer? {
        guard let status = moment.status else { return nil }
        return message(
            "status",
            Status(
                runs: moment.runs.prefix(100).map {
                    .init(
                        run: $0.head.run, state: $0.head.state.rawValue, rows: $0.rows, rowsExpected: $0.rowsExpected,
                        failures: $0.head.failures)
                },
                workers: status.workers.map {
                    "\($0.key.prefix(10)) \($0.state) \($0.work.first.map { "\($0.examplesDone)" } ?? "")"
                }))
    }

    /// Something that happened; its id is where a viewer goes on.
    static func journal(_ event: EventRecord) -> ByteBuffer { message("journal", EventJSON(event), id: event.id) }

    /// Something that was being computed is there.
    static func ready(_ key: String) -> ByteBuffer { message("ready", Ready(key: key)) }

    /// The viewer missed more than is told again.
    static let reload = ByteBuffer(string: "event: reload\ndata: {}\n\n")

    /// Several as one, in order.
    static func together(_ messages: [ByteBuffer]) -> ByteBuffer {
        messages.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
    }

    private static func message(_ event: String, _ data: some Encodable, id: Int64? = nil, retry: Bool = false)
        -> ByteBuffer
    {
        var buffer = ByteBuffer()
        if retry { buffer.writeString("retry: 2000\n") }
        if let id { buffer.writeString("id: \(id)\n") }
        buffer.writeString("event: \(event)\ndata: ")
        // JSON has no bare line breaks, which would end the event.
        buffer.writeBytes((try? Answer.encode(data)) ?? [])
        buffer.writeString("\n\n")
        return buffer
    }
}

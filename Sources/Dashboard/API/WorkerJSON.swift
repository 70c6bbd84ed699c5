import Wire
import Wording

/// A worker as programs are told of it, here and by `coord status --json`: a field is one line.
public struct WorkerJSON: Encodable {
    private let worker: WireStatus.Worker

    /// What STATUS says of a worker.
    public init(_ worker: WireStatus.Worker) { self.worker = worker }

    public func encode(to encoder: any Encoder) throws { try Field.encode(worker, Self.fields, to: encoder) }

    static var schema: Schema { Field.schema(fields) }

    private static let fields: [Field<WireStatus.Worker>] = [
        Field("key", .string) { $0.key },
        Field("name", .string) { $0.name },
        Field("host", .string) { $0.host },
        Field("engine", .string) { $0.engine },
        Field("build", .string) { $0.build },
        Field(optional: "device", DeviceJSON.schema) { $0.hasDevice ? DeviceJSON(device: $0.device) : nil },
        Field("state", .words(["idle", "working", "suspect", "draining"])) { $0.state },
        Field("model", .string) { $0.model },
        Field(optional: "tokens_per_second", .number) { $0.tokensPerSecond.number },
        Field("resident_bytes", .integer) { $0.residentBytes },
        Field("free_memory_bytes", .integer) { $0.freeMemoryBytes },
        Field("free_disk_bytes", .integer) { $0.freeDiskBytes },
        Field("spool_bytes", .integer) { $0.spoolBytes },
        Field("window_bytes", .integer) { $0.windowBytes },
        Field("seconds_since_heartbeat", .number) { $0.secondsSinceHeartbeat },
        Field("rows", .integer) { $0.rows },
        Field("failures", .integer) { $0.failures },
        Field("agreed", .integer) { $0.agreed },
        Field("wrong", .integer) { $0.wrong },
        Field("quarantine_seconds", .number) { $0.quarantineSeconds },
        Field("leases", .array(LeaseJSON.schema)) { $0.work.map { LeaseJSON(lease: $0) } },
    ]
}

/// What a worker computes on.
private struct DeviceJSON: Encodable {
    let device: WireDevice

    func encode(to encoder: any Encoder) throws { try Field.encode(device, Self.fields, to: encoder) }

    static var schema: Schema { Field.schema(fields) }

    private static let fields: [Field<WireDevice>] = [
        Field("name", .string) { $0.name },
        Field("kind", .string) { $0.kind },
        Field("architecture", .string) { $0.architecture },
        Field("memory_bytes", .integer) { $0.memoryBytes },
        Field("compute_units", .integer) { $0.computeUnits },
    ]
}

/// A lease as its worker holds it.
private struct LeaseJSON: Encodable {
    let lease: WireStatus.Work

    func encode(to encoder: any Encoder) throws { try Field.encode(lease, Self.fields, to: encoder) }

    static var schema: Schema { Field.schema(fields) }

    private static let fields: [Field<WireStatus.Work>] = [
        Field("job", .string) { $0.job },
        Field("run", .string) { $0.run },
        Field("cell", .string) { $0.cell },
        Field("purpose", .words(["score", "backup", "check"])) { $0.purpose.word },
        Field("examples", .integer) { $0.examples },
        Field("examples_done", .integer) { $0.examplesDone },
        Field("seconds", .number) { $0.seconds },
    ]
}

extension WireJob.Purpose {
    /// As people read it.
    public var word: String {
        switch self {
        case .backup: "backup"
        case .check: "check"
        default: "score"
        }
    }
}

extension WireDevice {
    /// In a few words, as far as it is known: `NVIDIA H200, sm_90, 132 units, 139.8 GiB`.
    public var summary: String {
        let parts = [
            name, architecture, computeUnits > 0 ? counted(computeUnits, kind == "cpu" ? "core" : "unit") : "",
            memoryBytes > 0 ? Show.bytes(memoryBytes) : "",
        ].filter { !$0.isEmpty }
        return parts.isEmpty ? kind : parts.joined(separator: ", ")
    }
}

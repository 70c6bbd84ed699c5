import Wire

/// Finished rows of one lease, as they are sent together and kept until their Ack.
public struct SpooledBatch: Sendable, Equatable {
    public let lease: LeaseName
    /// From 1 within the lease.
    public let number: UInt64
    public let rows: [WireRow]

    /// A batch of rows.
    public init(lease: LeaseName, number: UInt64, rows: [WireRow]) {
        self.lease = lease
        self.number = number
        self.rows = rows
    }
}

/// Finished rows that the coordinator has not acknowledged, in batches, oldest first.
///
/// At most a window of bytes is under way at a time, so a worker that comes back with much to tell does not flood the
/// coordinator.
struct Spool: Sendable {
    private struct Entry: Sendable {
        let batch: SpooledBatch
        let bytes: Int
        /// nil: not sent in this session.
        var sent: Instant?

        init(_ batch: SpooledBatch) {
            self.batch = batch
            bytes = batch.rows.reduce(0) { $0 + Spool.bytes(of: $1) }
        }
    }

    /// Bytes that may be under way.
    var window: Int
    private(set) var bytes = 0
    private(set) var rows = 0
    /// Sent before, in this session or an earlier one; few.
    private var flying: [Entry] = []
    private var waiting = Queue<Entry>()
    private var batchesOfLease: [LeaseName: Int] = [:]

    init(window: Int) { self.window = window }

    var isEmpty: Bool { flying.isEmpty && waiting.isEmpty }

    /// About what a row takes on the wire.
    static func bytes(of row: WireRow) -> Int {
        32 + 24 * row.choices.count + (row.hasMeasurement ? 24 + 40 * row.measurement.passes.count : 0)
    }

    func holds(_ lease: LeaseName) -> Bool { batchesOfLease[lease] != nil }

    mutating func append(_ batch: SpooledBatch) {
        let entry = Entry(batch)
        waiting.append(entry)
        count(entry, 1)
    }

    /// The batches to send now: those whose Ack is overdue, and others as far as they fit into the window. If nothing
    /// is under way, one is sent however large it is.
    mutating func takeDue(_ now: Instant, resendAfter patience: Milliseconds) -> [SpooledBatch] {
        var due: [SpooledBatch] = []
        var underWay = flying.reduce(0) { $0 + ($1.sent == nil ? 0 : $1.bytes) }
        for index in flying.indices {
            if let sent = flying[index].sent {
                guard now - sent >= patience else { continue }
            } else {
                guard underWay == 0 || underWay + flying[index].bytes <= window else { break }
                underWay += flying[index].bytes
            }
            flying[index].sent = now
            due.append(flying[index].batch)
        }
        while let next = waiting.first, underWay == 0 || underWay + next.bytes <= window, !hasUnsent {
            _ = waiting.popFirst()
            underWay += next.bytes
            flying.append(next)
            flying[flying.count - 1].sent = now
            due.append(next.batch)
        }
        return due
    }

    private var hasUnsent: Bool { flying.last.map { $0.sent == nil } ?? false }

    /// Makes everything under way due again, for a new session.
    mutating func rewind() {
        for index in flying.indices { flying[index].sent = nil }
    }

    /// Forgets a batch that is durable elsewhere; whether it was here.
    mutating func acknowledge(_ lease: LeaseName, _ number: UInt64) -> Bool {
        guard let index = flying.firstIndex(where: { $0.batch.number == number && $0.batch.lease == lease }) else {
            return false
        }
        count(flying.remove(at: index), -1)
        return true
    }

    /// Drops the rows of a lease that nobody wants, and returns the numbers of their batches. O(n).
    mutating func discard(_ lease: LeaseName) -> [UInt64] {
        guard holds(lease) else { return [] }
        var numbers: [UInt64] = []
        for entry in flying where entry.batch.lease == lease {
            numbers.append(entry.batch.number)
            count(entry, -1)
        }
        flying.removeAll { $0.batch.lease == lease }
        var kept = Queue<Entry>()
        while let entry = waiting.popFirst() {
            guard entry.batch.lease == lease else {
                kept.append(entry)
                continue
            }
            numbers.append(entry.batch.number)
            count(entry, -1)
        }
        waiting = kept
        return numbers
    }

    private mutating func count(_ entry: Entry, _ sign: Int) {
        bytes += sign * entry.bytes
        rows += sign * entry.batch.rows.count
        let batches = batchesOfLease[entry.batch.lease, default: 0] + sign
        batchesOfLease[entry.batch.lease] = batches == 0 ? nil : batches
    }
}

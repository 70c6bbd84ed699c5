import Wire

/// Finished rows that the coordinator has not acknowledged, in batches, oldest first.
///
/// At most a window of bytes is under way at a time, so a worker that comes back with much to tell does not flood the
/// coordinator.
struct Spool: Sendable {
    struct Batch: Sendable {
        let lease: LeaseName
        /// From 1 within the lease.
        let number: UInt64
        let rows: [WireRow]
        let bytes: Int
        /// nil: to be sent as soon as may be.
        var sent: Instant?

        init(lease: LeaseName, number: UInt64, rows: [WireRow]) {
            self.lease = lease
            self.number = number
            self.rows = rows
            bytes = rows.reduce(0) { $0 + Spool.bytes(of: $1) }
        }
    }

    let window: Int
    private(set) var bytes = 0
    private(set) var rows = 0
    /// Under way; few.
    private var flying: [Batch] = []
    private var flyingBytes = 0
    private var waiting = Queue<Batch>()
    private var batchesOfLease: [LeaseName: Int] = [:]

    init(window: Int) { self.window = window }

    var isEmpty: Bool { flying.isEmpty && waiting.isEmpty }

    /// About what a row takes on the wire.
    static func bytes(of row: WireRow) -> Int { 32 + 24 * row.choices.count }

    func holds(_ lease: LeaseName) -> Bool { batchesOfLease[lease] != nil }

    mutating func append(_ batch: Batch) {
        waiting.append(batch)
        count(batch, 1)
    }

    /// The batches to send now: new ones that fit into the window, and those whose Ack is overdue.
    mutating func takeDue(_ now: Instant, resendAfter patience: Milliseconds) -> [Batch] {
        while let next = waiting.first, flying.isEmpty || flyingBytes + next.bytes <= window {
            _ = waiting.popFirst()
            flying.append(next)
            flyingBytes += next.bytes
        }
        var due: [Batch] = []
        for index in flying.indices where flying[index].sent.map({ now - $0 >= patience }) ?? true {
            flying[index].sent = now
            due.append(flying[index])
        }
        return due
    }

    /// Makes everything under way due again, for a new session.
    mutating func rewind() {
        for index in flying.indices { flying[index].sent = nil }
    }

    mutating func acknowledge(_ lease: LeaseName, _ number: UInt64) {
        guard let index = flying.firstIndex(where: { $0.number == number && $0.lease == lease }) else { return }
        let batch = flying.remove(at: index)
        flyingBytes -= batch.bytes
        count(batch, -1)
    }

    /// Drops the rows of a lease that nobody wants. O(n).
    mutating func discard(_ lease: LeaseName) {
        guard holds(lease) else { return }
        for batch in flying where batch.lease == lease { acknowledge(lease, batch.number) }
        var kept = Queue<Batch>()
        while let batch = waiting.popFirst() {
            if batch.lease == lease { count(batch, -1) } else { kept.append(batch) }
        }
        waiting = kept
    }

    private mutating func count(_ batch: Batch, _ sign: Int) {
        bytes += sign * batch.bytes
        rows += sign * batch.rows.count
        let batches = batchesOfLease[batch.lease, default: 0] + sign
        batchesOfLease[batch.lease] = batches == 0 ? nil : batches
    }
}

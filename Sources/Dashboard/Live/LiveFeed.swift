import Cluster
import Hummingbird
import Logging
import Store
import Synchronization

/// The one poller of the coordinator and the store, for any number of viewers.
final class LiveFeed: Sendable {
    /// What was seen last.
    struct Moment: Sendable {
        /// nil while the coordinator does not answer.
        var status: LiveStatus?
        var heads: [RunHead] = []
        var counts: [RunID: RunCount] = [:]
        /// The newest event that viewers were told of.
        var lastEvent: Int64 = 0

        /// Newest run first.
        var runs: [RunSummary] {
            heads.reversed().map { RunSummary($0, counted: counts[$0.run], status: status) }
        }
    }

    static let interval: Duration = .seconds(1)
    /// Polls between two signs of life to viewers whom nothing else is told.
    private static let quietPolls = 15
    private static let eventsAtOnce = 200

    private let source: any DashboardSource
    private let store: StorePool
    private let log: Logger
    let viewers: Viewers
    private let latest = Mutex(Moment())
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ source: any DashboardSource, _ store: StorePool, _ options: DashboardOptions) {
        self.source = source
        self.store = store
        log = options.log
        viewers = Viewers(options.limits)
    }

    var moment: Moment { latest.withLock { $0 } }

    /// Polls until `stop`.
    func start() {
        let polling = Task { [self] in
            var quiet = 0
            while !Task.isCancelled {
                let said = await poll()
                quiet = said ? 0 : quiet + 1
                if quiet >= Self.quietPolls {
                    viewers.tell(ByteBuffer(string: ": still here\n\n"))
                    quiet = 0
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
        task.withLock { $0 = polling }
    }

    /// Ends polling and all viewers.
    func stop() async {
        let polling = task.withLock { $0 }
        polling?.cancel()
        viewers.dismissAll()
        await polling?.value
    }

    /// Looks once; returns whether viewers were told something.
    @discardableResult
    func poll() async -> Bool {
        let before = moment
        var now = before
        now.status = try? await source.status()
        do {
            let last = before.lastEvent
            let (heads, events) = try await store.read { view in
                let events =
                    last == 0 ? try view.lastEvents(1) : try view.events(after: last, limit: Self.eventsAtOnce)
                return (try view.runHeads(), events)
            }
            now.heads = heads
            now.lastEvent = events.last?.id ?? last
            try await count(&now)
            if last > 0 { for event in events { viewers.tell(LiveMessage.journal(event)) } }
            latest.withLock { $0 = now }
            guard let message = LiveMessage.status(now), message != LiveMessage.status(before) else {
                return last > 0 && !events.isEmpty
            }
            viewers.tell(message)
            return true
        } catch {
            log.warning("the dashboard cannot read the store: \(error)")
            latest.withLock { $0.status = now.status }
            return false
        }
    }

    /// Counts the rows of one run whose count is not known: the newest first.
    private func count(_ moment: inout Moment) async throws {
        let status = moment.status
        let counts = moment.counts
        moment.counts = counts.filter { name, _ in moment.heads.contains { $0.run == name } }
        let open = moment.heads.last { head in
            guard head.state != .running || status?.run(head.run) == nil else { return false }
            return counts[head.run].map { !$0.holds(for: head) } ?? true
        }
        guard let open else { return }
        let record = try await store.readWhole { try $0.run(open.run) }
        moment.counts[open.run] = RunCount(
            state: record.state, finished: record.finished, rows: record.rows, rowsExpected: record.rowsExpected)
    }

    /// What a new viewer is told first: what it missed since an event, or that it missed too much.
    func greeting(after last: Int64?) async throws -> [ByteBuffer] {
        let moment = moment
        var messages = [LiveMessage.hello(moment)]
        if let status = LiveMessage.status(moment) { messages.append(status) }
        guard let last, last < moment.lastEvent else { return messages }
        let missed = try await store.read { try $0.events(after: last, limit: Self.eventsAtOnce + 1) }
        if missed.count > Self.eventsAtOnce { return messages + [LiveMessage.reload] }
        return messages + missed.filter { $0.id <= moment.lastEvent }.map(LiveMessage.journal)
    }
}

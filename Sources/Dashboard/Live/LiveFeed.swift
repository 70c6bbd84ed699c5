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
        /// Rises with every look.
        var number = 0

        /// What changes when anything of it does.
        var version: String { "\(number) \(status == nil) \(counts.count)" }

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
    private let told = Mutex<ByteBuffer?>(nil)
    private let isCounting = Atomic(false)
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
            // What was counted meanwhile is there already.
            latest.withLock { latest in
                now.counts = latest.counts.filter { name, _ in heads.contains { $0.run == name } }
                now.number = latest.number + 1
                latest = now
            }
            countNext(now)
            return tell(now, events: last > 0 ? events : [])
        } catch {
            log.warning("the dashboard cannot read the store: \(error)")
            latest.withLock { $0.status = now.status }
            return false
        }
    }

    /// Tells viewers of events and of a status that differs from the one before; returns whether there was any.
    ///
    /// All in one message, so that who reads misses nothing however much happened since the last look.
    private func tell(_ moment: Moment, events: [EventRecord]) -> Bool {
        var news = LiveMessage.together(events.map(LiveMessage.journal))
        let status = LiveMessage.status(moment)
        // Compared with what was said, for counts come between two looks.
        let isNews = told.withLock { told in
            defer { told = status }
            return told != status
        }
        if let status, isNews { news = LiveMessage.together([news, status]) }
        guard news.readableBytes > 0 else { return false }
        viewers.tell(news)
        return true
    }

    /// Counts the rows of one run whose count is not known, the newest first; nobody waits for it.
    private func countNext(_ moment: Moment) {
        let open = moment.heads.last { head in
            guard head.state != .running || moment.status?.run(head.run) == nil else { return false }
            return moment.counts[head.run].map { !$0.holds(for: head) } ?? true
        }
        guard let open, !isCounting.exchange(true, ordering: .relaxed) else { return }
        Task {
            if let record = try? await store.readWhole({ try $0.run(open.run) }) {
                let count = RunCount(
                    state: record.state, finished: record.finished, rows: record.rows,
                    rowsExpected: record.rowsExpected)
                latest.withLock { $0.counts[open.run] = count }
            }
            isCounting.store(false, ordering: .relaxed)
        }
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

import Cluster
import Store

/// How a run stands, from the store's facts and the coordinator's.
struct RunSummary: Sendable, Equatable {
    let head: RunHead
    /// Rows stored and expected; nil until they have been counted.
    let rows: Int?
    let rowsExpected: Int?
    /// What the coordinator knows of a run that is not over.
    let live: LiveRun?
    /// Of all workers together, while it runs.
    let tokensPerSecond: Double
    let secondsLeft: Double?

    init(_ head: RunHead, counted: RunCount?, status: LiveStatus?) {
        self.head = head
        let isRunning = head.state == .running
        live = isRunning ? status?.run(head.run) : nil
        rows = live?.rows ?? counted?.rows
        rowsExpected = live?.rowsExpected ?? counted?.rowsExpected
        let speed = isRunning && live != nil ? status?.tokensPerSecond ?? 0 : 0
        tokensPerSecond = speed
        secondsLeft = live.flatMap { speed > 0 ? Double($0.tokensLeft) / speed : $0.tokensLeft == 0 ? 0 : nil }
    }

    /// 0…1; nil until the rows have been counted.
    var share: Double? {
        guard let rows, let rowsExpected else { return nil }
        return rowsExpected == 0 ? 1 : Double(rows) / Double(rowsExpected)
    }

    /// What changes when its figures do.
    var version: String { "\(head.state.rawValue) \(rows ?? -1) \(head.failures)" }
}

/// A count of a run's rows, as of one moment.
struct RunCount: Sendable, Equatable {
    let state: RunState
    let finished: Double?
    let rows: Int
    let rowsExpected: Int

    /// Whether it still holds: the rows of a run that is over stay.
    func holds(for head: RunHead) -> Bool {
        state != .running && state == head.state && finished == head.finished
    }
}

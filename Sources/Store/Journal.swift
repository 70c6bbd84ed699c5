import Cluster
import Wire
import Wording

/// The operators' journal: what happened, in the order in which it became durable.
///
/// A flood of one kind of event does not fill the disk: beyond a burst, only so many a minute are kept, and the number
/// of those left out is.
struct Journal {
    /// Events of a kind that may come at once, and that may come every minute for ever.
    static let burst = 120, perMinute = 20
    /// How long events wait at most, in seconds, for a commit that has other things to write too.
    static let patience = 1.0

    private struct Entry {
        let event: JournalEntry
        let at: Double
    }

    private struct Allowance {
        var left = Double(burst)
        var updated: Double
        var omitted = 0
    }

    /// Noted, but not written yet.
    private var waiting: [Entry] = []
    private var allowances: [EventKind: Allowance] = [:]

    /// Whether events have waited long enough.
    func isDue(at now: Double) -> Bool { waiting.first.map { abs(now - $0.at) >= Self.patience } ?? false }

    mutating func note(_ event: JournalEntry, at now: Double) {
        var allowance = allowances[event.kind] ?? Allowance(updated: now)
        // A clock that is set back gives nothing and takes nothing.
        allowance.left += max(0, now - allowance.updated) * Double(Self.perMinute) / 60
        allowance.left = min(allowance.left, Double(Self.burst))
        allowance.updated = now
        if allowance.left >= 1 {
            allowance.left -= 1
            if allowance.omitted > 0 { waiting.append(Self.omission(event.kind, allowance.omitted, now)) }
            allowance.omitted = 0
            waiting.append(Entry(event: event, at: now))
        } else {
            allowance.omitted += 1
        }
        allowances[event.kind] = allowance
    }

    /// Writes what waits, inside the caller's transaction.
    mutating func write(_ statements: WriterStatements) throws {
        for entry in waiting {
            try statements.event.execute {
                $0.bind(entry.at)
                $0.bind(entry.event.run ?? "")
                $0.bind(entry.event.kind.rawValue)
                $0.bind(WireLimits.truncated(detail: entry.event.detail))
            }
        }
        waiting.removeAll(keepingCapacity: true)
    }

    /// Notes of each kind how many were left out since its last event; for the end of the journal.
    mutating func noteOmissions(at now: Double) {
        for kind in EventKind.allCases {
            guard let omitted = allowances[kind]?.omitted, omitted > 0 else { continue }
            waiting.append(Self.omission(kind, omitted, now))
            allowances[kind]?.omitted = 0
        }
    }

    private static func omission(_ kind: EventKind, _ omitted: Int, _ now: Double) -> Entry {
        let events = counted(omitted, "event of this kind was", "events of this kind were")
        return Entry(event: JournalEntry(kind, "\(events) left out: there were too many"), at: now)
    }
}

/// Something that happened, for the journal.
public struct JournalEntry: Sendable, Equatable {
    public let kind: EventKind
    public let run: RunID?
    /// Who, what and why, in words; cut to 4 KiB.
    public let detail: String

    /// An event of the whole store, or of one run.
    public init(_ kind: EventKind, run: RunID? = nil, _ detail: String) {
        self.kind = kind
        self.run = run
        self.detail = detail
    }
}

/// The kinds of events. The store itself writes those of runs, jobs, rows and of its opening and closing; the
/// coordinator those of workers and leases.
public enum EventKind: String, Sendable, CaseIterable {
    case coordinatorStarted = "coordinator started"
    case coordinatorStopped = "coordinator stopped"
    case storeMigrated = "store migrated"
    case runAccepted = "run accepted"
    case scoresTakenOver = "scores taken over"
    case runEnded = "run ended"
    case runCancelled = "run cancelled"
    case runResumed = "run resumed"
    case jobFailed = "job failed"
    case exampleGivenUp = "example given up"
    case disagreement
    case withdrawal
    case workerRevoked = "worker revoked"
    case workerJoined = "worker joined"
    case workerLeft = "worker left"
    case workerRefused = "worker refused"
    case workerSilent = "worker silent"
    case workerQuarantined = "worker quarantined"
    case workerDrained = "worker drained"
    case leaseEnded = "lease ended"
    case accessChanged = "access changed"
}

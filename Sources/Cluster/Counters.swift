/// What a scheduler has done since the coordinator's start, for status, metrics and tests.
public struct Counters: Sendable, Equatable {
    /// Leases granted for rows that nobody had computed, to go on beside a slow worker, and to compare.
    public internal(set) var jobsGranted: UInt64 = 0
    public internal(set) var backupsGranted: UInt64 = 0
    public internal(set) var checksGranted: UInt64 = 0
    /// Leases of busy workers that were taken to idle ones before they were begun.
    public internal(set) var leasesMoved: UInt64 = 0
    /// Leases that ended for their holder's silence, by its failure, or because it gave them back.
    public internal(set) var leasesExpired: UInt64 = 0
    public internal(set) var leasesFailed: UInt64 = 0
    public internal(set) var leasesReturned: UInt64 = 0
    /// Leases that their holders named after a silence or a restart, and kept.
    public internal(set) var leasesAdopted: UInt64 = 0
    /// Jobs of which every example has a row, and those with examples that have none and never will.
    public internal(set) var jobsDone: UInt64 = 0
    public internal(set) var jobsFailed: UInt64 = 0
    /// Rows that were missing.
    public internal(set) var rowsStored: UInt64 = 0
    /// Of those, rows of leases that had been lost.
    public internal(set) var rowsSalvaged: UInt64 = 0
    /// Rows that were stored already: sent again, or computed twice, or computed again to compare.
    public internal(set) var rowsDuplicate: UInt64 = 0
    /// Of those, rows that two workers computed for the sake of speed or after a lease was lost.
    public internal(set) var rowsTwice: UInt64 = 0
    /// Rows in batches that no honest worker sends.
    public internal(set) var rowsRejected: UInt64 = 0
    /// Messages without effect, such as about a lease that their sender does not hold.
    public internal(set) var messagesIgnored: UInt64 = 0
    /// Rows whose second computation settled that they are right, differs from them, settled that they are wrong; and
    /// rows that nobody was left to compare.
    public internal(set) var checksAgreed: UInt64 = 0
    public internal(set) var checksDiffered: UInt64 = 0
    public internal(set) var checksRefuted: UInt64 = 0
    public internal(set) var checksDropped: UInt64 = 0
    public internal(set) var workersQuarantined: UInt64 = 0
    public internal(set) var workersRevoked: UInt64 = 0
    public internal(set) var examplesGivenUp: UInt64 = 0
    public internal(set) var sessionsOpened: UInt64 = 0
    /// Hellos that were rejected.
    public internal(set) var sessionsRejected: UInt64 = 0
    /// Sessions that ended because nothing was heard of them.
    public internal(set) var sessionsSilent: UInt64 = 0
    /// Commits that took so long that the windows were halved.
    public internal(set) var commitsSlow: UInt64 = 0

    /// Nothing yet.
    public init() {}

    /// All of them with their names on the wire.
    public var all: [(name: String, value: UInt64)] {
        [
            ("jobs_granted", jobsGranted), ("backups_granted", backupsGranted), ("checks_granted", checksGranted),
            ("leases_moved", leasesMoved), ("leases_expired", leasesExpired), ("leases_failed", leasesFailed),
            ("leases_returned", leasesReturned), ("leases_adopted", leasesAdopted), ("jobs_done", jobsDone),
            ("jobs_failed", jobsFailed), ("rows_stored", rowsStored), ("rows_salvaged", rowsSalvaged),
            ("rows_duplicate", rowsDuplicate), ("rows_twice", rowsTwice), ("rows_rejected", rowsRejected),
            ("messages_ignored", messagesIgnored), ("checks_agreed", checksAgreed),
            ("checks_differed", checksDiffered), ("checks_refuted", checksRefuted),
            ("checks_dropped", checksDropped), ("workers_quarantined", workersQuarantined),
            ("workers_revoked", workersRevoked), ("examples_given_up", examplesGivenUp),
            ("sessions_opened", sessionsOpened), ("sessions_rejected", sessionsRejected),
            ("sessions_silent", sessionsSilent), ("commits_slow", commitsSlow),
        ]
    }
}

/// What the coordinator's shell counts since its start; `list` names everything that `coord status` shows.
struct CoordinatorCounters {
    var framesMalformed: UInt64 = 0
    var framesForbidden: UInt64 = 0
    /// Of a session that is over.
    var framesStale: UInt64 = 0
    /// Whose sequence number is not above the session's last.
    var framesRepeated: UInt64 = 0
    /// Sequence numbers of sessions that never came.
    var framesMissed: UInt64 = 0
    var batchesBroken: UInt64 = 0
    var messagesSent: UInt64 = 0
    /// Whose peer does not read; leases expire and rows are sent again, so that nothing is lost.
    var messagesUnsentFull: UInt64 = 0
    var messagesUnsentGone: UInt64 = 0
    var commits: UInt64 = 0
    var commitMilliseconds: UInt64 = 0
    var changesRefused: UInt64 = 0
    var rowsDisagreeing: UInt64 = 0
    var rowsUnexpected: UInt64 = 0
    var jobsUnreadable: UInt64 = 0
    var sessionsRevoked: UInt64 = 0
    var submissionsAccepted: UInt64 = 0
    var submissionsRefused: UInt64 = 0
    var requestsBusy: UInt64 = 0

    /// Names and values, in a fixed order.
    var list: [(name: String, value: UInt64)] {
        [
            ("frames_malformed", framesMalformed), ("frames_forbidden", framesForbidden),
            ("frames_stale", framesStale), ("frames_repeated", framesRepeated), ("frames_missed", framesMissed),
            ("batches_broken", batchesBroken), ("messages_sent", messagesSent),
            ("messages_unsent_full", messagesUnsentFull), ("messages_unsent_gone", messagesUnsentGone),
            ("commits", commits), ("commit_milliseconds", commitMilliseconds), ("changes_refused", changesRefused),
            ("rows_disagreeing", rowsDisagreeing), ("rows_unexpected", rowsUnexpected),
            ("jobs_unreadable", jobsUnreadable),
            ("sessions_revoked", sessionsRevoked), ("submissions_accepted", submissionsAccepted),
            ("submissions_refused", submissionsRefused), ("requests_busy", requestsBusy),
        ]
    }
}

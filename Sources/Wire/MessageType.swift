/// The table of type codes in the frame header. A code is never reused.
public enum MessageType: UInt16, Sendable, Hashable, CaseIterable {
    /// Opens a session.
    case hello = 1
    /// Asks for jobs.
    case credit = 2
    /// Reports progress and keeps leases.
    case heartbeat = 3
    /// A batch of finished rows.
    case scores = 4
    /// Every row of the job was sent.
    case jobDone = 5
    /// The job cannot be finished here.
    case jobFailed = 6
    /// Gives a job back unfinished.
    case leaseReturn = 7
    /// Takes no more jobs.
    case draining = 8
    /// Ends the session.
    case bye = 9

    /// Accepts a Hello.
    case welcome = 32
    /// Refuses a message.
    case reject = 33
    /// Grants a lease with its tokens.
    case job = 34
    /// A batch is durable.
    case ack = 35
    /// Renews and cancels leases.
    case heartbeatAck = 36
    /// Ends a lease.
    case cancel = 37
    /// Asks a worker to finish and leave.
    case drain = 38

    /// A job file to run.
    case submit = 64
    /// Asks how runs and workers do.
    case statusRequest = 65
    /// Ends a run.
    case cancelRun = 66
    /// Asks workers to finish and leave.
    case drainWorkers = 67
    /// Takes up a run that has ended unfinished.
    case resumeRun = 68
    /// Asks for a run's report.
    case reportRequest = 69

    /// Answers Submit.
    case submitted = 96
    /// Answers StatusRequest.
    case status = 97
    /// Answers CancelRun.
    case cancelled = 98
    /// Answers DrainWorkers.
    case drainingWorkers = 99
    /// Answers ResumeRun.
    case resumed = 100
    /// Answers ReportRequest.
    case report = 101

    /// Who may send a message.
    public enum Sender: Sendable, Hashable {
        case worker, client, coordinator
    }

    /// The only side that sends this type: each has a block of 32 codes, the coordinator two.
    public var sender: Sender {
        switch rawValue {
        case ..<32: .worker
        case 64..<96: .client
        default: .coordinator
        }
    }

    /// The longest frame of this type, header included, in bytes.
    public var limit: Int {
        sender == .coordinator ? WireLimits.frameFromCoordinator : WireLimits.frameToCoordinator
    }
}

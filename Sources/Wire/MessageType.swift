/// The table of type codes in the frame header. A code is never reused.
public enum MessageType: UInt16, Sendable, Hashable, CaseIterable {
    case hello = 1
    case credit = 2
    case heartbeat = 3
    case scores = 4
    case jobDone = 5
    case jobFailed = 6
    case leaseReturn = 7
    case draining = 8
    case bye = 9

    case welcome = 32
    case reject = 33
    case job = 34
    case ack = 35
    case heartbeatAck = 36
    case cancel = 37
    case drain = 38

    case submit = 64
    case statusRequest = 65
    case cancelRun = 66

    case submitted = 96
    case status = 97
    case cancelled = 98

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

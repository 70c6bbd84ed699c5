import SwiftProtobuf

/// Any message that travels between coordinator, workers and clients; each case wraps molt.proto's message of its name.
public enum WireMessage: Sendable, Equatable {
    case hello(WireHello)
    case credit(WireCredit)
    case heartbeat(WireHeartbeat)
    case scores(WireScores)
    case jobDone(WireJobDone)
    case jobFailed(WireJobFailed)
    case leaseReturn(WireLeaseReturn)
    case draining(WireDraining)
    case bye(WireBye)

    case welcome(WireWelcome)
    case reject(WireReject)
    case job(WireJob)
    case ack(WireAck)
    case heartbeatAck(WireHeartbeatAck)
    case cancel(WireCancel)
    case drain(WireDrain)

    case submit(WireSubmit)
    case statusRequest(WireStatusRequest)
    case cancelRun(WireCancelRun)
    case drainWorkers(WireDrainWorkers)
    case resumeRun(WireResumeRun)
    case reportRequest(WireReportRequest)

    case submitted(WireSubmitted)
    case status(WireStatus)
    case cancelled(WireCancelled)
    case drainingWorkers(WireDrainingWorkers)
    case resumed(WireResumed)
    case report(WireReport)

    /// The message's type code.
    public var type: MessageType { content.type }

    /// The type code with the protobuf body.
    var content: (type: MessageType, body: any SwiftProtobuf.Message) {
        switch self {
        case .hello(let body): (.hello, body)
        case .credit(let body): (.credit, body)
        case .heartbeat(let body): (.heartbeat, body)
        case .scores(let body): (.scores, body)
        case .jobDone(let body): (.jobDone, body)
        case .jobFailed(let body): (.jobFailed, body)
        case .leaseReturn(let body): (.leaseReturn, body)
        case .draining(let body): (.draining, body)
        case .bye(let body): (.bye, body)
        case .welcome(let body): (.welcome, body)
        case .reject(let body): (.reject, body)
        case .job(let body): (.job, body)
        case .ack(let body): (.ack, body)
        case .heartbeatAck(let body): (.heartbeatAck, body)
        case .cancel(let body): (.cancel, body)
        case .drain(let body): (.drain, body)
        case .submit(let body): (.submit, body)
        case .statusRequest(let body): (.statusRequest, body)
        case .cancelRun(let body): (.cancelRun, body)
        case .drainWorkers(let body): (.drainWorkers, body)
        case .resumeRun(let body): (.resumeRun, body)
        case .reportRequest(let body): (.reportRequest, body)
        case .submitted(let body): (.submitted, body)
        case .status(let body): (.status, body)
        case .cancelled(let body): (.cancelled, body)
        case .drainingWorkers(let body): (.drainingWorkers, body)
        case .resumed(let body): (.resumed, body)
        case .report(let body): (.report, body)
        }
    }

    /// Parses the protobuf body that a type code announces.
    init(_ type: MessageType, body: [UInt8]) throws {
        switch type {
        case .hello: self = .hello(try parse(body))
        case .credit: self = .credit(try parse(body))
        case .heartbeat: self = .heartbeat(try parse(body))
        case .scores: self = .scores(try parse(body))
        case .jobDone: self = .jobDone(try parse(body))
        case .jobFailed: self = .jobFailed(try parse(body))
        case .leaseReturn: self = .leaseReturn(try parse(body))
        case .draining: self = .draining(try parse(body))
        case .bye: self = .bye(try parse(body))
        case .welcome: self = .welcome(try parse(body))
        case .reject: self = .reject(try parse(body))
        case .job: self = .job(try parse(body))
        case .ack: self = .ack(try parse(body))
        case .heartbeatAck: self = .heartbeatAck(try parse(body))
        case .cancel: self = .cancel(try parse(body))
        case .drain: self = .drain(try parse(body))
        case .submit: self = .submit(try parse(body))
        case .statusRequest: self = .statusRequest(try parse(body))
        case .cancelRun: self = .cancelRun(try parse(body))
        case .drainWorkers: self = .drainWorkers(try parse(body))
        case .resumeRun: self = .resumeRun(try parse(body))
        case .reportRequest: self = .reportRequest(try parse(body))
        case .submitted: self = .submitted(try parse(body))
        case .status: self = .status(try parse(body))
        case .cancelled: self = .cancelled(try parse(body))
        case .drainingWorkers: self = .drainingWorkers(try parse(body))
        case .resumed: self = .resumed(try parse(body))
        case .report: self = .report(try parse(body))
        }
    }
}

/// A body without the fields of newer peers, which nobody here could use.
private func parse<Body: SwiftProtobuf.Message>(_ bytes: [UInt8]) throws -> Body {
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = 8
    options.discardUnknownFields = true
    return try Body(serializedBytes: bytes, options: options)
}

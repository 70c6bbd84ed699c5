import Foundation
import Messaging
import Wire

/// A client's or viewer's connection to a coordinator: one question at a time.
public struct ClientConnection {
    private let dealer: DealerEndpoint
    private let endpoint: String
    private let key: String

    /// Starts connecting.
    public init(to endpoint: String, coordinatorKey: CurvePublicKey, keys: CurveKeyPair) throws {
        self.endpoint = endpoint
        key = keys.publicKey.z85
        dealer = try DealerEndpoint(
            connectingTo: endpoint, serverKey: coordinatorKey, keys: keys, in: MessagingContext())
    }

    /// Hands a job in; the answer comes when it is read, checked and durable. Runs of higher priority go first.
    public func submit(
        _ job: String, fresh: Bool = false, priority: Int32 = 0, timeoutSeconds: Int = 600
    ) throws -> WireSubmitted {
        let request = WireSubmit.with { ($0.job, $0.fresh, $0.priority) = (job, fresh, priority) }
        let answer = try ask(.submit(request), timeoutSeconds: timeoutSeconds)
        guard case .submitted(let submitted) = answer else { throw unexpected(answer) }
        return submitted
    }

    /// How a run stands, or with an empty name all runs, and who works; when watching also the counters, and the events
    /// after one that is known (0: the last few).
    public func status(
        run: String = "", watching: Bool = false, afterEvent: UInt64 = 0, timeoutSeconds: Int = 15
    ) throws -> WireStatus {
        let request = WireStatusRequest.with { ($0.run, $0.watching, $0.afterEvent) = (run, watching, afterEvent) }
        let answer = try ask(.statusRequest(request), timeoutSeconds: timeoutSeconds)
        guard case .status(let status) = answer else { throw unexpected(answer) }
        return status
    }

    /// Gives a run up; its stored rows stay.
    public func cancel(run: String, timeoutSeconds: Int = 15) throws -> WireCancelled {
        let answer = try ask(.cancelRun(.with { $0.run = run }), timeoutSeconds: timeoutSeconds)
        guard case .cancelled(let cancelled) = answer else { throw unexpected(answer) }
        return cancelled
    }

    /// Asks workers to finish their current examples and leave: one by its key or name, those of a host, or with an empty
    /// text all that are connected. Returns their keys.
    public func drain(worker: String, timeoutSeconds: Int = 15) throws -> [String] {
        let answer = try ask(.drainWorkers(.with { $0.worker = worker }), timeoutSeconds: timeoutSeconds)
        guard case .drainingWorkers(let draining) = answer else { throw unexpected(answer) }
        return draining.workers
    }

    /// Takes up a run that was cancelled or ended incomplete.
    public func resume(run: String, timeoutSeconds: Int = 60) throws -> WireResumed {
        let answer = try ask(.resumeRun(.with { $0.run = run }), timeoutSeconds: timeoutSeconds)
        guard case .resumed(let resumed) = answer else { throw unexpected(answer) }
        return resumed
    }

    /// A run's report, or with an empty name the latest run's.
    public func report(run: String, format: ReportFormat, timeoutSeconds: Int = 600) throws -> String {
        let request = WireReportRequest.with { ($0.run, $0.format) = (run, format.rawValue) }
        let answer = try ask(.reportRequest(request), timeoutSeconds: timeoutSeconds)
        guard case .report(let report) = answer else { throw unexpected(answer) }
        return report.text
    }

    private func ask(_ message: WireMessage, timeoutSeconds: Int) throws -> WireMessage {
        let deadline = MonotonicInstant.now + .seconds(timeoutSeconds)
        let frame = try Envelope.encode(message, incarnation: 0, session: 0, sequence: 1)
        let silence = CoordinatorError.noAnswer(endpoint: endpoint, seconds: timeoutSeconds)
        // A coordinator that can be reached answers the handshake at once.
        try connect(until: min(deadline, .now + .seconds(15)), silence)
        // An answer that came too late for an earlier question is none to this one.
        while try dealer.receive() != nil {}
        guard try dealer.send(frame, until: deadline) else { throw silence }
        guard let bytes = try dealer.receive(until: deadline) else { throw silence }
        let answer = try Envelope.decode(bytes).message
        if case .reject(let reject) = answer {
            throw CoordinatorError.refused(code: reject.code, detail: reject.detail)
        }
        return answer
    }

    private func connect(until deadline: MonotonicInstant, _ silence: CoordinatorError) throws {
        while !dealer.isReady {
            guard let event = try dealer.nextEvent(until: deadline) else { throw silence }
            if event == .refused { throw CoordinatorError.notAdmitted(endpoint: endpoint, key: key) }
        }
    }

    private func unexpected(_ message: WireMessage) -> CoordinatorError { .unexpectedAnswer("\(message.type)") }
}

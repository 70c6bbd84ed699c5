import Cluster
import Foundation
import Logging
import Messaging
import Store
import Wire

/// What leaves.
extension CoordinatorLoop {
    /// Sends what a turn decided, in order.
    mutating func send(_ due: [Outgoing]) throws {
        let jobs = try grantedJobs(in: due)
        for item in due {
            switch item {
            case .session(let id, let message): try send(message, to: id, jobs)
            case .peer(let peer, let message): try send(message, to: peer)
            }
        }
    }

    private mutating func send(
        _ message: CoordinatorMessage, to id: SessionID, _ jobs: [LeaseName: Result<GrantedJob, any Error>]
    ) throws {
        guard let session = sessions[id] else { return }
        do {
            let frame = try encode(message, session: id, sequence: session.sent + 1, jobs)
            sessions[id]?.sent += 1
            count(try router.send(frame, to: session.peer), session)
        } catch let error where !endsCoordinator(error) {
            // A job that cannot be read, or does not fit into a frame: the others go on.
            guard case .grant(let lease, _, _, _) = message else { throw error }
            counters.jobsUnreadable += 1
            note(.jobFailed, "job \(lease.job) cannot be sent: \(error)")
            log.error(
                "a job cannot be sent: \(error)",
                metadata: ["job": "\(lease.job)", "epoch": "\(lease.epoch)", "worker": "\(session.worker)"])
            afterwards.append(.message(.jobFailed(lease, .data, detail: "\(error)"), session: id))
        }
    }

    private mutating func send(_ message: WireMessage, to peer: PeerID) throws {
        let frame: [UInt8]
        do {
            frame = try encode(message, session: 0, sequence: 0)
        } catch let error as WireError {
            let detail = "the answer does not fit into a message: \(error)"
            frame = try encode(.reject(CoordinatorMessage.reject(.malformed, detail)), session: 0, sequence: 0)
        }
        count(try router.send(frame, to: peer), nil)
    }

    /// What did not leave is said again, or repaired when its lease expires.
    private mutating func count(_ outcome: SendOutcome, _ session: PeerSession?) {
        switch outcome {
        case .sent: counters.messagesSent += 1
        case .full: counters.messagesUnsentFull += 1
        case .unreachable: counters.messagesUnsentGone += 1
        }
        guard outcome != .sent, let session else { return }
        remark(
            .info, "unsent \(session.worker)", "a message did not leave: its peer is gone or does not read",
            ["worker": "\(session.worker)"])
    }

    private func encode(_ message: WireMessage, session: SessionID, sequence: UInt64) throws -> [UInt8] {
        try Envelope.encode(message, incarnation: scheduler.incarnation, session: session, sequence: sequence)
    }

    private func encode(
        _ message: CoordinatorMessage, session: SessionID, sequence: UInt64,
        _ jobs: [LeaseName: Result<GrantedJob, any Error>]
    ) throws -> [UInt8] {
        guard case .grant(let lease, _, _, _) = message else {
            let wire = try message.wire(session: session, incarnation: scheduler.incarnation) { lease, _, _, _ in
                throw CoordinatorError.unknownJob(lease.job)
            }
            return try encode(wire, session: session, sequence: sequence)
        }
        guard let granted = try jobs[lease]?.get() else { throw CoordinatorError.unknownJob(lease.job) }
        return try Envelope.encode(
            granted.job, examples: granted.examples, incarnation: scheduler.incarnation, session: session,
            sequence: sequence)
    }

    /// The jobs that a turn granted, from one reading of the store: a transaction costs more than a job.
    private mutating func grantedJobs(in due: [Outgoing]) throws -> [LeaseName: Result<GrantedJob, any Error>] {
        let grants = due.compactMap { item -> (LeaseName, [UInt32], Milliseconds, LeasePurpose)? in
            guard case .session(_, .grant(let lease, let examples, let span, let purpose)) = item else { return nil }
            return (lease, examples, span, purpose)
        }
        if grants.isEmpty { return [:] }
        do {
            let jobs = try store.read { view in
                var jobs: [LeaseName: Result<GrantedJob, any Error>] = [:]
                for (lease, examples, span, purpose) in grants {
                    jobs[lease] = Result { try GrantedJob(lease, examples, span, purpose, view) }
                }
                return jobs
            }
            for case .success(let granted) in jobs.values {
                modelNames[granted.job.model.sha256] = granted.job.model.id
            }
            return jobs
        } catch let error where !endsCoordinator(error) {
            return Dictionary(grants.map { ($0.0, .failure(error)) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Whether an error says that the store is of no use any more.
    private func endsCoordinator(_ error: any Error) -> Bool {
        switch error {
        case is WireError, is CoordinatorError: false
        case StoreError.unreadable, StoreError.refused, StoreError.busy, StoreError.unknownRun: false
        default: true
        }
    }
}

/// A job as it leaves: without its examples, and these as the store has them.
private struct GrantedJob {
    let job: WireJob
    let examples: [Data]

    init(
        _ lease: LeaseName, _ indices: [UInt32], _ span: Milliseconds, _ purpose: LeasePurpose, _ view: StoreView
    ) throws {
        guard let order = try view.order(of: lease.job) else { throw CoordinatorError.unknownJob(lease.job) }
        examples = try view.encodedRequests(job: lease.job, examples: indices)
        job = .with {
            $0.job = lease.job
            $0.epoch = lease.epoch
            $0.run = order.run
            $0.model = .with {
                $0.id = order.model.id
                $0.path = order.model.path
                $0.sha256 = order.model.sha256
                if let random = order.model.random {
                    $0.randomShape = random.shape
                    $0.randomSeed = random.seed
                }
            }
            $0.reduction = order.reduction
            $0.precision = order.precision
            $0.leaseMilliseconds = UInt32(clamping: span)
            $0.purpose = purpose.wire
        }
    }
}

import Cluster
import Logging
import Messaging
import Wire

/// What comes in, as far as no scheduler is needed to judge it.
extension CoordinatorLoop {
    mutating func handle(_ inbound: Inbound, at now: Instant) {
        let verdict = limits.judge(inbound.userKey, inbound.role, bytes: inbound.payload.count, at: seconds)
        guard obey(verdict, inbound) else { return }
        let envelope: Envelope
        do {
            envelope = try Envelope.decode(inbound.payload)
        } catch {
            counters.framesMalformed += 1
            remark(
                .warning, "malformed \(inbound.userKey)", "dropped a frame: \(error)",
                ["worker": "\(name(inbound.userKey))", "address": "\(inbound.address ?? "unknown")"])
            guard obey(limits.offend(inbound.userKey, inbound.role, at: seconds), inbound) else { return }
            return answer(inbound.peer, .reject(CoordinatorMessage.reject(error.rejectCode, "\(error)")))
        }
        if let message = WorkerMessage(envelope.message) {
            guard inbound.role == .worker else { return refuse(inbound, "compute") }
            handle(message, envelope, inbound, at: now)
        } else {
            handleClient(envelope.message, inbound)
        }
    }

    /// Whether a message goes on; a key that is cut off loses its session.
    private mutating func obey(_ verdict: PeerLimits.Verdict, _ inbound: Inbound) -> Bool {
        switch verdict {
        case .accepted: return true
        case .ignored: return false
        case .throttled:
            remark(
                .warning, "throttled \(inbound.userKey)", "dropped a message beyond the rate of its key",
                ["worker": "\(name(inbound.userKey))", "address": "\(inbound.address ?? "unknown")"])
            return false
        case .cutOff(let reason):
            let span = Int(limits.parameters.ignoreSeconds)
            remark(
                .error, "cut off \(inbound.userKey)", "a key is ignored for \(span) s: \(reason)",
                ["worker": "\(name(inbound.userKey))", "address": "\(inbound.address ?? "unknown")"])
            note(.accessChanged, "\(name(inbound.userKey)) is ignored for \(span) s: \(reason)")
            if let session = scheduler.session(of: inbound.userKey) { feed(.disconnected(session)) }
            return false
        }
    }

    private mutating func handle(_ message: WorkerMessage, _ envelope: Envelope, _ inbound: Inbound, at now: Instant) {
        let header = envelope.header
        if case .hello(let hello) = message {
            guard obey(limits.judgeHello(inbound.userKey, at: seconds), inbound) else { return }
            lastSession += 1
            sessions[lastSession] = PeerSession(
                worker: inbound.userKey, peer: inbound.peer, received: header.sequence)
            feed(.hello(hello, worker: inbound.userKey, session: lastSession), at: now)
            // A refused Hello does not change what the rows of an open session are computed with.
            if scheduler.session(of: inbound.userKey) == lastSession { newEngines[inbound.userKey] = hello.engine }
            return
        }
        let id = header.session
        guard header.incarnation == scheduler.incarnation, let session = sessions[id],
            session.worker == inbound.userKey
        else {
            counters.framesStale += 1
            let detail = "session \(id) of incarnation \(header.incarnation) is over: say Hello again"
            return answer(inbound.peer, .reject(CoordinatorMessage.reject(.session, detail, 1)))
        }
        // Peers number what they send and never send a number again: this came over an older connection, or is forged.
        // Dropped, it is like a lost message, which the protocol repairs.
        guard header.sequence > session.received else {
            counters.framesRepeated += 1
            return
        }
        counters.framesMissed &+= header.sequence - session.received - 1
        sessions[id]?.received = header.sequence
        sessions[id]?.peer = inbound.peer
        if case .scores(let scores) = envelope.message, !scores.isSealed {
            // Left unanswered, the worker would send them again and again.
            counters.batchesBroken += 1
            let lease = LeaseName(job: scores.job, epoch: scores.epoch)
            return feed(
                .message(.jobFailed(lease, .worker, detail: "the digest of its rows is wrong"), session: id), at: now)
        }
        feed(.message(message, session: id), at: now)
    }

    /// Tells a peer that its key does not give it the right to do something.
    mutating func refuse(_ inbound: Inbound, _ action: String) {
        counters.framesForbidden += 1
        let detail =
            "the key of \(name(inbound.userKey)) has the role \(inbound.role.rawValue), which may not \(action)"
        remark(.warning, "forbidden \(inbound.userKey)", detail, ["worker": "\(name(inbound.userKey))"])
        guard obey(limits.offend(inbound.userKey, inbound.role, at: seconds), inbound) else { return }
        answer(inbound.peer, .reject(CoordinatorMessage.reject(.role, detail)))
    }

    /// Logs something about a subject, at most once a minute.
    mutating func remark(
        _ level: Logger.Level, _ subject: String, _ text: String, _ metadata: Logger.Metadata
    ) {
        guard let end = logBudget.admit(subject, at: seconds) else { return }
        log.log(level: level, "\(text.plain)\(end)", metadata: metadata)
    }
}

import Cluster
import Messaging
import Store
import Wire

/// The answer to a status request.
extension CoordinatorLoop {
    /// Events that an answer has at most.
    private static let eventLimit = 100
    /// Those of the first answer.
    private static let lastEvents = 10

    /// The answer; equal requests of a turn get the same one. An empty run asks for all.
    mutating func statusAnswer(to request: WireStatusRequest) -> WireMessage {
        if let answer = statusAnswers[request] { return answer }
        let answer = makeAnswer(to: request)
        statusAnswers[request] = answer
        return answer
    }

    private func makeAnswer(to request: WireStatusRequest) -> WireMessage {
        do {
            let records = try store.read { try request.run.isEmpty ? $0.runs() : [$0.run(request.run)] }
            let workers = scheduler.workers
            let speed = workers.map(\.load.tokensPerSecond).filter { $0.isFinite && $0 > 0 }.reduce(0, +)
            let events = request.watching ? try events(after: request.afterEvent) : []
            return .status(
                .with {
                    $0.runs = records.map { status($0, speed: speed) }
                    $0.workers = workers.map(status)
                    $0.build = Build.name
                    $0.incarnation = scheduler.incarnation
                    $0.backlogSeconds = scheduler.backlogSeconds ?? -1
                    $0.events = events
                    if request.watching {
                        $0.counters = allCounters.map { name, value in
                            .with {
                                $0.name = name
                                $0.value = value
                            }
                        }
                    }
                })
        } catch {
            return .reject(CoordinatorMessage.reject(.malformed, "\(error)"))
        }
    }

    private func events(after id: UInt64) throws -> [WireStatus.Event] {
        let records = try store.read { view in
            id == 0
                ? try view.lastEvents(Self.lastEvents)
                : try view.events(after: Int64(clamping: id), limit: Self.eventLimit)
        }
        return records.map { event in
            .with {
                $0.id = UInt64(event.id)
                $0.at = event.at
                $0.run = event.run ?? ""
                $0.kind = event.kind
                $0.detail = event.detail
            }
        }
    }

    private func status(_ record: RunRecord, speed: Double) -> WireStatus.Run {
        let isOpen = record.state == .running
        let progress = scheduler.progress(of: record.run)
        return .with {
            $0.run = record.run
            $0.name = record.name
            $0.state = record.state.rawValue
            $0.rows = UInt64(record.rows)
            $0.rowsExpected = UInt64(record.rowsExpected)
            $0.failures = UInt64(record.failures)
            $0.tokensPerSecond = isOpen ? speed : 0
            $0.secondsLeft = isOpen ? (scheduler.backlogSeconds ?? -1) : 0
            $0.awaitedEngines = progress?.awaitedEngines ?? []
            $0.boundEngines = progress?.boundEngines ?? []
            $0.barredWorkers = UInt32(clamping: progress?.barredWorkers ?? 0)
            $0.awaitedPrecisions = progress?.awaitedPrecisions ?? []
            $0.awaitedMeasures = progress?.awaitedMeasures ?? []
            $0.priority = Int32(clamping: record.priority)
            $0.jobsOpen = UInt64(progress?.openJobs ?? 0)
            $0.jobsLeased = UInt64(progress?.jobsLeased ?? 0)
            $0.checksOpen = UInt64(progress?.checksOpen ?? 0)
        }
    }

    /// The connected workers as people are told of them, oldest session first.
    var workerAnswers: [WireStatus.Worker] { scheduler.workers.map(status) }

    private func status(_ worker: WorkerStatus) -> WireStatus.Worker {
        .with {
            $0.key = worker.worker
            $0.name = allowList[worker.worker]?.name ?? ""
            $0.host = worker.host
            $0.engine = worker.engine.name
            $0.build = worker.engine.build
            if let device = worker.hello.device { $0.device = device }
            $0.state = worker.state.rawValue
            $0.leases = UInt32(clamping: worker.leases)
            $0.tokensPerSecond = worker.load.tokensPerSecond
            $0.residentBytes = worker.load.residentBytes
            $0.freeMemoryBytes = worker.load.freeMemoryBytes
            $0.freeDiskBytes = worker.load.freeDiskBytes
            $0.spoolBytes = worker.load.spoolBytes
            $0.secondsSinceHeartbeat = worker.silence / 1000
            $0.model = worker.model.map { modelNames[$0] ?? String($0.prefix(12)) } ?? ""
            $0.rows = worker.rows
            $0.failures = worker.failures
            $0.agreed = worker.agreed
            $0.wrong = worker.wrong
            $0.quarantineSeconds = (worker.quarantine + 999) / 1000
            $0.windowBytes = worker.window
            $0.work = worker.work.map { work in
                .with {
                    $0.job = work.lease.job
                    $0.run = work.run
                    $0.cell = work.cell
                    $0.examples = UInt32(clamping: work.examples)
                    $0.examplesDone = UInt32(clamping: work.examplesDone)
                    $0.seconds = work.age / 1000
                    $0.purpose = work.purpose.wire
                }
            }
        }
    }

    /// Everything that is counted, in a fixed order.
    var allCounters: [(name: String, value: UInt64)] {
        let router = router.counters
        let record = self.router.authenticator.record
        let transport: [(name: String, value: UInt64)] = [
            ("frames_received", UInt64(router.received)), ("frames_multipart", UInt64(router.droppedMultipart)),
            ("frames_unauthenticated", UInt64(router.droppedUnauthenticated)),
            ("frames_revoked", UInt64(router.droppedRevoked)), ("frames_throttled", limits.counters.throttled),
            ("frames_ignored", limits.counters.ignored), ("keys_cut_off", limits.counters.keysCutOff),
            ("handshakes_succeeded", UInt64(router.handshakesSucceeded)),
            ("handshakes_refused", UInt64(router.handshakesRefused)),
            ("handshakes_failed", UInt64(router.handshakesFailed)), ("keys_admitted", UInt64(record.admitted)),
            ("keys_refused", UInt64(record.refused)), ("disconnections", UInt64(router.disconnections)),
            ("reopenings", UInt64(router.reopenings)),
        ]
        return transport + counters.list + scheduler.counters.all
    }
}

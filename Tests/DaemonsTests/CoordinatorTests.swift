import Daemons
import Foundation
import Messaging
import Testing
import Wire

@Suite("A coordinator and hostile, old or revoked peers", .serialized)
struct CoordinatorTests {
    @Test(
        "a worker whose key goes, or becomes another role's, loses its job at once to another",
        arguments: [true, false], [nil, PeerRole.viewer])
    func revoked(isAsked: Bool, role: PeerRole?) async throws {
        let stage = try CoordinatorStage()
        let run = try await stage.submit()
        let (first, second) = (try Peer(stage, stage.workers[0]), try Peer(stage, stage.workers[1]))
        try first.greet()
        let job = try first.job()
        #expect(job.run == run)
        try second.greet(host: "elsewhere")
        let gone = first.key
        try stage.changeKeys { entry in
            entry.key == gone ? role.map { AuthorizedKeys.Entry(role: $0, key: gone) } : entry
        }
        if isAsked { stage.service.reloadKeys() }
        let again = try second.job()
        #expect(again.job == job.job && again.epoch == job.epoch + 1)
        let client = try Peer(stage, stage.client)
        try client.wait(for: "sessions_revoked", toReach: 1)
        #expect(try client.status().workers.map(\.key) == [second.key.z85])
    }

    @Test("a list of keys that cannot be read changes nothing")
    func brokenList() async throws {
        let stage = try CoordinatorStage()
        let worker = try Peer(stage, stage.workers[0])
        try worker.greet()
        try stage.folder.write("nonsense", to: "authorized_keys", mode: 0o600)
        stage.service.reloadKeys()
        #expect(try Peer(stage, stage.client).status().workers.count == 1)
        #expect(stage.service.allowList[worker.key.z85]?.role == .worker)
    }

    @Test("a message that was seen, or is older, has no effect; one that never came is counted")
    func sequences() async throws {
        let stage = try CoordinatorStage()
        let worker = try Peer(stage, stage.workers[0])
        try worker.greet(slots: 0)
        try worker.send(.credit(.with { $0.slots = 0 }), sequence: 10)
        // Were it taken, a job would follow.
        try worker.send(.credit(.with { $0.slots = 1 }), sequence: 10)
        try worker.send(.credit(.with { $0.slots = 1 }), sequence: 2)
        _ = try await stage.submit()
        let client = try Peer(stage, stage.client)
        try client.wait(for: "frames_repeated", toReach: 2)
        try client.wait(for: "frames_missed", toReach: 7)
        #expect(try client.status().workers.map(\.leases) == [0])
        try worker.send(.credit(.with { $0.slots = 1 }), sequence: 11)
        _ = try worker.job()
    }

    @Test("another key's session, an old one and a made-up one are no sessions", arguments: [0, 1, 2])
    func forgedSession(kind: Int) async throws {
        let stage = try CoordinatorStage()
        let (victim, thief) = (try Peer(stage, stage.workers[0]), try Peer(stage, stage.workers[1]))
        try victim.greet(slots: 0)
        try thief.greet(slots: 0)
        let old = thief.session
        if kind == 1 { try thief.greet(slots: 0) }
        let session = [victim.session, old, 999][kind]
        try thief.send(.draining(WireDraining()), session: session, sequence: 1_000)
        let reject = try thief.reject()
        #expect(reject.code == .session && reject.retryAfterMilliseconds > 0)
        #expect(try Peer(stage, stage.client).status().workers.allSatisfy { $0.state == "idle" })
    }

    @Test("rows whose digest is wrong, or that are not the job's, are not stored")
    func brokenRows() async throws {
        let stage = try CoordinatorStage()
        let run = try await stage.submit()
        let worker = try Peer(stage, stage.workers[0])
        try worker.greet()
        let job = try worker.job()
        var scores = WireScores.with {
            $0.job = job.job
            $0.epoch = job.epoch
            $0.batch = 1
            $0.rows = worker.rows(of: job)
            $0.seal()
        }
        scores.rows[0].tokens += 1
        try worker.send(.scores(scores))
        let client = try Peer(stage, stage.client)
        try client.wait(for: "batches_broken", toReach: 1)
        #expect(try client.status().runs.first { $0.run == run }?.rows == 0)
    }

    @Test("rows that the store does not take are missing again, and their worker is charged")
    func unfittingRows() async throws {
        let stage = try CoordinatorStage()
        let run = try await stage.submit()
        let worker = try Peer(stage, stage.workers[0])
        try worker.greet()
        let job = try worker.job()
        var rows = worker.rows(of: job)
        for index in rows.indices { rows[index].choices.removeLast() }
        try worker.sendScores(of: job, rows: rows)
        let again = try worker.job()
        #expect(again.job == job.job && again.epoch > job.epoch)
        #expect(again.examples.map(\.index).sorted() == job.examples.map(\.index).sorted())
        let client = try Peer(stage, stage.client)
        let status = try client.status()
        #expect(status.workers.map(\.failures) == [1])
        #expect(status.runs.first { $0.run == run }?.rows == 0)
        #expect(status.counters.first { $0.name == "rows_unexpected" }?.value == UInt64(rows.count))
    }

    @Test("hands on what a worker computes on as it came, and nothing of one that does not say")
    func devices() async throws {
        let stage = try CoordinatorStage()
        let device = WireDevice.with {
            ($0.name, $0.kind, $0.architecture, $0.memoryBytes, $0.computeUnits) = ("H", "cuda", "sm_90", 1 << 37, 132)
        }
        let (told, silent) = (try Peer(stage, stage.workers[0]), try Peer(stage, stage.workers[1]))
        try told.greet(slots: 0, device: device)
        try silent.greet(slots: 0, maximum: ProtocolVersion(major: 1, minor: 2).number)
        let workers = try Peer(stage, stage.client).status().workers
        #expect(workers.map(\.hasDevice) == [true, false] && workers.first?.device == device)
    }

    @Test("a run that was cancelled is taken up again, one that goes on is not")
    func resume() async throws {
        let stage = try CoordinatorStage()
        let run = try await stage.submit()
        let client = try Peer(stage, stage.client)
        try client.send(.resumeRun(.with { $0.run = run }))
        #expect(try client.reject().detail.contains("going on already"))
        try client.send(.cancelRun(.with { $0.run = run }))
        try client.next { if case .cancelled = $0 { () } else { nil } }
        try client.send(.resumeRun(.with { $0.run = run }))
        let missing = try client.next { if case .resumed(let answer) = $0 { answer.rowsMissing } else { nil } }
        #expect(missing == (try client.status().runs.first { $0.run == run }?.rowsExpected))
        let worker = try Peer(stage, stage.workers[0])
        try worker.greet()
        #expect(try worker.job().run == run)
    }

    @Test("who watches is told of every event once")
    func events() async throws {
        let stage = try CoordinatorStage()
        let run = try await stage.submit()
        let client = try Peer(stage, stage.client)
        let first = try client.status().events
        #expect(first.contains { $0.kind == "run accepted" && $0.run == run })
        #expect(first.map(\.id) == first.map(\.id).sorted())
        let last = try #require(first.last?.id)
        try client.send(.cancelRun(.with { $0.run = run }))
        try client.send(
            .statusRequest(
                .with {
                    $0.watching = true
                    $0.afterEvent = last
                }))
        let next = try client.next { if case .status(let status) = $0 { status.events } else { nil } }
        #expect(next.allSatisfy { $0.id > last })
    }

    @Test("a message of a type that a later minor version may have is refused by name, and costs nothing else")
    func laterType() throws {
        let stage = try CoordinatorStage()
        let worker = try Peer(stage, stage.workers[0])
        try worker.greet(slots: 0)
        var frame = try Envelope.encode(.bye(WireBye()), incarnation: 0, session: 0, sequence: 0)
        frame[5] = 7
        frame[6] = 31
        try worker.send(frame)
        let reject = try worker.reject()
        #expect(reject.code == .malformed && reject.detail.contains("type 31"))
        #expect(try Peer(stage, stage.client).status().workers.count == 1)
    }

    @Test("another major version is refused with the versions that are spoken", arguments: [0, 2, 255] as [UInt8])
    func otherMajor(major: UInt8) throws {
        let stage = try CoordinatorStage()
        let worker = try Peer(stage, stage.workers[0])
        var frame = try Envelope.encode(.hello(WireHello()), incarnation: 0, session: 0, sequence: 0)
        frame[4] = major
        try worker.send(frame)
        let reject = try worker.reject()
        #expect(reject.code == .version && reject.detail.contains("1.0 to 1.3"))
    }

    @Test(
        "workers of this minor version, the one before and later ones get work and have their rows acknowledged",
        arguments: [(0, 256, 256), (1, 256, 257), (9, 257, 300)] as [(UInt8, UInt32, UInt32)])
    func minorVersions(minor: UInt8, minimum: UInt32, maximum: UInt32) async throws {
        let stage = try CoordinatorStage()
        let run = try await stage.submit()
        let worker = try Peer(stage, stage.workers[0], minor: minor)
        try worker.greet(minimum: minimum, maximum: maximum)
        let client = try Peer(stage, stage.client)
        while true {
            let job = try worker.job()
            try worker.sendScores(of: job)
            let ack = try worker.next { if case .ack(let ack) = $0 { ack } else { nil } }
            #expect(ack.job == job.job && ack.batch == 1)
            try worker.send(
                .jobDone(
                    .with {
                        $0.job = job.job
                        $0.epoch = job.epoch
                    }))
            let stands = try client.status().runs.first { $0.run == run }
            if stands?.state == "complete" { break }
            try #require(stands?.state == "running")
        }
    }

    @Test("a key that sends beyond its rate is cut off with its session, others are served, and all is counted")
    func flood() async throws {
        let stage = try CoordinatorStage {
            $0.limits.worker.messageBurst = 50
            $0.limits.worker.messagesPerSecond = 0.001
            $0.limits.patience = 20
        }
        let (hostile, honest) = (try Peer(stage, stage.workers[0]), try Peer(stage, stage.workers[1]))
        _ = try await stage.submit()
        try hostile.greet()
        let job = try hostile.job()
        for _ in 0..<100 { try hostile.send(.heartbeat(WireHeartbeat())) }
        let client = try Peer(stage, stage.client)
        try client.wait(for: "keys_cut_off", toReach: 1)
        try client.wait(for: "frames_ignored", toReach: 1)
        try honest.greet(host: "elsewhere")
        #expect(try honest.job().job == job.job)
        #expect(try client.status().workers.map(\.key) == [honest.key.z85])
    }

    @Test("a key that sends garbage is told so, then cut off")
    func garbage() throws {
        let stage = try CoordinatorStage { $0.limits.offences = 5 }
        let worker = try Peer(stage, stage.workers[0])
        for number in 0..<12 { try worker.send([UInt8](repeating: UInt8(number), count: 40)) }
        for _ in 0..<5 { #expect(try worker.reject().code == .malformed) }
        let client = try Peer(stage, stage.client)
        try client.wait(for: "keys_cut_off", toReach: 1)
        try client.wait(for: "frames_malformed", toReach: 6)
        try client.wait(for: "frames_ignored", toReach: 6)
    }

    @Test("a role may do what its line says and no more", arguments: PeerRole.allCases)
    func roles(role: PeerRole) throws {
        let stage = try CoordinatorStage()
        let keys = [PeerRole.worker: stage.workers[0], .client: stage.client, .viewer: stage.viewer][role]
        let peer = try Peer(stage, #require(keys))
        let requests: [(WireMessage, Set<PeerRole>)] = [
            (.statusRequest(WireStatusRequest()), [.client, .viewer]),
            (.reportRequest(.with { $0.format = "table" }), [.client, .viewer]),
            (.submit(.with { $0.job = "{}" }), [.client]), (.cancelRun(WireCancelRun()), [.client]),
            (.drainWorkers(WireDrainWorkers()), [.client]), (.resumeRun(WireResumeRun()), [.client]),
            (.hello(WireHello()), [.worker]), (.bye(WireBye()), [.worker]),
            (.welcome(WireWelcome()), []), (.drain(WireDrain()), []),
        ]
        for (request, allowed) in requests {
            try peer.send(request)
            let answer = try peer.next()
            var isRefused = false
            if case .reject(let reject) = answer { isRefused = reject.code == .role }
            #expect(isRefused == !allowed.contains(role), "\(request.type) by a \(role): \(answer)")
        }
    }

    @Test("workers are asked to leave by name, key, host or all together", arguments: ["node-0", "key", "host-0", ""])
    func drain(name: String) throws {
        let stage = try CoordinatorStage()
        let workers = try stage.workers.map { try Peer(stage, $0) }
        for (index, worker) in workers.enumerated() { try worker.greet(slots: 0, host: "host-\(index)") }
        let client = try Peer(stage, stage.client)
        try client.send(.drainWorkers(.with { $0.worker = name == "key" ? workers[0].key.z85 : name }))
        let keys = try client.next { if case .drainingWorkers(let answer) = $0 { answer.workers } else { nil } }
        #expect(keys == (name.isEmpty ? workers : [workers[0]]).map(\.key.z85))
        try workers[0].next { if case .drain = $0 { () } else { nil } }
    }

    @Test("to drain a worker that is not there, says who is")
    func drainUnknown() throws {
        let stage = try CoordinatorStage()
        try Peer(stage, stage.workers[1]).greet(slots: 0)
        let client = try Peer(stage, stage.client)
        try client.send(.drainWorkers(.with { $0.worker = "node-7" }))
        #expect(try client.reject().detail.contains("node-1"))
    }

    @Test("a viewer gets a run's report, and is told the formats that there are")
    func report() async throws {
        let stage = try CoordinatorStage()
        let viewer = try Peer(stage, stage.viewer)
        try viewer.send(.reportRequest(.with { $0.format = "json" }))
        #expect(try viewer.reject().detail.contains("no runs yet"))
        let run = try await stage.submit()
        try viewer.send(.reportRequest(.with { ($0.run, $0.format) = (run, "json") }))
        let text = try viewer.next { if case .report(let report) = $0 { report.text } else { nil } }
        #expect(text.contains(run))
        try viewer.send(.reportRequest(.with { ($0.run, $0.format) = (run, "pdf") }))
        #expect(try viewer.reject().detail.contains("markdown"))
        try viewer.send(.reportRequest(.with { ($0.run, $0.format) = ("nope", "table") }))
        #expect(try viewer.reject().detail.contains(run))
    }

    @Test("a job's text has a limit, below that of a frame")
    func longJob() throws {
        let stage = try CoordinatorStage()
        let client = try Peer(stage, stage.client)
        try client.send(.submit(.with { $0.job = String(repeating: "x", count: 300_000) }))
        #expect(try client.reject().detail.contains("262144"))
    }

    @Test("beyond its memory the coordinator drops all connections, and goes on with the peers that come back")
    func memory() async throws {
        let stage = try CoordinatorStage { $0.memoryLimitBytes = 1 }
        _ = try await stage.submit()
        let worker = try Peer(stage, stage.workers[0])
        let client = try Peer(stage, stage.client)
        try client.insist(.statusRequest(.with { $0.watching = true })) { message -> Void? in
            guard case .status(let status) = message else { return nil }
            return status.counters.contains { $0.name == "reopenings" && $0.value >= 1 } ? () : nil
        }
        _ = try worker.returnForJob()
    }
}

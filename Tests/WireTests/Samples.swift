import Wire

/// One message of each type with every field set, and empty ones.
enum Samples {
    static let all: [WireMessage] = fromPeers + fromCoordinator

    static var empty: [WireMessage] {
        [
            .hello(WireHello()), .scores(WireScores()), .job(WireJob()), .status(WireStatus()),
            .draining(WireDraining()),
        ]
    }

    static let fromPeers: [WireMessage] = [
        .hello(
            .with {
                ($0.protocolMinimum, $0.protocolMaximum) = (256, 257)
                ($0.build, $0.engine, $0.host, $0.bootID) = ("0.1.0", "cpu/avx512", "node-3", "b00t")
                ($0.process, $0.leases) = (4711, leases)
            }),
        .credit(.with { $0.slots = 2 }),
        .heartbeat(
            .with {
                $0.leases = [.with { ($0.job, $0.epoch, $0.examplesDone, $0.currentExample) = ("j1", 3, 5, 17) }]
                ($0.tokensPerSecond, $0.residentBytes) = (1234.5, 1 << 40)
            }),
        .scores(scores),
        .jobDone(.with { ($0.job, $0.epoch) = ("j1", 3) }),
        .jobFailed(.with { ($0.job, $0.epoch, $0.class, $0.detail) = ("j1", 3, .worker, "no model ‘tiny’") }),
        .leaseReturn(.with { ($0.job, $0.epoch) = ("j1", 3) }),
        .draining(WireDraining()),
        .bye(WireBye()),
        .submit(.with { $0.job = "{\"name\":\"quick\"}" }),
        .statusRequest(.with { $0.run = "r1" }),
        .cancelRun(.with { $0.run = "r1" }),
        .drainWorkers(.with { $0.worker = "node-3" }),
        .resumeRun(.with { $0.run = "r1" }),
        .reportRequest(.with { ($0.run, $0.format) = ("r1", "markdown") }),
    ]

    static let fromCoordinator: [WireMessage] = [
        .welcome(
            .with {
                ($0.session, $0.incarnation, $0.heartbeatMilliseconds, $0.leaseMilliseconds) = (9, 2, 2000, 30000)
                $0.kept = leases
            }),
        .reject(.with { ($0.code, $0.detail, $0.retryAfterMilliseconds) = (.busy, "later", 500) }),
        .job(
            .with {
                ($0.job, $0.epoch, $0.run, $0.reduction) = ("j1", 3, "r1", "{\"method\":\"none\"}")
                ($0.precision, $0.leaseMilliseconds) = ("fp32", 30000)
                $0.model = .with { ($0.id, $0.path, $0.sha256) = ("tiny", "models/tiny", "ab") }
                let continuation = WireExample.Continuation.with { $0.tokens = [3, 50_279] }
                let group = WireExample.Group.with { ($0.context, $0.continuations) = ([0, 7, -1], [continuation]) }
                $0.examples = [.with { ($0.index, $0.groups) = (12, [group]) }]
            }),
        .ack(.with { ($0.job, $0.epoch, $0.batch) = ("j1", 3, 1) }),
        .heartbeatAck(
            .with { ($0.renewed, $0.cancelled, $0.windowBytes, $0.heartbeatMilliseconds) = (leases, leases, 7, 4000) }),
        .cancel(.with { ($0.job, $0.epoch) = ("j1", 3) }),
        .drain(WireDrain()),
        .submitted(.with { ($0.run, $0.cells, $0.examples, $0.shards) = ("r1", 12, 12_046, 240) }),
        .status(
            .with {
                $0.runs = [
                    .with {
                        ($0.run, $0.name, $0.state, $0.rows, $0.rowsExpected) = ("r1", "quick", "running", 5, 10)
                        ($0.failures, $0.tokensPerSecond, $0.secondsLeft) = (1, 2.5, -1)
                    }
                ]
                $0.workers = [
                    .with {
                        ($0.key, $0.host, $0.engine, $0.state, $0.leases) = ("k", "h", "cpu", "busy", 2)
                        ($0.tokensPerSecond, $0.residentBytes, $0.secondsSinceHeartbeat) = (7, 8, 9)
                    }
                ]
            }),
        .cancelled(.with { ($0.run, $0.state) = ("r1", "cancelled") }),
        .drainingWorkers(.with { $0.workers = ["k1", "k2"] }),
        .resumed(.with { ($0.run, $0.rowsMissing) = ("r1", 7) }),
        .report(.with { $0.text = "| Tasks |" }),
    ]

    static let leases: [WireHeldLease] = [.with { ($0.job, $0.epoch) = ("j1", 3) }, .with { $0.epoch = .max }]

    static let row = WireRow.with {
        ($0.example, $0.flopsReduction, $0.flopsReductionWithHead, $0.tokens) = (12, 0.2, 0.15, 99)
        $0.choices = [
            .with { ($0.loglikelihood, $0.greedy, $0.tokens, $0.margin) = (-1.25, true, 3, 0.5) },
            .with { ($0.loglikelihood, $0.greedy, $0.tokens, $0.margin) = (-.infinity, false, 1, 0) },
        ]
    }

    static let scores = WireScores.with {
        ($0.job, $0.epoch, $0.batch) = ("j1", 3, 1)
        $0.rows = [row, WireRow()]
        $0.seal()
    }

    /// The frame of a message with a recognisable header.
    static func frame(_ message: WireMessage) throws -> [UInt8] {
        try Envelope.encode(message, incarnation: 0x0102_0304_0506_0708, session: 0x1112, sequence: .max)
    }
}

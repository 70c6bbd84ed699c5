import Cluster
import Messaging
import Operations
import Wire

/// The wire's messages as the scheduler's and the worker session's values, and back.
extension WorkerMessage {
    /// A worker's message; nil for messages that only coordinators or clients send.
    init?(_ message: WireMessage) {
        switch message {
        case .hello(let hello): self = .hello(Hello(hello))
        case .credit(let credit): self = .credit(slots: credit.slots)
        case .heartbeat(let heartbeat):
            self = .heartbeat(
                heartbeat.leases.map {
                    LeaseProgress(
                        lease: LeaseName(job: $0.job, epoch: $0.epoch), examplesDone: $0.examplesDone,
                        currentExample: $0.currentExample)
                },
                WorkerLoad(heartbeat))
        case .scores(let scores):
            self = .scores(LeaseName(job: scores.job, epoch: scores.epoch), batch: scores.batch, rows: scores.rows)
        case .jobDone(let done): self = .jobDone(LeaseName(job: done.job, epoch: done.epoch))
        case .jobFailed(let failed):
            self = .jobFailed(
                LeaseName(job: failed.job, epoch: failed.epoch), failed.class, detail: failed.detail,
                example: failed.hasExample ? failed.example : nil)
        case .leaseReturn(let lease): self = .leaseReturn(LeaseName(job: lease.job, epoch: lease.epoch))
        case .draining: self = .draining
        case .bye: self = .bye
        default: return nil
        }
    }

    /// The message on the wire.
    var wire: WireMessage {
        switch self {
        case .hello(let hello): .hello(hello.wire)
        case .credit(let slots): .credit(.with { $0.slots = slots })
        case .heartbeat(let leases, let load):
            .heartbeat(
                .with {
                    $0.leases = leases.map { progress in
                        .with {
                            $0.job = progress.lease.job
                            $0.epoch = progress.lease.epoch
                            $0.examplesDone = progress.examplesDone
                            $0.currentExample = progress.currentExample
                        }
                    }
                    $0.tokensPerSecond = load.tokensPerSecond
                    $0.residentBytes = load.residentBytes
                    $0.freeMemoryBytes = load.freeMemoryBytes
                    $0.freeDiskBytes = load.freeDiskBytes
                    $0.spoolBytes = load.spoolBytes
                })
        case .scores(let lease, let batch, let rows):
            .scores(
                .with {
                    $0.job = lease.job
                    $0.epoch = lease.epoch
                    $0.batch = batch
                    $0.rows = rows
                    $0.seal()
                })
        case .jobDone(let lease):
            .jobDone(
                .with {
                    $0.job = lease.job
                    $0.epoch = lease.epoch
                })
        case .jobFailed(let lease, let failure, let detail, let example):
            .jobFailed(
                .with {
                    $0.job = lease.job
                    $0.epoch = lease.epoch
                    $0.class = failure
                    $0.detail = WireLimits.truncated(detail: detail)
                    if let example { $0.example = example }
                })
        case .leaseReturn(let lease):
            .leaseReturn(
                .with {
                    $0.job = lease.job
                    $0.epoch = lease.epoch
                })
        case .draining: .draining(WireDraining())
        case .bye: .bye(WireBye())
        }
    }
}

extension Hello {
    init(_ hello: WireHello) {
        self.init(
            engine: EngineDescription(
                build: hello.build, name: hello.engine,
                arithmetic: hello.arithmetic.isEmpty ? hello.engine : hello.arithmetic), host: hello.host,
            bootID: hello.bootID,
            leases: hello.leases.map(LeaseName.init), protocolMinimum: hello.protocolMinimum,
            protocolMaximum: hello.protocolMaximum)
        loadedModel = hello.loadedModel.isEmpty ? nil : hello.loadedModel
        memoryBytes = hello.memoryBytes
        cores = hello.cores
        if !hello.precisions.isEmpty { precisions = hello.precisions }
        measures = hello.measures
        device = hello.hasDevice ? hello.device : nil
    }

    var wire: WireHello {
        .with {
            $0.protocolMinimum = protocolMinimum
            $0.protocolMaximum = protocolMaximum
            $0.build = engine.build
            $0.engine = engine.name
            $0.arithmetic = engine.arithmetic
            $0.host = host
            $0.bootID = bootID
            $0.leases = leases.map(\.wire)
            $0.loadedModel = loadedModel ?? ""
            $0.memoryBytes = memoryBytes
            $0.cores = cores
            $0.precisions = precisions
            $0.measures = measures
            if let device { $0.device = device }
        }
    }
}

extension WireDevice {
    init(_ device: DeviceProperties) {
        self = .with {
            $0.name = device.name
            $0.kind = device.kind.rawValue
            $0.architecture = device.architecture
            $0.memoryBytes = UInt64(clamping: device.memoryBytes)
            $0.computeUnits = UInt32(clamping: device.computeUnits)
        }
    }
}

extension WorkerLoad {
    init(_ heartbeat: WireHeartbeat) {
        self.init(tokensPerSecond: heartbeat.tokensPerSecond, residentBytes: heartbeat.residentBytes)
        freeMemoryBytes = heartbeat.freeMemoryBytes
        freeDiskBytes = heartbeat.freeDiskBytes
        spoolBytes = heartbeat.spoolBytes
    }
}

extension LeasePurpose {
    init(_ purpose: WireJob.Purpose) {
        self =
            switch purpose {
            case .backup: .backup
            case .check: .check
            default: .score
            }
    }

    var wire: WireJob.Purpose {
        switch self {
        case .score: .score
        case .backup: .backup
        case .check: .check
        }
    }
}

extension LeaseName {
    init(_ lease: WireHeldLease) { self.init(job: lease.job, epoch: lease.epoch) }

    var wire: WireHeldLease {
        .with {
            $0.job = job
            $0.epoch = epoch
        }
    }
}

extension CoordinatorMessage {
    /// The message on the wire; a grant becomes the job that `job` makes of it.
    func wire(
        session: SessionID, incarnation: UInt64,
        job: (LeaseName, [UInt32], Milliseconds, LeasePurpose) throws -> WireJob
    ) rethrows -> WireMessage {
        switch self {
        case .welcome(let heartbeat, let lease, let kept, let window):
            .welcome(
                .with {
                    $0.session = session
                    $0.incarnation = incarnation
                    $0.heartbeatMilliseconds = UInt32(clamping: heartbeat)
                    $0.leaseMilliseconds = UInt32(clamping: lease)
                    $0.kept = kept.map(\.wire)
                    $0.windowBytes = window ?? 0
                })
        case .reject(let code, let detail, let retryAfter): .reject(Self.reject(code, detail, retryAfter))
        case .grant(let lease, let examples, let span, let purpose): .job(try job(lease, examples, span, purpose))
        case .ack(let lease, let batch):
            .ack(
                .with {
                    $0.job = lease.job
                    $0.epoch = lease.epoch
                    $0.batch = batch
                })
        case .heartbeatAck(let renewed, let cancelled, let window, let heartbeat):
            .heartbeatAck(
                .with {
                    $0.renewed = renewed.map(\.wire)
                    $0.cancelled = cancelled.map(\.wire)
                    $0.windowBytes = window ?? 0
                    $0.heartbeatMilliseconds = UInt32(clamping: heartbeat ?? 0)
                })
        case .cancel(let lease):
            .cancel(
                .with {
                    $0.job = lease.job
                    $0.epoch = lease.epoch
                })
        case .drain: .drain(WireDrain())
        }
    }

    static func reject(_ code: WireRejectCode, _ detail: String, _ retryAfter: Milliseconds = 0) -> WireReject {
        .with {
            $0.code = code
            $0.detail = WireLimits.truncated(detail: detail)
            $0.retryAfterMilliseconds = UInt32(clamping: retryAfter)
        }
    }

    /// What a coordinator says, apart from the tokens of a job; nil for messages that only workers or clients send.
    init?(_ message: WireMessage) {
        switch message {
        case .welcome(let welcome):
            self = .welcome(
                heartbeat: Milliseconds(welcome.heartbeatMilliseconds), lease: Milliseconds(welcome.leaseMilliseconds),
                kept: welcome.kept.map(LeaseName.init), window: welcome.windowBytes == 0 ? nil : welcome.windowBytes)
        case .reject(let reject):
            self = .reject(reject.code, detail: reject.detail, retryAfter: Milliseconds(reject.retryAfterMilliseconds))
        case .job(let job):
            self = .grant(
                LeaseName(job: job.job, epoch: job.epoch), examples: job.examples.map(\.index),
                lease: Milliseconds(job.leaseMilliseconds), purpose: LeasePurpose(job.purpose))
        case .ack(let ack): self = .ack(LeaseName(job: ack.job, epoch: ack.epoch), batch: ack.batch)
        case .heartbeatAck(let ack):
            self = .heartbeatAck(
                renewed: ack.renewed.map(LeaseName.init), cancelled: ack.cancelled.map(LeaseName.init),
                window: ack.windowBytes == 0 ? nil : ack.windowBytes,
                heartbeat: ack.heartbeatMilliseconds == 0 ? nil : Milliseconds(ack.heartbeatMilliseconds))
        case .cancel(let cancel): self = .cancel(LeaseName(job: cancel.job, epoch: cancel.epoch))
        case .drain: self = .drain
        default: return nil
        }
    }
}

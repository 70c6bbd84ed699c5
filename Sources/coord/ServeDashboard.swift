import Cluster
import Daemons
import Dashboard
import Dispatch
import Foundation
import Logging
import Scoring
import Synchronization

/// A coordinator as its dashboard asks it.
struct CoordinatorSource: DashboardSource {
    let service: CoordinatorService
    let tracer: ExampleTracer

    func status() async throws -> LiveStatus { LiveStatus(try await service.snapshot()) }

    func trace(run: String, cell: Int, example: Int, choice: Int) async throws -> ReductionTrace {
        do {
            return try await tracer.trace(run: run, cell: cell, example: example, choice: choice)
        } catch {
            throw TraceRefusal("\(error)", isTemporary: error as? TraceError == .busy)
        }
    }

    func texts(run: String, tokenizerSHA256: String, tokens: [Int32]) async throws -> [String]? {
        try await tracer.texts(run: run, tokenizerSHA256: tokenizerSHA256, tokens: tokens)
    }
}

extension LiveStatus {
    fileprivate init(_ snapshot: CoordinatorSnapshot) {
        self.init(
            build: snapshot.build, incarnation: snapshot.incarnation, workers: snapshot.workers,
            runs: snapshot.runs.map(LiveRun.init), backlogSeconds: snapshot.backlogSeconds,
            counters: snapshot.counters.map { LiveCounter(name: $0.name, value: $0.value) })
    }
}

extension LiveRun {
    fileprivate init(_ progress: RunProgress) {
        self.init(
            run: progress.id, rows: Int(clamping: progress.rows), rowsExpected: Int(clamping: progress.rowsExpected),
            jobsOpen: progress.openJobs, jobsLeased: progress.jobsLeased, jobsFailed: progress.failedJobs,
            checksOpen: progress.checksOpen, tokensLeft: Int(clamping: progress.tokensLeft),
            awaitedEngines: progress.awaitedEngines, awaitedPrecisions: progress.awaitedPrecisions)
    }
}

/// A dashboard beside a coordinator's thread, for a command that waits on that thread.
struct ServedDashboard {
    let server: DashboardServer
    private let tracer: ExampleTracer
    private let models: SharedModels?

    init(_ service: CoordinatorService, _ options: DashboardOptions, sharingModels: Bool) throws {
        let tracer = try ExampleTracer(store: options.store)
        self.tracer = tracer
        let models = sharingModels ? try SharedModels(store: options.store) : nil
        self.models = models
        var sharing = options
        sharing.models = models.map { RunModels(models: $0) }
        server = try blocking { [sharing] in
            try await DashboardServer.start(sharing, source: CoordinatorSource(service: service, tracer: tracer))
        }
    }

    func stop() throws {
        let server = server
        try blocking { try await server.stop() }
        try tracer.close()
        try models?.close()
    }
}

/// The result of asynchronous work, waited for on this thread, which is not one of those that do such work.
private func blocking<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws -> Value {
    let done = DispatchSemaphore(value: 0)
    let box = Shared(Mutex<Result<Value, any Error>>(.failure(CancellationError())))
    Task {
        let outcome: Result<Value, any Error>
        do {
            outcome = .success(try await work())
        } catch {
            outcome = .failure(error)
        }
        box.value.withLock { $0 = outcome }
        done.signal()
    }
    done.wait()
    return try box.value.withLock { $0 }.get()
}

/// A value that two tasks hold.
private final class Shared<Value: Sendable & ~Copyable>: Sendable {
    let value: Value
    init(_ value: consuming Value) { self.value = value }
}

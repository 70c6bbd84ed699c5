import ArgumentParser
import Backends
import Cluster
import Daemons
import Foundation
import Jobs
import Logging
import Reports
import Scoring
import Store
import Synchronization
import Wording

/// `coord run`: a job from start to table, on this machine.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a job on this machine: start workers, score, print the table.",
        discussion: """
            The results stay in the store, from which `coord report` prints them again. A run that was interrupted goes \
            on with --resume.
            """)

    @Argument(help: "The job file.", completion: .file(extensions: ["yaml", "yml", "json"]))
    var job: String?

    @Option(name: .long, help: "Worker processes.")
    var workers = 2

    @Option(name: .long, help: "The results store.", completion: .file(extensions: ["sqlite"]))
    var store = "molt.sqlite"

    @Option(name: .long, help: "Go on with a run of the store that has not ended, instead of starting a job.")
    var resume: String?

    @Option(name: .long, help: "Where models run: \(Device.allCases.map(\.rawValue).joined(separator: ", ")).")
    var backend: Device = .cpu

    @Option(name: .long, help: "Cores that each worker uses.")
    var threads = 1

    @Option(name: .long, help: "Matrix product on the CPU: packed or openblas.")
    var gemm: CPUBackend.GEMM = .packed

    @Option(name: .long, help: "Memory of each worker for activations and states, in MiB; by default the worker's own.")
    var memory: Int?

    @Option(name: .long, help: "Whether tokens that requests begin with together run once: on or off.")
    var prefixSharing: PrefixSharing = .on

    @Option(
        name: .long,
        help: "Whether the workers keep packed weights once: on or off; by default on where there are several.")
    var shareWeights: EngineOptions.Sharing?

    @Option(
        name: .long,
        help: """
            With what probability rows are computed again by another worker and compared; 0 unless you doubt this machine, \
            for all workers are its own processes.
            """)
    var verification = 0.0

    @Flag(name: .long, help: "Compute every row anew, also those that an earlier run has under the same identity.")
    var fresh = false

    @Flag(name: .long, help: "Print one JSON object instead of the table.")
    var json = false

    @Flag(name: .shortAndLong, help: "Log what the coordinator and the workers do.")
    var verbose = false

    func validate() throws {
        guard (job == nil) != (resume == nil) else { throw ValidationError("name a job file, or a run with --resume") }
        guard (1...256).contains(workers) else { throw ValidationError("--workers is between 1 and 256") }
        guard (1...1024).contains(threads) else { throw ValidationError("--threads is between 1 and 1024") }
        guard (0...1).contains(verification) else { throw ValidationError("--verification is between 0 and 1") }
        guard memory.map({ $0 > 0 }) ?? true else { throw ValidationError("--memory is at least 1") }
    }

    func run() async throws {
        let progress = ProgressLine()
        let planned = try job.map { try plan($0, progress) }
        // Its workers are all alike: the job would wait for ever.
        if let planned { try EngineOptions(device: backend, gemm: gemm).check(planned.job.precision) }
        let cluster = try startCluster(progress)
        let stop = Stop()
        let interrupts = SignalSource(SignalSource.interrupts) { times in
            if times > 1 { _exit(130) }
            stop.request()
        }
        defer { withExtendedLifetime(interrupts) {} }
        let run: RunID
        do {
            run = try await begin(planned, on: cluster, progress)
            try await watch(run, on: cluster, stop, progress)
        } catch {
            progress.finish()
            // If the coordinator ended by itself, this throws why, which says more than what followed from it.
            try cluster.stop()
            throw error
        }
        progress.finish()
        try cluster.stop()
        if stop.isRequested { try interrupted(run) }
        try report(run)
    }

    private func plan(_ path: String, _ progress: ProgressLine) throws -> RunPlan {
        do {
            return try Planner(locator: CachedInputs()) { progress.update($0) }
                .plan(JobFile(contentsOf: URL(fileURLWithPath: path)))
        } catch let error as MissingInputsError {
            progress.finish()
            Terminal.error("\(error)")
            throw Exit.missing
        }
    }

    private func startCluster(_ progress: ProgressLine) throws -> LocalCluster {
        let log = Logger.daemon("molt.coordinator", verbose ? .info : .warning)
        var options = LocalCluster.Options(
            store: store, workers: workers, program: try Program.worker(),
            workerArguments: [
                "--backend", backend.rawValue, "--threads", String(threads), "--gemm", gemm.rawValue,
                "--prefix-sharing", prefixSharing.rawValue, "--share-weights",
                (shareWeights ?? (workers > 1 ? .on : .off)).rawValue, "--log-level", verbose ? "info" : "warning",
            ] + (memory.map { ["--memory", String($0)] } ?? []), resuming: resume, log: log)
        options.verification = verification
        return try LocalCluster(options) { progress.say($0) }
    }

    private func begin(_ plan: RunPlan?, on cluster: LocalCluster, _ progress: ProgressLine) async throws -> RunID {
        if let plan {
            let (run, reused) = try await cluster.coordinator.submit(plan, reusing: !fresh)
            if reused > 0 {
                progress.say("took over \(counted(reused, "row")) of earlier runs; --fresh computes them anew")
            }
            return run
        }
        let run = resume ?? ""
        guard try await cluster.coordinator.unfinishedRuns().contains(run) else {
            let unfinished = try StoreReader(store).read { try $0.runs().filter { $0.state == .running }.map(\.run) }
            let known = unfinished.isEmpty ? "none" : unfinished.joined(separator: ", ")
            throw ValidationError("no unfinished run '\(run)' in \(store); unfinished: \(known)")
        }
        return run
    }

    /// Waits for the run's end, or for an interrupt.
    private func watch(_ run: RunID, on cluster: LocalCluster, _ stop: Stop, _ progress: ProgressLine) async throws {
        let start = ContinuousClock.now
        let watching = Task {
            for try await now in cluster.coordinator.updates(of: run) {
                let workers = try await cluster.coordinator.workers()
                if let engine = now.awaitedEngines.first, !workers.isEmpty {
                    throw EngineMismatch(run: run, needed: engine, found: workers[0].engine.identity)
                }
                progress.update(RunStatusLine.text(run, now, workers, elapsed: start.duration(to: .now)))
            }
        }
        stop.onRequest { watching.cancel() }
        cluster.workers.onExhaustion {
            progress.say("all workers have died; the run is kept: coord run --resume \(run) --store \(store)")
            watching.cancel()
        }
        do {
            try await watching.value
        } catch is CancellationError {
            return
        }
    }

    private func interrupted(_ run: RunID) throws {
        Terminal.error("interrupted; what is scored is kept. Go on with: coord run --resume \(run) --store \(store)")
        throw Exit.interrupted
    }

    private func report(_ run: RunID) throws {
        let report = try StoreReader(store).read { try RunReport($0, run: run) }
        print(json ? report.json() + "\n" : report.table(), terminator: "")
        if !json {
            let place = store == "molt.sqlite" ? "" : " --store \(store)"
            Terminal.note("kept in \(store); as a page: coord report \(run)\(place) -o \(run).html")
        }
        if report.run.state != .complete { throw Exit.incomplete }
    }
}

/// A run whose rows another engine computed.
struct EngineMismatch: Error, CustomStringConvertible {
    let run: RunID
    let needed: EngineIdentity
    let found: EngineIdentity

    var description: String {
        """
        run \(run) has rows of the engine '\(needed)'; this one is '\(found)', and rows of different engines are never \
        counted together. Go on with that build and its options, or start the job anew
        """
    }
}

/// Whether somebody asked the run to stop, and what to do then.
final class Stop: Sendable {
    private let state = Mutex((isRequested: false, action: (@Sendable () -> Void)?.none))

    var isRequested: Bool { state.withLock { $0.isRequested } }

    func request() {
        state.withLock { state in
            state.isRequested = true
            return state.action
        }?()
    }

    /// Calls `action` at the request, or now if that came already.
    func onRequest(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.action = action
            return state.isRequested
        }
        if isLate { action() }
    }
}

/// How a run stands, in a line.
enum RunStatusLine {
    static func text(_ run: RunID, _ progress: RunProgress, _ workers: [WorkerStatus], elapsed: Duration) -> String {
        let speed = workers.map(\.load.tokensPerSecond).filter { $0.isFinite && $0 > 0 }.reduce(0, +)
        let left = speed > 0 ? clockText(seconds: Double(progress.tokensLeft) / speed) : "?"
        let share = progress.rowsExpected == 0 ? 100 : 100 * progress.rows / progress.rowsExpected
        let time = "\(clockText(seconds: Double(elapsed.components.seconds))) elapsed, \(left) left"
        return
            "\(run)  \(progress.rows)/\(counted(progress.rowsExpected, "document")) (\(share) %)  \(Int(speed)) tokens/s  "
            + "\(counted(workers.count, "worker"))  \(time)"
    }
}

extension Device: ExpressibleByArgument {}
extension CPUBackend.GEMM: ExpressibleByArgument {}
extension PrefixSharing: ExpressibleByArgument {}
extension EngineOptions.Sharing: ExpressibleByArgument {}

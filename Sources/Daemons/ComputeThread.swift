import Cluster
import Foundation
import Mamba
import Scoring
import Wire

/// The worker's compute: one thread that scores one job at a time, so that liveness never waits for a product.
///
/// Invariant of the unchecked conformance: `task`, `stopRequests` and `isEnded` are touched under `condition` only.
final class ComputeThread: @unchecked Sendable {
    /// A job to compute, and the examples of it that are wanted.
    struct Task: Sendable {
        let lease: LeaseName
        let job: WireJob
        let examples: [UInt32]
    }

    private enum StopRequest { case afterCurrent, now }

    private let models: LoadedModel
    private let report: @Sendable (WorkerEvent) -> Void
    private let condition = NSCondition()
    private var task: Task?
    private var stopRequests: [LeaseName: StopRequest] = [:]
    private var isEnded = false

    /// - Parameter report: told of what happens, from the compute thread.
    init(models: ModelLocator, options: EngineOptions, report: @escaping @Sendable (WorkerEvent) -> Void) {
        self.models = LoadedModel(locator: models, options: options)
        self.report = report
        let thread = Thread { [weak self] in
            while let task = self?.nextTask() { self?.compute(task) }
        }
        thread.name = "molt-compute"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Begins a job; the one before has ended or was stopped.
    func start(_ task: Task) {
        condition.withLock {
            self.task = task
            condition.signal()
        }
    }

    /// Stops the job after the examples that are being computed.
    func finishCurrent(_ lease: LeaseName) { request(.afterCurrent, lease) }

    /// Stops the job at the next opportunity; nothing more is reported of it.
    func abandon(_ lease: LeaseName) { request(.now, lease) }

    /// Ends the thread after the job at hand.
    func end() {
        condition.withLock {
            isEnded = true
            condition.signal()
        }
    }

    private func request(_ stop: StopRequest, _ lease: LeaseName) {
        condition.withLock {
            if task?.lease == lease, stop == .now { task = nil } else { stopRequests[lease] = stop }
        }
    }

    private func nextTask() -> Task? {
        condition.withLock {
            while task == nil, !isEnded { condition.wait() }
            defer { task = nil }
            return isEnded ? nil : task
        }
    }

    private func stopRequest(_ lease: LeaseName) -> StopRequest? { condition.withLock { stopRequests[lease] } }

    private func compute(_ task: Task) {
        defer { condition.withLock { stopRequests[task.lease] = nil } }
        do {
            let reduction = try Reduction(json: Data(task.job.reduction.utf8))
            let engine = try models.engine(for: task.job.model)
            try score(task, with: engine, reduction)
        } catch is CancellationError {
            // Abandoned: nobody waits for it.
        } catch let error as ScoringError {
            report(.failed(task.lease, .data, detail: "\(error)"))
        } catch let error as ReductionError {
            report(.failed(task.lease, .data, detail: "\(error)"))
        } catch {
            report(.failed(task.lease, .worker, detail: "\(error)"))
        }
    }

    private func score(_ task: Task, with engine: Engine, _ reduction: Reduction) throws {
        let wanted = Set(task.examples)
        let examples = task.job.examples.filter { wanted.contains($0.index) }
        var pace = Pace()
        var next = 0
        while next < examples.count {
            if let stop = stopRequest(task.lease) {
                if stop == .afterCurrent { report(.stopped(task.lease)) }
                return
            }
            let part = examples[next..<pace.end(of: examples, from: next)]
            report(.began(task.lease, example: part.first?.index ?? 0))
            let begin = ContinuousClock.now
            let rows = try engine.score(part, reduction: reduction) { [self] in stopRequest(task.lease) != .now }
            pace.measure(tokens: part.reduce(0) { $0 + $1.tokens }, in: begin.duration(to: .now))
            report(.measured(WorkerLoad(tokensPerSecond: pace.tokensPerSecond, residentBytes: residentBytes())))
            report(.produced(task.lease, rows: rows))
            next = part.endIndex
        }
        report(.finished(task.lease))
    }
}

/// How many examples are scored at a time: a few seconds' work, so that rows and answers to a drain are never far.
private struct Pace {
    private static let seconds = 2.0
    private static let maximumTokens = 8192.0
    private(set) var tokensPerSecond = 0.0

    func end(of examples: [WireExample], from start: Int) -> Int {
        let budget = Int(min(Self.maximumTokens, max(64, tokensPerSecond * Self.seconds)))
        var tokens = examples[start].tokens
        var end = start + 1
        while end < examples.count, tokens + examples[end].tokens <= budget {
            tokens += examples[end].tokens
            end += 1
        }
        return end
    }

    mutating func measure(tokens: Int, in duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let elapsed = max(1e-6, Double(seconds) + Double(attoseconds) * 1e-18)
        let speed = Double(tokens) / elapsed
        tokensPerSecond = tokensPerSecond == 0 ? speed : 0.7 * tokensPerSecond + 0.3 * speed
    }
}

/// The process's resident memory, in bytes; 0 where it cannot be read.
func residentBytes() -> UInt64 {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
    let pages = text.split(separator: " ").dropFirst().first.flatMap { UInt64($0) } ?? 0
    return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
}

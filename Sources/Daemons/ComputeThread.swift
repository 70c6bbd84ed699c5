import Benchmarks
import Cluster
import Foundation
import Hub
import Mamba
import Scoring
import Wire

/// The worker's compute: one thread that scores one job at a time, so that liveness never waits for a product.
///
/// Invariant of the unchecked conformance: `task`, `stopRequests`, `loading` and `isEnded` are touched under `condition` only.
final class ComputeThread: @unchecked Sendable {
    /// A job to compute, and the examples of it that are wanted, in the order in which to compute them.
    struct Task: Sendable {
        let lease: LeaseName
        let job: WireJob
        let examples: [UInt32]
    }

    enum StopRequest { case afterCurrent, now }

    private let models: LoadedModel
    let report: @Sendable (WorkerEvent) -> Void
    private let condition = NSCondition()
    private var task: Task?
    private var stopRequests: [LeaseName: StopRequest] = [:]
    /// Ends the download that a job waits for.
    private var loading: (lease: LeaseName, interruption: Interruption)?
    private var isEnded = false
    /// Of the work that came last; the compute thread's own.
    private var pace = Pace()

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
            if let loading, loading.lease == lease { loading.interruption.request() }
        }
    }

    /// What ends the download of a job's model when the job is stopped.
    private func interruption(for lease: LeaseName) -> Interruption {
        condition.withLock {
            let interruption = Interruption()
            if stopRequests[lease] != nil { interruption.request() }
            loading = (lease, interruption)
            return interruption
        }
    }

    private func nextTask() -> Task? {
        condition.withLock {
            while task == nil, !isEnded { condition.wait() }
            defer { task = nil }
            return isEnded ? nil : task
        }
    }

    func stopRequest(_ lease: LeaseName) -> StopRequest? { condition.withLock { stopRequests[lease] } }

    private func compute(_ task: Task) {
        defer {
            condition.withLock {
                stopRequests[task.lease] = nil
                loading = nil
            }
        }
        do {
            let reduction = try Reduction(json: Data(task.job.reduction.utf8))
            if models.sha256 != task.job.model.sha256 { report(.loaded(model: nil)) }
            let measured = task.job.examples.first(where: \.hasMeasure)
            let measure = try measured.map { try Measure($0.measure) }
            let engine = try models.engine(
                for: task.job, measuring: measure.map { ($0, reduction) }, interruption(for: task.lease))
            report(.loaded(model: task.job.model.sha256))
            pace.turn(to: [task.job.model.sha256, task.job.precision, task.job.reduction])
            if let measure {
                try self.measure(measure, for: task, with: engine, reduction)
            } else {
                try score(task, with: engine, reduction)
            }
        } catch is CancellationError {
            // Abandoned: nobody waits for it.
        } catch let error as HubError where error.kind == .interrupted {
            if stopRequest(task.lease) == .afterCurrent { report(.stopped(task.lease)) }
        } catch let failure as ExampleFailure {
            report(.failed(task.lease, failure.kind, detail: failure.detail, example: failure.example))
        } catch {
            report(.failed(task.lease, isOfData(error) ? .data : .worker, detail: "\(error)"))
        }
    }

    /// Measures a job's one example. A pass that ends counts as progress; none is stopped half-way.
    private func measure(
        _ measure: Measure, for task: Task, with engine: Engine, _ reduction: Reduction
    ) throws {
        guard let example = task.examples.first else { return report(.finished(task.lease)) }
        report(.began(task.lease, example: example))
        let begin = ContinuousClock.now
        let cost: MeasuredCost
        do {
            cost = try engine.measure(measure, reduction: reduction) { ended in
                // Where it stands, by the number of passes that ended.
                report(.began(task.lease, example: UInt32(ended)))
                return stopRequest(task.lease) == nil
            }
        } catch is CancellationError where stopRequest(task.lease) == .afterCurrent {
            return report(.stopped(task.lease))
        }
        pace.measure(tokens: measure.tokens, in: begin.duration(to: .now))
        report(.measured(WorkerLoad(tokensPerSecond: pace.tokensPerSecond)))
        report(.produced(task.lease, rows: [WireRow(example: example, measure, cost)]))
        report(.finished(task.lease))
    }

    private func score(_ task: Task, with engine: Engine, _ reduction: Reduction) throws {
        let byIndex = Dictionary(task.job.examples.map { ($0.index, $0) }) { first, _ in first }
        let examples = task.examples.compactMap { byIndex[$0] }
        var next = 0
        var failure: ExampleFailure?
        while next < examples.count {
            if let stop = stopRequest(task.lease) {
                if stop == .afterCurrent { report(.stopped(task.lease)) }
                return
            }
            let part = examples[next..<pace.end(of: examples, from: next)]
            report(.began(task.lease, example: part.first?.index ?? 0))
            let begin = ContinuousClock.now
            let (rows, failed) = try score(part, of: task.lease, with: engine, reduction)
            failure = failure ?? failed
            pace.measure(tokens: part.reduce(0) { $0 + $1.tokens }, in: begin.duration(to: .now))
            report(.measured(WorkerLoad(tokensPerSecond: pace.tokensPerSecond)))
            report(.produced(task.lease, rows: rows))
            next = part.endIndex
        }
        if let failure { throw failure }
        report(.finished(task.lease))
    }

    /// Scores examples together or, if one of them cannot be scored, each by itself: the rows of the good ones, and
    /// the first bad one.
    private func score(
        _ part: ArraySlice<WireExample>, of lease: LeaseName, with engine: Engine, _ reduction: Reduction
    ) throws -> ([WireRow], ExampleFailure?) {
        do {
            return (try score(part, lease, engine, reduction), nil)
        } catch  where isOfData(error) {
            var rows: [WireRow] = []
            var failure: ExampleFailure?
            for index in part.indices {
                do {
                    rows += try score(part[index...index], lease, engine, reduction)
                } catch  where isOfData(error) {
                    failure = failure ?? ExampleFailure(kind: .data, example: part[index].index, detail: "\(error)")
                }
            }
            return (rows, failure)
        }
    }

    private func score(
        _ part: ArraySlice<WireExample>, _ lease: LeaseName, _ engine: Engine, _ reduction: Reduction
    ) throws -> [WireRow] {
        do {
            return try engine.score(part, reduction: reduction) { [self] in stopRequest(lease) != .now }
        } catch  where part.count == 1 && !isOfData(error) && !(error is CancellationError) {
            // Such as memory: another worker may have more.
            throw ExampleFailure(kind: .worker, example: part.first?.index, detail: "\(error)")
        }
    }

    /// Whether an error says that no worker can do it.
    private func isOfData(_ error: any Error) -> Bool {
        error is ScoringError || error is ReductionError || error is MeasureError
    }
}

/// What a job failed at, and which example it was, where that is known.
private struct ExampleFailure: Error {
    let kind: WireFailureClass
    let example: UInt32?
    let detail: String
}

/// How many examples are scored at a time: a few seconds' work, so that rows and answers to a drain are never far.
private struct Pace {
    private static let seconds = 2.0
    private static let maximumTokens = 8192.0
    private(set) var tokensPerSecond = 0.0
    private var work: [String] = []

    /// What was measured holds for work of the same kind only: a model, its precision, a reduction.
    mutating func turn(to work: [String]) {
        if work != self.work { self = Pace() }
        self.work = work
    }

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

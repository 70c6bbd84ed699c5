import Scoring

/// How a coordinator stands at one moment, as its dashboard is told.
public struct LiveStatus: Sendable, Equatable {
    /// The product version.
    public var build: String
    /// The number of the coordinator's start.
    public var incarnation: UInt64
    /// Oldest session first.
    public var workers: [LiveWorker]
    /// The runs that are not over.
    public var runs: [LiveRun]
    /// Seconds that the workers together need for what is left; nil while unknown.
    public var backlogSeconds: Double?
    /// Everything that is counted since the start, by name, in a fixed order.
    public var counters: [LiveCounter]

    public init(
        build: String, incarnation: UInt64, workers: [LiveWorker] = [], runs: [LiveRun] = [],
        backlogSeconds: Double? = nil, counters: [LiveCounter] = []
    ) {
        self.build = build
        self.incarnation = incarnation
        self.workers = workers
        self.runs = runs
        self.backlogSeconds = backlogSeconds
        self.counters = counters
    }

    /// Tokens a second of all workers.
    var tokensPerSecond: Double {
        workers.map(\.tokensPerSecond).filter { $0.isFinite && $0 > 0 }.reduce(0, +)
    }

    func run(_ name: String) -> LiveRun? { runs.first { $0.run == name } }
}

/// A number that only rises.
public struct LiveCounter: Sendable, Equatable {
    /// Such as `rows_stored`; one that ends in `_milliseconds` is a time.
    public var name: String
    public var value: UInt64

    public init(name: String, value: UInt64) {
        self.name = name
        self.value = value
    }
}

/// A run that is not over.
public struct LiveRun: Sendable, Equatable {
    public var run: String
    /// Rows stored, and rows that the manifest demands.
    public var rows: Int
    public var rowsExpected: Int
    /// Jobs neither done nor failed, and those of them that somebody computes.
    public var jobsOpen: Int
    public var jobsLeased: Int
    public var jobsFailed: Int
    /// Rows that wait to be compared with a second computation.
    public var checksOpen: Int
    /// Estimated tokens of the rows that are missing.
    public var tokensLeft: Int
    /// Engines that its jobs wait for and that no worker is.
    public var awaitedEngines: [String]
    /// Precisions that its jobs need and that no worker computes in.
    public var awaitedPrecisions: [String]

    public init(
        run: String, rows: Int, rowsExpected: Int, jobsOpen: Int = 0, jobsLeased: Int = 0, jobsFailed: Int = 0,
        checksOpen: Int = 0, tokensLeft: Int = 0, awaitedEngines: [String] = [], awaitedPrecisions: [String] = []
    ) {
        self.run = run
        self.rows = rows
        self.rowsExpected = rowsExpected
        self.jobsOpen = jobsOpen
        self.jobsLeased = jobsLeased
        self.jobsFailed = jobsFailed
        self.checksOpen = checksOpen
        self.tokensLeft = tokensLeft
        self.awaitedEngines = awaitedEngines
        self.awaitedPrecisions = awaitedPrecisions
    }
}

/// A connected worker.
public struct LiveWorker: Sendable, Equatable {
    /// Its public key.
    public var key: String
    /// As the list of keys names it; empty where it does not.
    public var name = ""
    public var host = ""
    /// Device and kernels.
    public var engine = ""
    public var build = ""
    /// idle, working, suspect or draining.
    public var state = "idle"
    /// The model that its last job needed.
    public var model = ""
    public var tokensPerSecond = 0.0
    public var residentBytes: UInt64 = 0
    public var freeMemoryBytes: UInt64 = 0
    public var freeDiskBytes: UInt64 = 0
    /// Rows on its disk that the coordinator does not have yet, in bytes.
    public var spoolBytes: UInt64 = 0
    public var secondsSinceHeartbeat = 0.0
    /// Rows of it that were stored, and failures charged to it, since the coordinator's start.
    public var rows: UInt64 = 0
    public var failures: UInt64 = 0
    /// Of its rows, those that a second computation confirmed, and those that two others refuted.
    public var agreed: UInt64 = 0
    public var wrong: UInt64 = 0
    /// That it gets no jobs for; 0: it is not in quarantine.
    public var quarantineSeconds = 0.0
    /// What it holds, first what it works on.
    public var leases: [LiveLease] = []

    public init(key: String) { self.key = key }

    /// The name, or where there is none the key's beginning.
    var title: String { name.isEmpty ? String(key.prefix(10)) : name }
}

/// A lease as a worker holds it.
public struct LiveLease: Sendable, Equatable {
    public var job: String
    public var run: String
    /// The cell's description.
    public var cell: String
    /// score, backup or check.
    public var purpose: String
    public var examples: Int
    public var examplesDone: Int
    public var seconds: Double

    public init(
        job: String, run: String, cell: String, purpose: String, examples: Int, examplesDone: Int, seconds: Double
    ) {
        self.job = job
        self.run = run
        self.cell = cell
        self.purpose = purpose
        self.examples = examples
        self.examplesDone = examplesDone
        self.seconds = seconds
    }
}

/// What a dashboard asks of the coordinator that it belongs to; everything else it reads in the store.
public protocol DashboardSource: Sendable {
    /// How the coordinator stands.
    func status() async throws -> LiveStatus

    /// What the reduction of a run's cell did to one choice of an example.
    ///
    /// - Throws: ``TraceRefusal`` where that is not computed, for a reason that a reader is told.
    func trace(run: String, cell: Int, example: Int, choice: Int) async throws -> ReductionTrace

    /// How each token is spelled; nil where the tokenizer is not at hand.
    func texts(run: String, tokenizerSHA256: String, tokens: [Int32]) async throws -> [String]?
}

/// Why a reduction is not shown.
public struct TraceRefusal: Error, Equatable, CustomStringConvertible {
    public let description: String
    /// Whether to ask again may help.
    public let isTemporary: Bool

    public init(_ description: String, isTemporary: Bool = false) {
        self.description = description
        self.isTemporary = isTemporary
    }
}

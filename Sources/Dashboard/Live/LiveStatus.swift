import Scoring
import Wire

/// How a coordinator stands at one moment, as its dashboard is told.
public struct LiveStatus: Sendable, Equatable {
    /// The product version.
    public var build: String
    /// The number of the coordinator's start.
    public var incarnation: UInt64
    /// Oldest session first.
    public var workers: [WireStatus.Worker]
    /// The runs that are not over.
    public var runs: [LiveRun]
    /// Seconds that the workers together need for what is left; nil while unknown.
    public var backlogSeconds: Double?
    /// Everything that is counted since the start, by name, in a fixed order.
    public var counters: [LiveCounter]

    public init(
        build: String, incarnation: UInt64, workers: [WireStatus.Worker] = [], runs: [LiveRun] = [],
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

extension WireStatus.Worker {
    /// The name, or where there is none the key's beginning.
    var title: String { name.isEmpty ? String(key.prefix(10)) : name }
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

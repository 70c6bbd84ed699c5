import Cluster
import Crypto
import Hashing
import Wire

/// Everything that a run is, fixed before its first score: models, benchmarks with their documents, cells and shards.
public struct RunManifest: Sendable {
    public var run: RunID
    public var name: String
    /// The job file as canonical JSON.
    public var job: String
    /// The product version that accepted the run.
    public var build: String
    /// Higher goes first.
    public var priority: Int
    /// Wall clock, seconds since 1970.
    public var created: Double
    public var models: [ManifestModel]
    public var benchmarks: [ManifestBenchmark]
    /// In the order in which reports list them.
    public var cells: [ManifestCell]
    /// Together they hold every example of every cell exactly once.
    public var shards: [ManifestShard]

    public init(
        run: RunID, name: String, job: String, build: String, priority: Int = 0, created: Double,
        models: [ManifestModel], benchmarks: [ManifestBenchmark], cells: [ManifestCell], shards: [ManifestShard]
    ) {
        self.run = run
        self.name = name
        self.job = job
        self.build = build
        self.priority = priority
        self.created = created
        self.models = models
        self.benchmarks = benchmarks
        self.cells = cells
        self.shards = shards
    }
}

/// A model of a run, known by the hash of its content.
public struct ManifestModel: Sendable, Equatable {
    /// The name by which cells refer to it.
    public var id: String
    /// Empty of random weights, which `summary` tells how to draw.
    public var path: String
    /// Of configuration and weights, hexadecimal.
    public var sha256: String
    /// What the checkpoint is, as JSON.
    public var summary: String
    public var parameters: Int

    public init(id: String, path: String, sha256: String, summary: String = "{}", parameters: Int) {
        self.id = id
        self.path = path
        self.sha256 = sha256
        self.summary = summary
        self.parameters = parameters
    }
}

/// A benchmark of a run with the documents that count.
public struct ManifestBenchmark: Sendable {
    public var name: String
    /// Where the rows came from.
    public var data: String
    /// Of the data file, hexadecimal.
    public var dataSHA256: String
    /// Of the tokenizer file, hexadecimal.
    public var tokenizerSHA256: String
    /// How many of the file's documents were asked for; nil means all.
    public var limit: Int?
    /// How many documents the file has; the manifest holds fewer under a limit.
    public var documents: Int
    /// In document order.
    public var examples: [ManifestExample]
    /// Canonical JSON of what is measured in its one example; nil where examples are scored.
    public var measure: String?

    public init(
        name: String, data: String, dataSHA256: String, tokenizerSHA256: String, limit: Int? = nil, documents: Int,
        examples: [ManifestExample], measure: String? = nil
    ) {
        self.name = name
        self.data = data
        self.dataSHA256 = dataSHA256
        self.tokenizerSHA256 = tokenizerSHA256
        self.limit = limit
        self.documents = documents
        self.examples = examples
        self.measure = measure
    }
}

/// One document of a benchmark: what was asked, and what a right answer is.
public struct ManifestExample: Sendable, Equatable {
    /// The document's row in the data file, from 0.
    public var index: Int
    /// The document as lm-evaluation-harness sees it: JSON text.
    public var document: String
    /// The harness's `doc_hash`: SHA-256 of the document as Python's `json.dumps(doc, indent=2)` writes it; hexadecimal.
    public var documentHash: String
    /// What the harness calls the target: the index of the right choice, or the text to be continued with.
    public var target: String
    /// The index of the right choice; nil where the greedy continuation must be the target.
    public var gold: Int?
    /// In the order of the choices.
    public var prompts: [Prompt]
    /// What workers compute.
    public var requests: WireExample

    /// One request as text, with the lengths by which scores are normalised.
    public struct Prompt: Sendable, Equatable {
        public var context: String
        public var continuation: String
        /// Unicode scalars of the choice without the delimiter.
        public var characters: Int
        /// UTF-8 bytes of the choice without the delimiter.
        public var bytes: Int

        public init(context: String, continuation: String, characters: Int, bytes: Int) {
            self.context = context
            self.continuation = continuation
            self.characters = characters
            self.bytes = bytes
        }
    }

    public init(
        index: Int, document: String, documentHash: String, target: String, gold: Int?, prompts: [Prompt],
        requests: WireExample
    ) {
        self.index = index
        self.document = document
        self.documentHash = documentHash
        self.target = target
        self.gold = gold
        self.prompts = prompts
        self.requests = requests
    }

    /// Input tokens of all requests, before any sharing of contexts.
    public var tokens: Int {
        requests.groups.reduce(0) { sum, group in
            group.continuations.reduce(sum) { $0 + group.context.count + $1.tokens.count }
        }
    }
}

/// A cell: model × method × benchmark.
public struct ManifestCell: Sendable, Equatable {
    /// The id of a model of the run.
    public var model: String
    /// Canonical JSON of the reduction.
    public var reduction: String
    /// The name of a benchmark of the run.
    public var benchmark: String
    public var precision: String

    public init(model: String, reduction: String, benchmark: String, precision: String) {
        self.model = model
        self.reduction = reduction
        self.benchmark = benchmark
        self.precision = precision
    }
}

/// Some examples of one cell: what one job computes.
public struct ManifestShard: Sendable, Equatable {
    public let job: JobID
    /// The cell's place in the manifest's `cells`.
    public let cell: Int
    /// Indices of documents, in the order in which they are computed.
    public let examples: [Int]
    public let tokens: Int

    /// The job id follows from run, cell and examples, so that the same work always has the same id.
    public init(run: RunID, cell: Int, examples: [Int], tokens: Int) {
        var hash = SHA256()
        hash.update(data: Array("molt job 1\u{0}\(run)\u{0}\(cell)".utf8))
        for example in examples {
            withUnsafeBytes(of: UInt64(example).littleEndian) { hash.update(bufferPointer: $0) }
        }
        job = hexadecimal(hash.finalize().prefix(16))
        self.cell = cell
        self.examples = examples
        self.tokens = tokens
    }
}

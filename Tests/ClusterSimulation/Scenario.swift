import Cluster

/// How an example treats the workers that compute it.
enum Poison: Sendable {
    /// The process dies.
    case crash
    /// It never ends.
    case hang
    /// The worker says that it cannot, and at which example if it `names` it.
    case failure(names: Bool)
    /// The worker says that nobody can.
    case data(names: Bool)
}

/// What a worker makes of the rows that it computes.
enum Honesty: Sendable {
    case honest
    /// So many of a hundred rows are wrong, each worker's in its own way.
    case liar(percent: UInt64)
    /// A quarter is wrong, for all colluders in the same way.
    case colluder
}

/// What a seed decides before anything happens: workers, runs, poisoned examples, how bad the network is.
struct Scenario {
    struct Worker {
        let key: WorkerKey
        let host: String
        var engine = EngineDescription(build: "1", name: "model", arithmetic: "model")
        var honesty = Honesty.honest
        /// How many times longer it takes for everything.
        var slowness: UInt64 = 1
        /// How it fails at the jobs that it dislikes, if it dislikes some or all.
        var dislikes: Dislike?
        /// Whether it measures its speed.
        var measures = false
    }

    enum Dislike {
        case someJobs, allJobs, infrastructure
    }

    struct Faults {
        var loss = 0.0
        var duplication = 0.0
        /// A message comes again up to ten minutes later.
        var replay = 0.0
        var delay: Milliseconds = 20
        var turnCrash = 0.0
        var hang = 0.0
        /// A commit takes long.
        var slowCommit = 0.0
        /// A spool on disk is gone after a crash.
        var spoolLoss = 0.0
    }

    var workers: [Worker] = []
    var runs: [RunDescription] = []
    var poison: [JobID: [UInt32: Poison]] = [:]
    var faults = Faults()
    /// How long everything may go wrong.
    var stormEnds: Milliseconds = 0
    var verification = 0.0
    /// For an example, on a worker of usual speed.
    var exampleTime: ClosedRange<Milliseconds> = 20...1_500

    /// Workers that differ in speed only, and one run.
    init(slowness: [UInt64], jobs: [JobDescription], measures: Bool) {
        workers = slowness.enumerated().map { index, slowness in
            var worker = Worker(key: "worker\(index)", host: "host\(index)")
            worker.slowness = slowness
            worker.measures = measures
            return worker
        }
        runs = [RunDescription(id: "run", jobs: jobs)]
        exampleTime = 500...500
    }

    init(_ random: inout Generator) {
        let count = Int.random(in: 1...6, using: &random)
        let hosts = Int.random(in: 1...3, using: &random)
        workers = (0..<count).map { Worker(key: "worker\($0)", host: "host\($0 % hosts)") }
        let measures = random.chance(0.5)
        for index in workers.indices { workers[index].measures = measures }
        chooseRuns(&random)
        chooseFaults(&random)
        choosePeople(&random)
    }

    private mutating func chooseRuns(_ random: inout Generator) {
        for run in 0..<Int.random(in: 1...3, using: &random) {
            let jobs = (0..<Int.random(in: 1...10, using: &random)).map { index in
                let examples = (0..<UInt32.random(in: 1...20, using: &random)).map { $0 * 3 + UInt32(index) * 100 }
                return JobDescription(
                    id: "run\(run)-job\(index)", cell: "cell\(index % 3)", model: "model\(index % 2)",
                    examples: examples, estimatedTokens: UInt64(examples.count) * 50)
            }
            if random.chance(0.2) { poisonSome(of: jobs, &random) }
            runs.append(RunDescription(id: "run\(run)", priority: Int.random(in: 0...1, using: &random), jobs: jobs))
        }
    }

    private mutating func poisonSome(of jobs: [JobDescription], _ random: inout Generator) {
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            guard let job = jobs.randomElement(using: &random),
                let example = job.examples.randomElement(using: &random)
            else { continue }
            let kinds: [Poison] = [
                .crash, .hang, .failure(names: false), .failure(names: true), .data(names: true), .data(names: false),
            ]
            poison[job.id, default: [:]][example] = kinds.randomElement(using: &random)
        }
    }

    private mutating func chooseFaults(_ random: inout Generator) {
        stormEnds = random.span(5_000...100_000)
        verification = [0, 0.01, 0.2].randomElement(using: &random) ?? 0
        guard random.chance(0.9) else { return }
        faults.loss = random.chance(0.5) ? Double.random(in: 0...0.3, using: &random) : 0
        faults.duplication = random.chance(0.5) ? Double.random(in: 0...0.5, using: &random) : 0
        faults.replay = random.chance(0.3) ? 0.02 : 0
        faults.delay = [5, 50, 500, 5_000].randomElement(using: &random) ?? 50
        faults.turnCrash = random.chance(0.5) ? 0.003 : 0
        faults.hang = random.chance(0.3) ? 0.003 : 0
        faults.slowCommit = random.chance(0.2) ? 0.2 : 0
        faults.spoolLoss = random.chance(0.3) ? 0.3 : 0
    }

    /// Slow, broken, lying and foreign workers.
    private mutating func choosePeople(_ random: inout Generator) {
        let last = workers.count - 1
        if workers.count > 1, random.chance(0.15) { workers[last].slowness = 10 }
        if workers.count > 1, random.chance(0.25) {
            workers[0].dislikes = [.someJobs, .allJobs, .infrastructure].randomElement(using: &random)
        } else if workers.count > 1, random.chance(0.2) {
            // Now and then a cluster has two kinds of nodes.
            workers[last].engine.arithmetic = "other"
        } else if workers.count >= 5, random.chance(0.3) {
            for index in [last - 1, last] { workers[index].honesty = .colluder }
            verification = 0.2
        } else if workers.count >= 3, random.chance(0.3) {
            workers[last].honesty = .liar(percent: random.chance(0.5) ? 100 : 20)
            verification = 0.2
        }
    }

    /// Whether a worker that computes a row makes it wrong, and how.
    static func lie(_ honesty: Honesty, _ key: WorkerKey, _ job: JobID, _ example: UInt32) -> Double? {
        switch honesty {
        case .honest: nil
        case .liar(let percent):
            StoreModel.hash(job + key, example) % 100 < percent ? 1 + Double(StoreModel.hash(key, example) % 997) : nil
        case .colluder: StoreModel.hash(job, example) % 4 == 0 ? 0.5 : nil
        }
    }
}

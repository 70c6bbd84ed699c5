import Cluster
import Wire

/// A rule of the coordinator that a simulation breaks on purpose, to show that it would notice.
enum Mutation: String, CaseIterable, Sendable {
    /// Messages leave before their turn's changes are durable.
    case sendsBeforeCommit
    /// A message about an old lease is taken for one about the current lease.
    case acceptsOldEpochs
    /// Leases found at the start are requeued at once.
    case hasNoRestartGrace
    /// A worker forgets rows when it has sent them.
    case forgetsUnacknowledgedRows

    /// What the violation that shows it says.
    var symptoms: [String] {
        switch self {
        case .sendsBeforeCommit: ["is not stored", "went to two workers"]
        case .acceptsOldEpochs: ["which its worker did not say", "is not stored"]
        case .hasNoRestartGrace: ["in the restart grace"]
        case .forgetsUnacknowledgedRows: ["rows missing), which its worker did not say"]
        }
    }
}

/// A cluster of one coordinator and some workers in simulated time: one thread, one seed, no clock.
final class World {
    struct Faults {
        var loss = 0.0
        var duplication = 0.0
        var delay: Milliseconds = 20
        var turnCrash = 0.0
        var hang = 0.0
    }

    let seed: UInt64
    let mutation: Mutation?
    var random: Generator
    var faults = Faults()
    private(set) var now = Instant(milliseconds: 1)
    private var agenda: [(due: Instant, order: UInt64, action: () throws -> Void)] = []
    private var order: UInt64 = 0

    var store: StoreModel
    var workers: [WorkerModel] = []
    lazy var coordinator = CoordinatorModel(world: self)
    let dataPoison: Set<JobID>
    var cancelled: Set<RunID> = []
    /// (to the worker, from the worker) cut, by worker.
    var cuts: [Int: (to: Bool, from: Bool)] = [:]

    // What workers really did, by lease.
    var holder: [LeaseName: WorkerKey] = [:]
    var reports: Set<LeaseName> = []
    var batches: [LeaseName: [UInt64: [UInt32]]] = [:]
    /// Of everything that happened, to compare two runs of a seed.
    var trace: UInt64 = 0

    init(seed: UInt64, mutation: Mutation? = nil) {
        self.seed = seed
        self.mutation = mutation
        var random = Generator(state: seed)
        let count = Int.random(in: 2...5, using: &random)
        let hosts = Int.random(in: 1...3, using: &random)
        let names = (0..<count).map { (key: "worker\($0)", host: "host\($0 % hosts)") }
        store = StoreModel(
            hosts: Dictionary(uniqueKeysWithValues: names.map { ($0.key, $0.host) }),
            slots: Int(WorkerParameters().slots))
        var poison: Set<JobID> = []
        for run in 0..<Int.random(in: 1...3, using: &random) {
            let jobs = (0..<Int.random(in: 2...12, using: &random)).map { index in
                let examples = (0..<UInt32.random(in: 1...20, using: &random)).map { $0 * 3 + UInt32(index) * 100 }
                return JobDescription(
                    id: "run\(run)-job\(index)", cell: "cell\(index % 3)", model: "model\(index % 2)",
                    examples: examples, estimatedTokens: UInt64(examples.count) * 50)
            }
            if Double.random(in: 0..<1, using: &random) < 0.1 { poison.insert(jobs[0].id) }
            store.insert(
                RunDescription(id: "run\(run)", priority: Int.random(in: 0...1, using: &random), jobs: jobs))
        }
        dataPoison = poison
        self.random = random
        for (index, name) in names.enumerated() {
            let worker = WorkerModel(index: index, key: name.key, host: name.host, world: self)
            if count > 1, index == 0, chance(0.3) { worker.failing = chance(0.5) ? .worker : .infrastructure }
            workers.append(worker)
        }
        // Now and then a cluster has two kinds of nodes.
        if seed % 4 == 0, workers.allSatisfy({ $0.failing == nil }) { workers[count - 1].engine.arithmetic = "other" }
        for worker in workers { store.engines[worker.key] = worker.engine.identity }
    }

    func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }
    func span(_ range: ClosedRange<Milliseconds>) -> Milliseconds { .random(in: range, using: &random) }

    func after(_ delay: Milliseconds, _ action: @escaping () throws -> Void) {
        order += 1
        let entry = (due: now + delay, order: order, action: action)
        agenda.append(entry)
        var child = agenda.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            agenda.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (agenda[left].due, agenda[left].order) < (agenda[right].due, agenda[right].order)
    }

    /// Lets everything happen up to a moment, or until a condition holds.
    func run(until end: Instant, or isOver: () -> Bool = { false }) throws {
        while let next = agenda.first, next.due <= end, !isOver() {
            agenda.swapAt(0, agenda.count - 1)
            agenda.removeLast()
            var parent = 0
            while 2 * parent + 1 < agenda.count {
                let left = 2 * parent + 1
                let least = left + 1 < agenda.count && isBefore(left + 1, left) ? left + 1 : left
                guard isBefore(least, parent) else { break }
                agenda.swapAt(parent, least)
                parent = least
            }
            now = next.due
            trace = (trace ^ now.milliseconds ^ next.order << 20) &* 0x100_0000_01b3
            do {
                try next.action()
            } catch let violation as Violation {
                throw Violation("at \(now.milliseconds) ms: \(violation)")
            }
        }
    }

    /// Carries a message, or loses, delays or repeats it.
    func carry(from worker: Int, toCoordinator: Bool, _ deliver: @escaping () throws -> Void) {
        let cut = cuts[worker] ?? (false, false)
        guard !(toCoordinator ? cut.from : cut.to), !chance(faults.loss) else { return }
        after(span(1...faults.delay), deliver)
        if chance(faults.duplication) { after(span(1...faults.delay * 5), deliver) }
    }
}

/// A seeded generator (xorshift64*).
struct Generator: RandomNumberGenerator {
    private var state: UInt64
    init(state: UInt64) { self.state = (state &+ 1) &* 0x9e37_79b9_7f4a_7c15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_f491_4f6c_dd1d
    }
}

import Cluster
import Wire

/// A cluster of one coordinator and some workers in simulated time: one thread, one seed, no clock.
final class World {
    let seed: UInt64
    let mutation: Mutation?
    let scenario: Scenario
    let log: ((String) -> Void)?
    var random: Generator
    var faults: Scenario.Faults
    private(set) var now = Instant(milliseconds: 1)
    private var agenda: [(due: Instant, order: UInt64, action: () throws -> Void)] = []
    private var order: UInt64 = 0

    var store: StoreModel
    var workers: [WorkerModel] = []
    lazy var coordinator = CoordinatorModel(world: self)
    var cancelled: Set<RunID> = []
    /// (to the worker, from the worker) cut, by worker.
    var cuts: [Int: (to: Bool, from: Bool)] = [:]

    // What workers really did.
    var holder: [LeaseName: WorkerKey] = [:]
    /// Leases whose workers failed, fell silent for good or gave them back.
    var reports: Set<LeaseName> = []
    /// Which life of its worker each lease was granted to.
    var boots: [LeaseName: String] = [:]
    var batches: [LeaseName: [UInt64: [UInt32]]] = [:]
    /// How often a worker died or hung at an example by chance.
    var accidents: [JobID: [UInt32: Int]] = [:]
    /// Of everything that happened, to compare two runs of a seed.
    private(set) var trace: UInt64 = 0

    convenience init(seed: UInt64, mutation: Mutation?, log: ((String) -> Void)?) {
        var random = Generator(seed: seed)
        let scenario = Scenario(&random)
        self.init(scenario, random, seed: seed, mutation: mutation, log: log)
    }

    init(
        _ scenario: Scenario, _ random: Generator, seed: UInt64 = 0, mutation: Mutation? = nil,
        log: ((String) -> Void)? = nil
    ) {
        self.seed = seed
        self.mutation = mutation
        self.log = log
        self.scenario = scenario
        faults = scenario.faults
        store = StoreModel(scenario, slots: Int(WorkerParameters().slots))
        self.random = random
        for run in scenario.runs { store.insert(run) }
        for index in scenario.workers.indices { workers.append(WorkerModel(index: index, world: self)) }
        for worker in workers { store.engines[worker.key] = worker.engine.identity }
    }

    func worker(_ key: WorkerKey) -> WorkerModel? { workers.first { $0.key == key } }
    func chance(_ probability: Double) -> Bool { random.chance(probability) }
    func span(_ range: ClosedRange<Milliseconds>) -> Milliseconds { random.span(range) }
    func say(_ text: @autoclosure () -> String) { log?("\(now.milliseconds) \(text())") }

    func after(_ delay: Milliseconds, _ action: @escaping () throws -> Void) {
        order += 1
        agenda.append((due: now + delay, order: order, action: action))
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

    /// Carries a message, or loses, delays or repeats it. Old copies come however the network is by then.
    func carry(from worker: Int, toCoordinator: Bool, _ deliver: @escaping () throws -> Void) {
        let cut = cuts[worker] ?? (false, false)
        guard !(toCoordinator ? cut.from : cut.to), !chance(faults.loss) else { return }
        after(span(1...faults.delay), deliver)
        if chance(faults.duplication) { after(span(1...faults.delay * 5), deliver) }
        if chance(faults.replay) { after(span(1_000...600_000), deliver) }
    }
}

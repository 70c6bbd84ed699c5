import ArgumentParser
import ClusterSimulation
import Foundation
import Synchronization

/// Simulated clusters by the hundred thousand, or a scheduler that is fed anything at all.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Simulates clusters under faults, a seed each, and prints the seeds that break a promise.")

    @Option(help: "How many seeds.")
    var seeds: UInt64 = 10_000
    @Option(help: "The first of them.")
    var from: UInt64 = 0
    @Option(help: "This seed alone.")
    var seed: UInt64?
    @Flag(help: "Print everything that happens, with its milliseconds; for one seed.")
    var trace = false
    @Option(help: "Feed so many random events to schedulers instead.")
    var fuzz: UInt64?
    @Option(help: "Measure what a scheduler costs with so many workers instead.")
    var load: Int?
    @Option(help: "Threads.")
    var threads = ProcessInfo.processInfo.activeProcessorCount
    @Option(help: "Break a rule: \(Mutation.allCases.map(\.rawValue).joined(separator: ", ")).")
    var mutation: Mutation?

    func validate() throws {
        guard threads >= 1 else { throw ValidationError("--threads must be at least 1") }
    }

    func run() throws {
        if let seed { return try simulate(seed) }
        if let load { return print(SchedulerLoad(workers: load, jobs: 200_000)) }
        let failures = fuzz.map(fuzz) ?? simulateAll()
        if failures > 0 { throw ExitCode(1) }
    }

    private func simulate(_ seed: UInt64) throws {
        do {
            try Simulation(seed: seed, mutation: mutation, log: trace ? { print($0) } : nil).run()
            print("seed \(seed): every promise was kept")
        } catch let violation as Violation {
            print("seed \(seed): \(violation)")
            throw ExitCode(1)
        }
    }

    /// How many seeds broke a promise.
    private func simulateAll() -> Int {
        let progress = Progress(total: seeds, noun: "seeds")
        inParallel { thread in
            for seed in stride(from: from + thread, to: from + seeds, by: threads) {
                do {
                    try Simulation(seed: seed, mutation: mutation).run()
                } catch {
                    progress.fail("seed \(seed): \(error)")
                }
                progress.step(1)
            }
        }
        return progress.finish()
    }

    private func fuzz(_ cases: UInt64) -> Int {
        let progress = Progress(total: cases, noun: "events")
        let part: UInt64 = 50_000
        inParallel { thread in
            for number in stride(from: thread, to: (cases + part - 1) / part, by: threads) {
                var fuzz = SchedulerFuzz(seed: from + number)
                do {
                    try fuzz.run(cases: min(part, cases - number * part))
                } catch {
                    progress.fail("seed \(from + number), event \(fuzz.cases): \(error)")
                }
                progress.step(fuzz.cases)
            }
        }
        return progress.finish()
    }

    /// Runs a body on each thread, with its number.
    private func inParallel(_ body: @escaping @Sendable (UInt64) -> Void) {
        DispatchQueue.concurrentPerform(iterations: threads) { body(UInt64($0)) }
    }
}

extension Mutation: ExpressibleByArgument {}

/// A line now and then, and what went wrong.
private final class Progress: Sendable {
    private struct State {
        var done: UInt64 = 0
        var failures = 0
        var told = ContinuousClock.now
    }

    private let total: UInt64
    private let noun: String
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(total: UInt64, noun: String) {
        self.total = total
        self.noun = noun
    }

    func step(_ count: UInt64) {
        state.withLock { state in
            state.done += count
            guard state.told.duration(to: .now) > .seconds(5) else { return }
            state.told = .now
            print("\(state.done) of \(total) \(noun), \(state.failures) failures")
        }
    }

    func fail(_ text: String) {
        state.withLock { state in
            state.failures += 1
            print(text)
        }
    }

    func finish() -> Int {
        state.withLock { state in
            let seconds = start.duration(to: .now).components.seconds
            print("\(state.done) \(noun) in \(seconds) s, \(state.failures) failures")
            return state.failures
        }
    }
}

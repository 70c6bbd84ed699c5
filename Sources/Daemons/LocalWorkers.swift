import Foundation
import Synchronization

/// Worker processes on this machine, started beside a coordinator and restarted when they die.
///
/// A worker notices the end of its standard input and leaves, so that none outlives a coordinator that was killed.
public final class LocalWorkers: Sendable {
    /// How a worker process is started.
    public struct Launch: Sendable {
        /// The `worker` program.
        public var program: URL
        /// Its arguments, for worker number i.
        public var arguments: @Sendable (Int) -> [String]

        public init(program: URL, arguments: @escaping @Sendable (Int) -> [String]) {
            self.program = program
            self.arguments = arguments
        }
    }

    private struct State {
        var processes: [Int: Process] = [:]
        var inputs: [Int: Pipe] = [:]
        var restartsLeft: Int
        var stopping = false
        var whenExhausted: (@Sendable () -> Void)?
    }

    private let launch: Launch
    private let state: Mutex<State>
    private let report: @Sendable (String) -> Void
    private let gone = DispatchGroup()

    /// - Parameters:
    ///   - restarts: how many dead workers, all together, are replaced.
    ///   - report: told in a sentence about workers that died.
    public init(_ launch: Launch, restarts: Int, report: @escaping @Sendable (String) -> Void) {
        self.launch = launch
        self.report = report
        state = Mutex(State(restartsLeft: restarts))
    }

    /// Starts `count` workers.
    public func start(_ count: Int) throws {
        for index in 0..<count { try start(worker: index) }
    }

    /// The process ids of the workers that run.
    public var processes: [Int32] {
        state.withLock { $0.processes.values.map(\.processIdentifier).sorted() }
    }

    /// Calls `action` when no worker runs any more and none will be started.
    public func onExhaustion(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.whenExhausted = action }
    }

    private func start(worker index: Int) throws {
        let process = Process()
        let input = Pipe()
        process.executableURL = launch.program
        process.arguments = launch.arguments(index)
        process.standardInput = input
        // A worker's results go over its socket; what it says goes where our own messages go.
        process.standardOutput = FileHandle.standardError
        process.terminationHandler = { [weak self] process in self?.ended(worker: index, process) }
        try state.withLock { state in
            guard !state.stopping else { return }
            gone.enter()
            do {
                try process.run()
            } catch {
                gone.leave()
                throw LaunchError(program: launch.program.path, reason: "\(error)")
            }
            state.processes[index] = process
            state.inputs[index] = input
        }
    }

    private func ended(worker index: Int, _ process: Process) {
        let restart = state.withLock { state in
            state.processes[index] = nil
            state.inputs[index] = nil
            guard !state.stopping, state.restartsLeft > 0 else { return false }
            state.restartsLeft -= 1
            return true
        }
        defer { gone.leave() }
        let cause =
            process.terminationReason == .uncaughtSignal
            ? "by signal \(process.terminationStatus)" : "with status \(process.terminationStatus)"
        guard restart else {
            let exhausted = state.withLock { state in
                guard !state.stopping else { return Optional<@Sendable () -> Void>.none }
                report("worker \(index) ended \(cause); no restarts are left")
                return state.processes.isEmpty ? state.whenExhausted : nil
            }
            exhausted?()
            return
        }
        report("worker \(index) ended \(cause); starting another in its place")
        do {
            try start(worker: index)
        } catch {
            report("\(error)")
        }
    }

    /// Asks every worker to leave, and kills those that are still there after `patience` seconds.
    public func stop(patience: Double) {
        let processes = state.withLock { state in
            state.stopping = true
            return Array(state.processes.values)
        }
        for process in processes { process.terminate() }
        if gone.wait(timeout: .now() + patience) == .timedOut {
            for process in processes where process.isRunning { kill(process.processIdentifier, SIGKILL) }
            gone.wait()
        }
    }
}

/// A worker program that cannot be started.
public struct LaunchError: Error, CustomStringConvertible {
    public let program: String
    public let reason: String

    public var description: String { "\(program) cannot be started: \(reason)" }
}

import ArgumentParser
import Daemons
import Foundation
import Synchronization
import Wire
import Wording

/// `coord watch`: a live view of a coordinator.
struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch a coordinator's runs, workers and events.",
        discussion: """
            On a terminal the view is redrawn in place; elsewhere every change is a line. It goes on when the coordinator \
            restarts. With a run it leaves when the run has ended: with 0 if it is complete, else with 2. Ctrl-C leaves.
            """)

    @Argument(help: ArgumentHelp("A run; all of them without one.", valueName: "run"))
    var name: String = ""

    @Option(name: .long, help: "Seconds between two looks.")
    var interval = 1.0

    @Flag(name: .long, help: "Show also what the coordinator counts.")
    var counters = false

    @Flag(name: .long, help: "Print one line of JSON a look.")
    var json = false

    @OptionGroup var connection: Connection

    func validate() throws {
        guard (0.1...3600).contains(interval) else { throw ValidationError("--interval is between 0.1 and 3600") }
    }

    func run() throws {
        let client = try connection.open()
        let view: any WatchView =
            if json {
                JSONView()
            } else if isatty(STDOUT_FILENO) == 1 {
                ScreenView(showsCounters: counters)
            } else {
                LineView()
            }
        view.begin()
        let interrupts = SignalSource(SignalSource.interrupts) { _ in
            view.end()
            _exit(0)
        }
        defer {
            view.end()
            withExtendedLifetime(interrupts) {}
        }
        var lastEvent: UInt64 = 0
        while true {
            let begin = Date()
            do {
                let status = try client.status(run: name, watching: true, afterEvent: lastEvent, timeoutSeconds: 5)
                lastEvent = status.events.map(\.id).max() ?? lastEvent
                view.show(status, from: connection.coordinator)
                if let run = status.runs.first, !name.isEmpty, run.state != "running" {
                    if run.state != "complete" { throw Exit.incomplete }
                    return
                }
            } catch CoordinatorError.noAnswer {
                view.showSilence(from: connection.coordinator)
            }
            Thread.sleep(forTimeInterval: max(0, interval - Date().timeIntervalSince(begin)))
        }
    }
}

/// How what is watched is shown. Called from one thread, except `end`, which may come at any time.
protocol WatchView: Sendable {
    func begin()
    func show(_ status: WireStatus, from endpoint: String)
    func showSilence(from endpoint: String)
    func end()
}

extension WatchView {
    func begin() {}
    func end() {}

    func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }

    var time: String { timeOfDay(Date.now.timeIntervalSince1970) }
}

/// A line of JSON a look.
private struct JSONView: WatchView {
    func show(_ status: WireStatus, from endpoint: String) {
        if let line = try? JSONLine.encode(StatusJSON(status)) { FileHandle.standardOutput.write(line) }
    }

    func showSilence(from endpoint: String) { Terminal.note("no answer from \(endpoint)") }
}

/// A line for every run and event that is new or has changed.
private final class LineView: WatchView {
    private struct State {
        var runs: [String: String] = [:]
        var silent = false
    }

    private let state = Mutex(State())

    func show(_ status: WireStatus, from endpoint: String) {
        state.withLock { state in
            if state.silent { write("\(time)  \(endpoint) answers again\n") }
            state.silent = false
            for event in status.events { write(StatusText.line(event) + "\n") }
            for run in status.runs {
                let text = StatusText.lines(run, among: status.workers.count).joined(separator: "; ")
                // Estimates change with every look; what is stored tells whether anything happened.
                let mark =
                    "\(run.state) \(run.rows) \(run.failures) \(run.awaitedEngines) \(run.awaitedPrecisions)"
                    + " \(run.barredWorkers)"
                if state.runs.updateValue(mark, forKey: run.run) != mark { write("\(time)  \(text)\n") }
            }
        }
    }

    func showSilence(from endpoint: String) {
        state.withLock { state in
            if !state.silent { write("\(time)  no answer from \(endpoint)\n") }
            state.silent = true
        }
    }
}

/// The whole screen of a terminal, drawn again at every look.
private final class ScreenView: WatchView {
    private struct State {
        var status: WireStatus?
        var events: [WireStatus.Event] = []
        var lastAnswer: String?
        var hasEnded = false
    }

    private static let escape = "\u{1b}["
    private let showsCounters: Bool
    private let state = Mutex(State())

    init(showsCounters: Bool) { self.showsCounters = showsCounters }

    /// The other screen, without a cursor.
    func begin() { write("\(Self.escape)?1049h\(Self.escape)?25l") }

    func end() {
        state.withLock { state in
            if !state.hasEnded { write("\(Self.escape)?25h\(Self.escape)?1049l") }
            state.hasEnded = true
        }
    }

    func show(_ status: WireStatus, from endpoint: String) {
        state.withLock { state in
            state.status = status
            state.events = (state.events + status.events).suffix(100)
            state.lastAnswer = time
            draw(state, head: "\(status.build)  \(endpoint)  \(time)")
        }
    }

    func showSilence(from endpoint: String) {
        state.withLock { state in
            let since = state.lastAnswer.map { " since \($0)" } ?? ""
            draw(state, head: "\(endpoint)  no answer\(since)")
        }
    }

    private func draw(_ state: State, head: String) {
        guard !state.hasEnded else { return }
        var size = winsize()
        let hasSize = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0
        let (width, height) = hasSize ? (Int(size.ws_col), Int(size.ws_row)) : (80, 24)
        var lines = [head.plain, ""]
        if let status = state.status {
            lines += status.runs.flatMap { bar($0, among: status.workers.count, width: width) }
            if status.runs.isEmpty { lines.append("no runs yet") }
            lines += [""] + workers(status)
            if showsCounters {
                let shown = status.counters.filter { $0.value > 0 }
                lines += [""] + StatusText.aligned(shown.map { [$0.name, String($0.value)] })
            }
        }
        let room = height - lines.count - 2
        if room > 0, !state.events.isEmpty { lines += [""] + state.events.suffix(room).map(StatusText.line) }
        let text = lines.prefix(height - 1).map { "\($0.prefix(width))\(Self.escape)K" }.joined(separator: "\r\n")
        write("\(Self.escape)H\(text)\r\n\(Self.escape)J")
    }

    private func bar(_ run: WireStatus.Run, among workers: Int, width: Int) -> [String] {
        let cells = max(10, min(40, width - 60))
        let share = run.rowsExpected == 0 ? 1 : min(1, Double(run.rows) / Double(run.rowsExpected))
        let full = Int(Double(cells) * share)
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: cells - full)
        let lines = StatusText.lines(run, among: workers)
        return ["\(bar) \(lines[0])"] + lines.dropFirst()
    }

    private func workers(_ status: WireStatus) -> [String] {
        guard !status.workers.isEmpty else { return [StatusText.noWorkers(status)] }
        var states: [String: Int] = [:]
        for worker in status.workers { states[worker.state, default: 0] += 1 }
        let summary = states.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let backlog = status.backlogSeconds < 0 ? "?" : clockText(seconds: status.backlogSeconds)
        return ["\(counted(status.workers.count, "worker")): \(summary.plain); work for \(backlog)"]
            + StatusText.table(Array(status.workers.prefix(20)))
    }
}

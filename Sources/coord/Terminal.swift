import Foundation
import Synchronization

/// Progress on standard error: one line that is redrawn on a terminal, plain lines now and then elsewhere.
final class ProgressLine: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let plainInterval: Duration = .seconds(10)
    private let state = Mutex(State())

    private struct State {
        var drawn = 0
        var lastPlain: ContinuousClock.Instant?
    }

    /// Shows how things stand.
    func update(_ text: String) {
        state.withLock { state in
            if isTerminal {
                let padding = String(repeating: " ", count: max(0, state.drawn - text.count))
                write("\r\(text)\(padding)")
                state.drawn = text.count
            } else if state.lastPlain.map({ $0.duration(to: .now) >= plainInterval }) ?? true {
                write(text + "\n")
                state.lastPlain = .now
            }
        }
    }

    /// Says something that stays.
    func say(_ text: String) {
        state.withLock { state in
            clear(&state)
            write(text + "\n")
        }
    }

    /// Removes the redrawn line.
    func finish() { state.withLock { clear(&$0) } }

    private func clear(_ state: inout State) {
        if isTerminal, state.drawn > 0 { write("\r" + String(repeating: " ", count: state.drawn) + "\r") }
        state.drawn = 0
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

/// `1:05` or `2:03:04`.
func clockText(seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0 else { return "?" }
    let total = Int(seconds.rounded(.up))
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
    return hours > 0
        ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
}

/// `17:04:59` where this program runs, of seconds since 1970.
func timeOfDay(_ seconds: Double) -> String {
    var time = time_t(seconds.isFinite ? max(0, min(seconds, 1e11)) : 0)
    var parts = tm()
    localtime_r(&time, &parts)
    return String(format: "%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec)
}

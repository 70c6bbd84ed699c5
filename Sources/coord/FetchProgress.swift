import Foundation
import Hub
import Synchronization
import Wording

/// Shows how a fetch goes on: a bar with rate and time left on a terminal, plain lines elsewhere.
final class FetchProgress: Sendable {
    private let line = ProgressLine()
    private let state = Mutex(State())

    private struct State {
        var size = 0
        /// What was there when the download began, which says nothing about its rate.
        var had = 0
        var began = ContinuousClock.now
        var drawn: ContinuousClock.Instant?
    }

    private static let interval: Duration = .milliseconds(100)

    func show(_ event: FetchEvent) {
        switch event {
        case .note(let text): line.say(text)
        case .began(_, let size, let have):
            state.withLock { $0 = State(size: size, had: have) }
            if have > 0 { line.say("going on after \(byteText(have)) of \(byteText(size))") }
        case .received(let file, let have):
            if let text = state.withLock({ Self.text(file, have, &$0) }) { line.update(text) }
        case .rows(let benchmark, let have, let total): line.update("\(benchmark): \(have) of \(counted(total, "row"))")
        case .finished(let file):
            let size = state.withLock { $0.size }
            line.say("\(file): \(byteText(size)), checked")
        }
    }

    func say(_ text: String) { line.say(text) }

    func finish() { line.finish() }

    /// `model.safetensors [████······] 42 % of 5.4 GB, 45.1 MB/s, 1:05 left`; nil when it was drawn just now.
    private static func text(_ file: String, _ have: Int, _ state: inout State) -> String? {
        let now = ContinuousClock.now
        if (state.drawn ?? state.began).duration(to: now) < interval { return nil }
        state.drawn = now
        let (seconds, attoseconds) = state.began.duration(to: now).components
        let elapsed = max(1e-3, Double(seconds) + Double(attoseconds) * 1e-18)
        let rate = Double(have - state.had) / elapsed
        let share = Double(have) / Double(max(1, state.size))
        let width = 20
        let full = min(width, Int(share * Double(width)))
        let bar = String(repeating: "█", count: full) + String(repeating: "·", count: width - full)
        let left = clockText(seconds: Double(state.size - have) / max(rate, 1e-9))
        return
            "\(file) [\(bar)] \(Int(share * 100)) % of \(byteText(state.size)), \(byteText(Int(rate)))/s, \(left) left"
    }
}

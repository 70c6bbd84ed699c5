import Dispatch
import Foundation
import Synchronization

/// Turns signals into calls, instead of the process's death.
///
/// Invariant of the unchecked conformance: the sources are made in `init` and only cancelled in `deinit`.
public final class SignalSource: @unchecked Sendable {
    private let sources: [any DispatchSourceSignal]
    private let count = Atomic<Int>(0)

    /// What asks a process to end.
    public static let interrupts = [SIGINT, SIGTERM]

    /// - Parameter handler: called on a background queue with how many of the signals came so far.
    public init(_ numbers: [Int32], _ handler: @escaping @Sendable (_ times: Int) -> Void) {
        let queue = DispatchQueue(label: "molt.signals")
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for source in sources {
            source.setEventHandler { [weak self] in
                guard let self else { return }
                handler(count.add(1, ordering: .relaxed).newValue)
            }
            source.activate()
        }
    }

    deinit {
        for source in sources { source.cancel() }
    }
}

import Dispatch
import Foundation

/// Turns SIGHUP into a call.
///
/// Invariant of the unchecked conformance: the source is made in `init` and only cancelled in `deinit`.
public final class Reload: @unchecked Sendable {
    private let source: any DispatchSourceSignal

    public init(_ handler: @escaping @Sendable () -> Void) {
        signal(SIGHUP, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: DispatchQueue(label: "molt.reload"))
        source.setEventHandler(handler: handler)
        source.activate()
    }

    deinit { source.cancel() }
}

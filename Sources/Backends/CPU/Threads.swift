import Dispatch
import Synchronization

extension CPUBackend {
    /// Floats below which a second thread costs more than it brings.
    private static let worthAThread = 1 << 15

    private static let rangesPerThread = 4

    /// Runs `body` over contiguous ranges that together are 0..<count, on as many threads as `work` floats are worth.
    ///
    /// There are more ranges than threads, and a thread that is done takes the next, so that one which something else
    /// holds up does not hold up all. Which range an index falls into never reaches a result. `body` runs on several threads at once, and writes only
    /// what belongs to its range.
    func split(_ count: Int, work: Int, _ body: (Range<Int>) -> Void) {
        let parts = min(threads, count, max(1, work / Self.worthAThread))
        guard parts > 1 else {
            if count > 0 { body(0..<count) }
            return
        }
        withoutActuallyEscaping(body) { body in
            let shared = Shared(body: body)
            let ranges = min(count, parts * Self.rangesPerThread)
            let next = Atomic(0)
            DispatchQueue.concurrentPerform(iterations: parts) { _ in
                while true {
                    let range = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard range < ranges else { return }
                    shared.body(count * range / ranges..<count * (range + 1) / ranges)
                }
            }
        }
    }

    /// Work on disjoint ranges of C memory, which the compiler cannot see to be disjoint.
    private struct Shared: @unchecked Sendable {
        let body: (Range<Int>) -> Void
    }

    /// Splits channels 0..<count where vectors of channels begin.
    func splitChannels(_ count: Int, work: Int, _ body: (Range<Int>) -> Void) {
        let lanes = Self.channelLanes
        split((count + lanes - 1) / lanes, work: work) { blocks in
            body(blocks.lowerBound * lanes..<min(count, blocks.upperBound * lanes))
        }
    }
}

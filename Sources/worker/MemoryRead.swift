import Dispatch
import Foundation

/// How fast memory is read.
enum MemoryRead {
    private static let vectors = 1 << 22  // of 64 bytes

    /// The best of three passes over 256 MiB, far more than a cache holds.
    static func bytesPerSecond(threads: Int) -> Double {
        let memory = [SIMD8<UInt64>](repeating: SIMD8(repeating: 1), count: vectors)
        return memory.withUnsafeBufferPointer { memory in
            let shared = Shared(memory: memory)
            let seconds = (0..<3).map { _ in
                let start = ContinuousClock.now
                DispatchQueue.concurrentPerform(iterations: threads) { part in
                    let end = vectors * (part + 1) / threads
                    var sums = (SIMD8<UInt64>(), SIMD8<UInt64>(), SIMD8<UInt64>(), SIMD8<UInt64>())
                    for place in stride(from: vectors * part / threads, to: end - 3, by: 4) {
                        sums.0 &+= shared.memory[place]
                        sums.1 &+= shared.memory[place + 1]
                        sums.2 &+= shared.memory[place + 2]
                        sums.3 &+= shared.memory[place + 3]
                    }
                    precondition((sums.0 &+ sums.1 &+ sums.2 &+ sums.3).wrappedSum() > 0)
                }
                return start.duration(to: .now) / .seconds(1)
            }
            return Double(vectors * 64) / (seconds.min() ?? .infinity)
        }
    }

    private struct Shared: @unchecked Sendable {
        let memory: UnsafeBufferPointer<SIMD8<UInt64>>
    }
}

import Foundation

/// What this process has had in memory.
enum ResidentMemory {
    /// The most bytes that were resident so far, as the kernel counts them.
    static var peakBytes: Int {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return usage.ru_maxrss * 1024
    }
}

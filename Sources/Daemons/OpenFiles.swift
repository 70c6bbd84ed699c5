import Foundation
import Synchronization

/// The descriptors that this process may have. Every connection takes one, and the kernel refuses more.
public final class OpenFiles: Sendable {
    /// Closed for a moment when something must be opened although connections have taken all others.
    private let reserve = Mutex<[Int32]>([])
    /// The most that this process may have.
    public let limit: Int

    /// Raises the soft limit to the hard one, and sets some descriptors aside.
    public init(reserving count: Int = 16) {
        var limits = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        if limits.rlim_cur < limits.rlim_max {
            limits.rlim_cur = limits.rlim_max
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        }
        limit = Int(clamping: limits.rlim_cur)
        reserve.withLock { $0 = Self.take(count) }
    }

    deinit {
        reserve.withLock { held in
            for descriptor in held { close(descriptor) }
        }
    }

    /// Whether fewer than 64 descriptors, or 2 % of them, are left: libzmq then accepts no more connections.
    public var isNearLimit: Bool {
        let next = fcntl(0, F_DUPFD_CLOEXEC, 0)
        guard next >= 0 else { return true }
        close(next)
        return limit - Int(next) < max(64, limit / 50)
    }

    /// Opens something with the descriptors that were set aside.
    public func lend<Result>(_ body: () throws -> Result) rethrows -> Result {
        let count = reserve.withLock { held in
            for descriptor in held { close(descriptor) }
            defer { held = [] }
            return held.count
        }
        defer { reserve.withLock { $0 = Self.take(count) } }
        return try body()
    }

    private static func take(_ count: Int) -> [Int32] {
        (0..<count).map { _ in open("/dev/null", O_RDONLY | O_CLOEXEC) }.filter { $0 >= 0 }
    }
}

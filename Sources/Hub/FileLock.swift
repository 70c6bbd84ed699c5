import Foundation

/// A lock that one holder has at a time, among threads and processes; it goes with its owner.
final class FileLock {
    private let descriptor: Int32

    /// Waits for the lock.
    ///
    /// - Parameter whenBusy: called once if another holds it.
    init(
        _ url: URL, patience: Patience, interruption: Interruption, whenBusy: () -> Void = {}
    ) throws(HubError) {
        let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Disk.failure("write", url) }
        self.descriptor = descriptor
        var isFirst = true
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw Disk.failure("lock", url) }
            if isFirst { whenBusy() }
            isFirst = false
            try patience.wait(.milliseconds(100), interruption)
        }
    }

    deinit { close(descriptor) }
}

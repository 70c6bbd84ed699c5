import Foundation

/// The right to write a store: an exclusive `flock` on a file beside it, which the kernel drops when the process ends.
///
/// The lock file stays behind, so that two processes never lock two different files of one name.
final class StoreLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock, or names the process that has it.
    init(store path: String) throws(StoreError) {
        let lockPath = path + ".lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .notWritable(path: path, detail: "lock file: " + String(cString: strerror(errno)))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let holder = StoreLock.read(descriptor)
            close(descriptor)
            guard reason == EWOULDBLOCK else {
                throw .notWritable(path: path, detail: "lock file: " + String(cString: strerror(reason)))
            }
            throw .inUse(path: path, holder: holder)
        }
        let mark = Array("process \(getpid()) on \(ProcessInfo.processInfo.hostName)".utf8)
        ftruncate(descriptor, 0)
        _ = mark.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        self.descriptor = descriptor
    }

    /// The process that holds the lock of a store; nil if nobody does. Takes no lock, not even for a moment.
    static func holder(store path: String) -> String? {
        var facts = stat()
        guard stat(path + ".lock", &facts) == 0, let locks = try? String(contentsOfFile: "/proc/locks", encoding: .utf8)
        else { return nil }
        let isHeld = locks.split(separator: "\n").contains { line in
            let words = line.split(separator: " ")
            return words.contains("FLOCK") && words.contains { $0.hasSuffix(":\(facts.st_ino)") }
        }
        guard isHeld, let mark = try? String(contentsOfFile: path + ".lock", encoding: .utf8) else { return nil }
        return mark
    }

    /// Gives the lock up before the process ends.
    func release() { flock(descriptor, LOCK_UN) }

    deinit { close(descriptor) }

    private static func read(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : "another process"
    }
}

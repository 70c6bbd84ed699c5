import Foundation

/// The right to write a store: an exclusive `flock` on a file beside it, which the kernel drops when the process ends.
///
/// The lock file stays behind, so that two processes never lock two different files of one name. Who holds it cannot be
/// asked of `flock`, so the holder has an open file description lock (fcntl(2)) on it too, which can be.
final class StoreLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock, or names the process that has it.
    init(store path: String) throws(StoreError) {
        let lockPath = path + ".lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let reason = errno
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            guard FileManager.default.fileExists(atPath: folder) else {
                throw .missingFolder(path: path, folder: folder)
            }
            throw .notWritable(path: path, detail: "lock file: " + String(cString: strerror(reason)))
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
        var record = Self.wholeFile
        _ = fcntl(descriptor, Self.setLock, &record)
        let mark = Array("process \(getpid()) on \(ProcessInfo.processInfo.hostName)".utf8)
        ftruncate(descriptor, 0)
        _ = mark.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        self.descriptor = descriptor
    }

    /// The process that holds the lock of a store; nil if nobody does. Takes no lock, not even for a moment.
    static func holder(store path: String) -> String? {
        let descriptor = open(path + ".lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var record = wholeFile
        guard fcntl(descriptor, getLock, &record) == 0, record.l_type != Int16(F_UNLCK) else { return nil }
        return read(descriptor)
    }

    /// Gives the lock up before the process ends.
    func release() {
        var record = Self.wholeFile
        record.l_type = Int16(F_UNLCK)
        _ = fcntl(descriptor, Self.setLock, &record)
        flock(descriptor, LOCK_UN)
    }

    deinit { close(descriptor) }

    /// F_OFD_GETLK and F_OFD_SETLK, which Glibc's module does not export.
    private static let (getLock, setLock) = (Int32(36), Int32(37))

    private static var wholeFile: Glibc.flock {
        var record = Glibc.flock()
        record.l_type = Int16(F_WRLCK)
        record.l_whence = Int16(SEEK_SET)
        return record
    }

    private static func read(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : "another process"
    }
}

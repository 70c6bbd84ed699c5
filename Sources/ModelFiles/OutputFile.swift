import Foundation

/// A new file, written from front to back, with errors that name it.
final class OutputFile {
    private let path: String
    private let descriptor: Int32

    /// Creates the file; where its size is known, a disk without that much space is refused at once.
    init(_ url: URL, needing byteCount: Int = 0) throws(ModelFileError) {
        path = url.path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(path) }
        var disk = statvfs()
        guard fstatvfs(descriptor, &disk) == 0 else { return }
        let free = Int(disk.f_bavail) * Int(disk.f_frsize)
        guard byteCount <= free else {
            throw ModelFileError(
                file: path, reason: "needs \(byteCount) bytes, but the disk has \(free) bytes free")
        }
    }

    deinit { Foundation.close(descriptor) }

    func write(_ bytes: [UInt8]) throws(ModelFileError) {
        let isWritten = bytes.withUnsafeBytes { buffer in
            var position = 0
            while position < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[position...])
                let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
                guard count > 0 || errno == EINTR else { return false }
                position += max(0, count)
            }
            return true
        }
        guard isWritten else { throw Self.failure(path) }
    }

    /// Waits until the content is on the disk.
    func close() throws(ModelFileError) {
        guard fsync(descriptor) == 0 else { throw Self.failure(path) }
    }

    static func failure(_ path: String) -> ModelFileError {
        ModelFileError(file: path, reason: "cannot be written: \(String(cString: strerror(errno)))")
    }
}

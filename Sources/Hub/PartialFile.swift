import Foundation

/// A file that grows at its end and outlives a process that is killed.
final class PartialFile {
    let url: URL
    private let descriptor: Int32
    /// Bytes in it.
    private(set) var count: Int

    /// Opens the file, with what an earlier process left in it.
    init(_ url: URL) throws(HubError) {
        self.url = url
        let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Disk.failure("write", url) }
        self.descriptor = descriptor
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            close(descriptor)
            throw Disk.failure("read", url)
        }
        count = Int(status.st_size)
    }

    deinit { close(descriptor) }

    func append(_ bytes: UnsafeRawBufferPointer) throws(HubError) {
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(count))
            guard written >= 0 || errno == EINTR else { throw Disk.failure("write", url) }
            position += max(0, written)
            count += max(0, written)
        }
    }

    func clear() throws(HubError) {
        guard count > 0 else { return }
        guard ftruncate(descriptor, 0) == 0 else { throw Disk.failure("write", url) }
        count = 0
    }

    /// Waits until the content is on the disk.
    func synchronize() throws(HubError) {
        guard fsync(descriptor) == 0 else { throw Disk.failure("write", url) }
    }

    /// Calls `body` with the content, a piece after the other.
    func read(_ body: (UnsafeRawBufferPointer) throws(HubError) -> Void) throws(HubError) {
        try Self.read(descriptor, url, body)
    }

    static func read(_ url: URL, _ body: (UnsafeRawBufferPointer) throws(HubError) -> Void) throws(HubError) {
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Disk.failure("read", url) }
        defer { close(descriptor) }
        try read(descriptor, url, body)
    }

    private static func read(
        _ descriptor: Int32, _ url: URL, _ body: (UnsafeRawBufferPointer) throws(HubError) -> Void
    ) throws(HubError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var position = 0
        while true {
            let got = pread(descriptor, buffer.baseAddress, buffer.count, off_t(position))
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Disk.failure("read", url) }
            guard got > 0 else { return }
            position += got
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
        }
    }
}

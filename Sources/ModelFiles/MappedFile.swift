import Foundation

/// A file mapped read-only into memory, for as long as the value is referenced.
///
/// Pages are shared with every process that maps the same file. A file that is shortened while it is mapped is
/// outside what this type can guard against: replace model files, do not rewrite them.
final class MappedFile: @unchecked Sendable {  // The mapping is immutable after `init`.
    let path: String
    let bytes: UnsafeRawBufferPointer

    init(_ url: URL) throws(ModelFileError) {
        path = url.path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)  // A named pipe must not block.
        guard descriptor >= 0 else {
            throw ModelFileError(file: path, reason: "cannot be opened: \(Self.lastError())")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw ModelFileError(file: path, reason: "cannot be read: \(Self.lastError())")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ModelFileError(file: path, reason: "is not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else { throw ModelFileError(file: path, reason: "is empty") }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw ModelFileError(file: path, reason: "cannot be mapped into memory: \(Self.lastError())")
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }

    /// Lets go of the memory that reading a range has taken; reading it again brings it back from the file.
    func release(_ range: Range<Int>) {
        let page = Int(getpagesize())
        let first = range.lowerBound / page * page
        guard let start = bytes.baseAddress, first < range.upperBound else { return }
        madvise(UnsafeMutableRawPointer(mutating: start + first), range.upperBound - first, MADV_DONTNEED)
    }

    private static func lastError() -> String { String(cString: strerror(errno)) }
}

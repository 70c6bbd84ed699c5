import Foundation

/// The few things that the cache does to a disk, with errors that say what to do.
enum Disk {
    /// The error for what `errno` says now.
    static func failure(_ verb: String, _ url: URL) -> HubError {
        let code = errno
        let path = url.path
        switch code {
        case ENOSPC, EDQUOT, EFBIG:
            let free = freeBytes(url).map { ", where \(byteText($0)) are free" } ?? ""
            return HubError(
                .disk,
                "cannot \(verb) \(path)\(free): \(String(cString: strerror(code))); make room, or move the cache with "
                    + "MOLT_CACHE or --cache")
        case EACCES, EPERM, EROFS, ENOTDIR:
            return HubError(
                .disk,
                "cannot \(verb) \(path): \(String(cString: strerror(code))); choose a folder that you may write with "
                    + "MOLT_CACHE or --cache")
        default:
            return HubError(.disk, "cannot \(verb) \(path): \(String(cString: strerror(code)))")
        }
    }

    static func makeFolder(_ url: URL) throws(HubError) {
        guard mkdir(url.path, 0o755) != 0, errno != EEXIST else { return }
        guard errno == ENOENT, url.pathComponents.count > 1 else { throw failure("make", url) }
        try makeFolder(url.deletingLastPathComponent())
        guard mkdir(url.path, 0o755) == 0 || errno == EEXIST else { throw failure("make", url) }
    }

    /// Free bytes of the disk that a path is on, or will be.
    static func freeBytes(_ url: URL) -> Int? {
        var disk = statvfs()
        var place = url
        while statvfs(place.path, &disk) != 0 {
            guard place.pathComponents.count > 1 else { return nil }
            place.deleteLastPathComponent()
        }
        return Int(disk.f_bavail) * Int(disk.f_frsize)
    }

    /// Writes a small file that appears whole or not at all.
    static func write(_ data: Data, to url: URL) throws(HubError) {
        try makeFolder(url.deletingLastPathComponent())
        let partial = url.deletingLastPathComponent().appendingPathComponent(".\(UUID().uuidString)")
        defer { unlink(partial.path) }
        let file = try PartialFile(partial)
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 1)
        defer { bytes.deallocate() }
        bytes.copyBytes(from: data)
        try file.append(UnsafeRawBufferPointer(bytes))
        try file.synchronize()
        guard rename(partial.path, url.path) == 0 else { throw failure("write", url) }
    }

    /// Waits until a folder's entries are on the disk.
    static func synchronize(folder: URL) throws(HubError) {
        let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("write", folder) }
    }

    /// A file's length; nil where there is no such file.
    static func size(_ url: URL) -> Int? {
        var status = stat()
        return stat(url.path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }
}

/// `1.4 GB`, in powers of ten.
public func byteText(_ count: Int) -> String {
    if count < 1000 { return "\(count) bytes" }
    var value = Double(count) / 1000
    for unit in ["kB", "MB", "GB"] {
        if value < 999.95 { return String(format: "%.1f ", value) + unit }
        value /= 1000
    }
    return String(format: "%.1f TB", value)
}

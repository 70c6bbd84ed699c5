import Foundation
import Messaging

/// The file of admitted keys, read again when it has changed and stays as it is for a moment.
struct KeysFile {
    /// What tells one content of a file from another.
    private struct Stamp: Equatable {
        let device, inode, size, seconds, nanoseconds: Int64
    }

    /// What looking at the file brought.
    enum Change {
        case none
        case read(AuthorizedKeys)
        case unreadable(String)
    }

    let path: String
    private var known: Stamp?
    private var seen: Stamp?

    /// The file as it is now counts as read.
    init(_ path: String) {
        self.path = path
        known = Self.stamp(path)
        seen = known
    }

    /// Looks at the file. An editor may be writing it, so a change counts when two looks find the same one.
    mutating func look() -> Change {
        let now = Self.stamp(path)
        defer { seen = now }
        guard now != known, now == seen else { return .none }
        known = now
        return read()
    }

    /// Reads the file, changed or not.
    mutating func readNow() -> Change {
        known = Self.stamp(path)
        return read()
    }

    private func read() -> Change {
        do {
            return .read(try AuthorizedKeys(contentsOf: path))
        } catch {
            return .unreadable("\(error)")
        }
    }

    private static func stamp(_ path: String) -> Stamp? {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        return Stamp(
            device: Int64(truncatingIfNeeded: facts.st_dev), inode: Int64(truncatingIfNeeded: facts.st_ino),
            size: Int64(facts.st_size), seconds: Int64(facts.st_mtim.tv_sec), nanoseconds: Int64(facts.st_mtim.tv_nsec))
    }
}

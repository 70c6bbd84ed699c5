import Foundation

/// Where the processes of one user say that they hold packed weights: a small file a key, in a folder that nobody else
/// may enter, locked while one of them looks, or packs.
///
/// The file names processes and their descriptors, and may be wrong: of what it names nothing is believed that the
/// descriptor itself does not show.
struct WeightRegistration: Sendable {
    /// A process, and its descriptor of the weights.
    struct Holder: Equatable {
        var process: Int32
        var file: Int32
    }

    private let folder: String
    private let path: String

    /// The entry of a key; nil where there is no folder of this user's alone to keep it in.
    init?(_ key: String, in folder: URL) {
        guard Self.isPrivate(folder.path) else { return nil }
        self.folder = folder.path
        path = folder.appendingPathComponent(key).path
    }

    /// Those that say they hold the weights, the oldest first.
    func holders(_ lock: borrowing Lock) -> [Holder] {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let numbers = line.split(separator: " ").compactMap { Int32($0) }
            guard numbers.count == 2, numbers[0] > 0, numbers[1] >= 0 else { return nil }
            return Holder(process: numbers[0], file: numbers[1])
        }
    }

    /// Replaces the list; without holders there is no file.
    func write(_ holders: [Holder], _ lock: borrowing Lock) {
        if holders.isEmpty {
            unlink(path)
            rmdir(folder)  // unless it holds other entries
        } else {
            let text = holders.map { "\($0.process) \($0.file)\n" }.joined()
            lock.replaceContent(with: text)
        }
    }

    /// Takes this process's descriptor off the list, and those of processes that are gone.
    func end(_ file: Int32) {
        guard let lock = lock(patience: .milliseconds(200)) else { return }
        let left = holders(lock).filter { holder in
            holder != Holder(process: getpid(), file: file) && (kill(holder.process, 0) == 0 || errno == EPERM)
        }
        write(left, lock)
    }

    // MARK: The lock

    /// The only one that looks at the entry, until it ends.
    struct Lock: ~Copyable {
        fileprivate let file: Int32

        fileprivate func replaceContent(with text: String) {
            let bytes = Array(text.utf8)
            guard ftruncate(file, 0) == 0, pwrite(file, bytes, bytes.count, 0) == bytes.count else {
                _ = ftruncate(file, 0)
                return
            }
        }

        deinit { close(file) }
    }

    /// Waits until no other process looks or packs; nil after some patience, or where there can be no lock.
    func lock(patience: Duration) -> Lock? {
        let end = ContinuousClock.now + patience
        while true {
            // Whoever was the last may just have removed the folder.
            guard Self.isPrivate(folder) else { return nil }
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if file < 0, errno == ENOENT, ContinuousClock.now < end { continue }
            guard file >= 0 else { return nil }
            if flock(file, LOCK_EX | LOCK_NB) == 0 {
                if isStill(file) { return Lock(file: file) }
                close(file)
                continue
            }
            close(file)
            guard ContinuousClock.now < end else { return nil }
            usleep(20_000)
        }
    }

    /// Whether the file that was opened is the one that has the name now.
    private func isStill(_ file: Int32) -> Bool {
        var (opened, named) = (stat(), stat())
        return fstat(file, &opened) == 0 && lstat(path, &named) == 0 && opened.st_ino == named.st_ino
            && opened.st_dev == named.st_dev
    }

    // MARK: The folder

    /// Makes the folder where there is none; whether only this user may enter it.
    private static func isPrivate(_ path: String) -> Bool {
        _ = mkdir(path, 0o700)
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
            && status.st_mode & 0o077 == 0
    }
}

import Foundation
import Hashing

/// Hashes of checkpoints that were read before, each kept with the state that the files were in.
///
/// A hash is taken from here only if no weight file has another device, inode, length, time of modification or time of
/// change since, by which build tools and version control tell what to read again, and config.json has the same
/// content. A file that changed shortly before it was read is not noted, for a clock's tick could hide a second change.
/// Whoever may write into the folder may as well replace the program; losing the folder costs a reading.
///
/// File format: for each checkpoint's folder a file named by the SHA-256 of the folder's path, with two lines: the
/// SHA-256 of the files' state, and the checkpoint's.
public struct KnownHashes: Sendable {
    /// Where they are kept; it need not exist.
    public let folder: URL
    private let settledAfter: TimeInterval

    /// - Parameter settledAfter: seconds since its last change after which a file counts as finished.
    public init(folder: URL, settledAfter: TimeInterval = 2) {
        self.folder = folder
        self.settledAfter = settledAfter
    }

    /// The hash of a checkpoint in this state, where it was noted.
    fileprivate func hash(of checkpoint: URL, in state: State) -> String? {
        guard let text = try? String(contentsOf: entry(checkpoint), encoding: .utf8) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count == 3, lines[0] == state.sha256, lines[1].count == 64 else { return nil }
        return lines[1]
    }

    /// Notes a hash, if the files were finished when they were read. Where nothing can be written, nothing is noted.
    fileprivate func note(_ sha256: String, of checkpoint: URL, in state: State, readAt time: TimeInterval) {
        guard time - state.changed >= settledAfter else { return }
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try? Data("\(state.sha256)\n\(sha256)\n".utf8).write(to: entry(checkpoint), options: .atomic)
    }

    private func entry(_ checkpoint: URL) -> URL {
        folder.appendingPathComponent(Hashing.sha256(checkpoint.standardizedFileURL.path))
    }

    /// What changes when a checkpoint's files do.
    fileprivate struct State: Equatable {
        /// Of a line a file.
        let sha256: String
        /// When the last file changed, in seconds since 1970.
        let changed: TimeInterval

        /// - Returns: nil where a file is gone.
        init?(_ files: [URL], configuration: [UInt8]) {
            var text = "configuration \(Hashing.sha256(configuration))\n"
            var changed = 0.0
            for file in files {
                var status = stat()
                guard stat(file.path, &status) == 0 else { return nil }
                let times = [status.st_mtim, status.st_ctim]
                text += "\(file.lastPathComponent) \(status.st_dev) \(status.st_ino) \(status.st_size)"
                for time in times {
                    text += " \(time.tv_sec).\(time.tv_nsec)"
                    changed = max(changed, Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
                }
                text += "\n"
            }
            sha256 = Hashing.sha256(text)
            self.changed = changed
        }
    }
}

extension Checkpoint {
    /// ``sha256()``, from what is known of these files where they have not changed since they were last read.
    ///
    /// - Parameter known: nil to read them in any case.
    public func sha256(known: KnownHashes?) throws(ModelFileError) -> String {
        guard let known, let configurationBytes, let folder = files.first?.deletingLastPathComponent(),
            let state = KnownHashes.State(files, configuration: configurationBytes)
        else { return try sha256() }
        if let hash = known.hash(of: folder, in: state) { return hash }
        let start = Date().timeIntervalSince1970
        let hash = try sha256()
        if KnownHashes.State(files, configuration: configurationBytes) == state {
            known.note(hash, of: folder, in: state, readAt: start)
        }
        return hash
    }
}

import Cluster
import Foundation
import Hashing
import Messaging
import Wording

/// A worker's unacknowledged rows on disk, so that they survive the worker. Used by one thread.
///
/// A batch is in the file before it is first sent, and struck off when it is acknowledged. Nothing is synced to the
/// device: the kernel keeps what a killed process wrote, and rows that a power loss takes are computed again. Where the
/// disk is full or cannot be written, the worker goes on with its rows in memory, says so once, and tries again.
public final class WorkerSpool {
    /// The folder of one key.
    public let folder: URL
    /// What earlier lives left, oldest first.
    public private(set) var recovered: [SpooledBatch] = []
    /// Bytes that the file has now.
    public private(set) var fileBytes = 0

    private static let secondsToLive = 24.0 * 3600
    private static let secondsBetweenAttempts = 30.0
    private static let compactionBytes = 1 << 20

    private let engine: EngineIdentity
    private let limitBytes: Int
    private let now: () -> Double
    private let note: (String) -> Void
    private var lock: Int32 = -1
    private var file: Int32 = -1
    /// Where the batches stand that are not struck off.
    private var live: [Name: Range<Int>] = [:]
    private var liveBytes = 0
    /// Set while the disk does not do: why, and when it was last tried.
    private var failure: (reason: String, at: Double)?

    private struct Name: Hashable {
        let lease: LeaseName
        let batch: UInt64
    }

    /// Opens the spool of a key, and reads what is in it. Throws only when another worker has it open.
    ///
    /// - Parameters:
    ///   - engine: who computes now. Rows of another engine are not delivered: they would be taken for this one's.
    ///   - limitBytes: what the file may have at most; beyond it is as on a full disk.
    ///   - now: the wall clock, seconds since 1970.
    ///   - note: told in a sentence of what an operator should know.
    public init(
        in root: URL, key: CurvePublicKey, engine: EngineIdentity, limitBytes: Int = 512 << 20,
        now: @escaping () -> Double = { Date().timeIntervalSince1970 }, note: @escaping (String) -> Void
    ) throws {
        folder = root.appendingPathComponent(hexadecimal(key.bytes))
        self.engine = engine
        self.limitBytes = limitBytes
        self.now = now
        self.note = note
        do {
            try open()
        } catch let error as SpoolError {
            if case .inUse = error { throw error }
            failed("\(error)")
        }
    }

    deinit { closeFiles() }

    /// `$XDG_STATE_HOME/molt/spool`, or `~/.local/state/molt/spool`.
    public static var standard: URL {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["HOME"] ?? NSHomeDirectory()
        let state = environment["XDG_STATE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(home)/.local/state"
        return URL(fileURLWithPath: "\(state)/molt/spool")
    }

    /// Writes a batch.
    public func keep(_ batch: SpooledBatch) {
        attempt {
            let bytes = try SpoolJournal.encode(.kept(batch, engine: engine, at: now()))
            try append(bytes)
            live[Name(lease: batch.lease, batch: batch.number)] = (fileBytes - bytes.count)..<fileBytes
            liveBytes += bytes.count
        }
    }

    /// Strikes a batch off; it may be unknown.
    public func discard(_ lease: LeaseName, batch: UInt64) {
        guard let range = live.removeValue(forKey: Name(lease: lease, batch: batch)) else { return }
        liveBytes -= range.count
        attempt {
            if live.isEmpty {
                try cut(to: 0)
            } else {
                try append(SpoolJournal.encode(.struck(lease, batch: batch)))
                if fileBytes > max(Self.compactionBytes, 4 * liveBytes) { try compact() }
            }
        }
    }

    /// Closes the spool, and removes its files if nothing waits in them.
    public func close() {
        if file >= 0, live.isEmpty {
            unlink(path("rows"))
            unlink(path("lock"))
            rmdir(folder.path)
        }
        closeFiles()
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// Does something with the file; after a failure only now and then.
    private func attempt(_ body: () throws -> Void) {
        do {
            if let failure {
                guard now() - failure.at >= Self.secondsBetweenAttempts || now() < failure.at else { return }
                if file < 0 { try open() }
                // What happened meanwhile is not in the file.
                try compact()
                self.failure = nil
                note("the spool in \(folder.path) can be written again")
            }
            try body()
        } catch {
            failed("\(error)")
        }
    }

    private func failed(_ reason: String) {
        if failure == nil {
            note(
                """
                rows that wait for their acknowledgement are in memory only, and computed again if this worker is killed: \
                \(reason); free space there, or choose another folder with --spool
                """)
        }
        failure = (reason, now())
    }
}

/// The files.
extension WorkerSpool {
    private func open() throws {
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path)
        } catch {
            throw SpoolError.unusable(path: folder.path, reason: (error as NSError).localizedDescription)
        }
        try takeLock()
        do {
            file = Glibc.open(path("rows"), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else { throw SpoolError.last(path("rows")) }
            try read()
        } catch {
            closeFiles()
            throw error
        }
    }

    /// Locks the folder for this process, as long as it lives.
    private func takeLock() throws {
        while true {
            let descriptor = Glibc.open(path("lock"), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw SpoolError.last(path("lock")) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                defer { Glibc.close(descriptor) }
                if errno == EWOULDBLOCK { throw SpoolError.inUse(path: folder.path) }
                throw SpoolError.last(path("lock"))
            }
            var (ours, there) = (stat(), stat())
            if fstat(descriptor, &ours) == 0, stat(path("lock"), &there) == 0, ours.st_ino == there.st_ino {
                lock = descriptor
                return
            }
            // The last holder removed it in the meantime.
            Glibc.close(descriptor)
        }
    }

    /// Reads what is there, and leaves a file of whole, wanted records.
    private func read() throws {
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw SpoolError.unusable(path: path("rows"), reason: "not a regular file")
        }
        fileBytes = Int(facts.st_size)
        let contents = SpoolJournal.read(try bytes(in: 0..<min(fileBytes, 2 * limitBytes)))
        var order: [Name] = []
        var kept: [Name: (batch: SpooledBatch, engine: EngineIdentity, range: Range<Int>, at: Double)] = [:]
        for entry in contents.entries {
            switch entry.record {
            case .kept(let batch, let engine, let time):
                let name = Name(lease: batch.lease, batch: batch.number)
                if kept.updateValue((batch, engine, entry.range, time), forKey: name) == nil { order.append(name) }
            case .struck(let lease, let batch): kept[Name(lease: lease, batch: batch)] = nil
            }
        }
        let waiting = order.compactMap { name in kept.removeValue(forKey: name).map { (name, $0) } }
        let fresh = waiting.filter { abs(now() - $0.1.at) < Self.secondsToLive && $0.1.engine == engine }
        recovered = fresh.map(\.1.batch)
        live = Dictionary(fresh.map { ($0.0, $0.1.range) }) { first, _ in first }
        liveBytes = live.values.reduce(0) { $0 + $1.count }
        report(contents, dropped: waiting.count - fresh.count)
        if liveBytes != fileBytes { try live.isEmpty ? cut(to: 0) : compact() }
    }

    private func report(_ contents: SpoolJournal.Contents, dropped: Int) {
        if contents.damagedBytes > 0 {
            note(
                "cut \(counted(contents.damagedBytes, "damaged byte")) out of \(path("rows")); their rows are computed again"
            )
        }
        if dropped > 0 {
            note(
                "dropped \(counted(dropped, "batch", "batches")) in \(path("rows")): older than 24 h, or of another engine"
            )
        }
        if !recovered.isEmpty {
            let rows = recovered.reduce(0) { $0 + $1.rows.count }
            note("delivering \(counted(rows, "row")) that an earlier start of this worker left in \(path("rows"))")
        }
    }

    private func append(_ bytes: [UInt8]) throws {
        guard file >= 0 else { throw SpoolError.unusable(path: folder.path, reason: "not open") }
        guard fileBytes + bytes.count <= limitBytes else {
            throw SpoolError.unusable(path: path("rows"), reason: "has its most of \(limitBytes >> 20) MiB")
        }
        do {
            try write(bytes, to: file, at: fileBytes)
        } catch {
            ftruncate(file, off_t(fileBytes))
            throw error
        }
        fileBytes += bytes.count
    }

    private func cut(to length: Int) throws {
        guard ftruncate(file, off_t(length)) == 0 else { throw SpoolError.last(path("rows")) }
        fileBytes = length
    }

    /// Writes the live records into a new file, which takes the place of the old one.
    private func compact() throws {
        if live.isEmpty { return try cut(to: 0) }
        let new = Glibc.open(path("rows.new"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard new >= 0 else { throw SpoolError.last(path("rows.new")) }
        do {
            var (moved, end) = ([Name: Range<Int>](), 0)
            for (name, range) in live.sorted(by: { $0.value.lowerBound < $1.value.lowerBound }) {
                try write(try bytes(in: range), to: new, at: end)
                moved[name] = end..<(end + range.count)
                end += range.count
            }
            guard rename(path("rows.new"), path("rows")) == 0 else { throw SpoolError.last(path("rows")) }
            Glibc.close(file)
            (file, live, fileBytes, liveBytes) = (new, moved, end, end)
        } catch {
            Glibc.close(new)
            unlink(path("rows.new"))
            throw error
        }
    }

    private func bytes(in range: Range<Int>) throws -> [UInt8] {
        var failure: SpoolError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            while count < range.count, let start = buffer.baseAddress {
                let part = pread(file, start + count, range.count - count, off_t(range.lowerBound + count))
                if part < 0, errno == EINTR { continue }
                if part < 0 { failure = SpoolError.last(path("rows")) }
                if part <= 0 { return }
                count += part
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            let part = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            }
            if part < 0, errno == EINTR { continue }
            guard part > 0 else { throw SpoolError.last(path("rows")) }
            done += part
        }
    }

    private func closeFiles() {
        if file >= 0 { Glibc.close(file) }
        if lock >= 0 { Glibc.close(lock) }
        (file, lock) = (-1, -1)
    }
}

/// Why a spool cannot be used.
public enum SpoolError: Error, Equatable, CustomStringConvertible {
    /// Another process has it.
    case inUse(path: String)
    /// The folder or the file does not do.
    case unusable(path: String, reason: String)

    public var description: String {
        switch self {
        case .inUse(let path):
            """
            the spool \(path) is in use by another worker with the same key: stop that one, or give this one a key of its \
            own (coord keygen NAME) with --key
            """
        case .unusable(let path, let reason): "\(path): \(reason)"
        }
    }

    static func last(_ path: String) -> SpoolError {
        .unusable(path: path, reason: String(cString: strerror(errno)))
    }
}

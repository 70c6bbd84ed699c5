import Cluster
import GRDB

/// Why the results store could not do what was asked; each message names the file and the way out.
public enum StoreError: Error, Equatable, CustomStringConvertible {
    /// No store at this path.
    case missing(path: String)
    /// A SQLite database of another program, or no SQLite database at all.
    case foreign(path: String, detail: String)
    /// The store was written by a newer Molt.
    case newer(path: String, schema: Int, known: Int)
    /// The store's schema predates every schema that this build can migrate.
    case older(path: String, schema: Int, oldest: Int)
    /// The store has an older schema, which its next coordinator migrates; readers cannot.
    case unmigrated(path: String, schema: Int, current: Int)
    /// The tables are not those of the schema that the store says it has.
    case strangeSchema(path: String, schema: Int, lacks: String)
    /// The file is damaged.
    case corrupt(path: String, detail: String)
    /// Another process writes this store.
    case inUse(path: String, holder: String)
    /// The folder that the store would lie in is not there.
    case missingFolder(path: String, folder: String)
    /// The file or its folder cannot be written.
    case notWritable(path: String, detail: String)
    /// The file cannot be opened for reading.
    case notReadable(path: String, detail: String)
    /// The disk is full; the transaction was rolled back.
    case diskFull(path: String)
    /// The disk failed; what was not acknowledged must be taken as lost.
    case failedDisk(path: String, detail: String)
    /// Another connection held a lock for too long.
    case busy(path: String)
    /// The journal could not be put into WAL mode.
    case noWriteAheadLog(path: String, mode: String)
    /// No run of that name.
    case unknownRun(String, known: [String])
    /// A run of that name exists.
    case duplicateRun(String)
    /// The run cannot be resumed as it stands.
    case notResumable(String, state: RunState)
    /// The manifest contradicts itself.
    case manifest(run: String, detail: String)
    /// A stored value cannot be read.
    case unreadable(path: String, detail: String)
    /// SQLite refused a statement for a reason that no other case names.
    case refused(path: String, detail: String)

    public var description: String {
        switch self {
        case .missing(let path):
            "\(path): no such results store; give the path of an existing one with --store, or start a run to make it"
        case .foreign(let path, let detail):
            "\(path): not a Molt results store (\(detail)); choose another file with --store"
        case .newer(let path, let schema, let known):
            "\(path): written by a newer Molt (schema \(schema), this build knows up to \(known)); "
                + "use that version, or choose another file with --store"
        case .older(let path, let schema, let oldest):
            "\(path): schema \(schema) is older than any that this build can migrate (\(oldest)); "
                + "open it with the version that wrote it, or choose another file with --store"
        case .unmigrated(let path, let schema, let current):
            "\(path): schema \(schema); this build reads schema \(current), to which the next coordinator on it migrates "
                + "it: start `coord serve --store '\(path)'` once (copy the file first if an older version must read it)"
        case .strangeSchema(let path, let schema, let lacks):
            "\(path): says that it has schema \(schema), but lacks \(lacks): it was made by a build between releases, "
                + "or changed by another program; read it with the build that made it, and choose another file with "
                + "--store: what has an equal job there is computed anew"
        case .corrupt(let path, let detail):
            "\(path): the database is damaged (\(detail)); stop every process that uses it, then restore a copy, "
                + "or save what is left with: sqlite3 '\(path)' .recover | sqlite3 rescued.sqlite"
        case .inUse(let path, let holder):
            "\(path): in use by \(holder); a store has exactly one coordinator: stop that one, submit to it, "
                + "or choose another file with --store"
        case .missingFolder(let path, let folder):
            "\(path): there is no folder '\(folder)'; make it with mkdir -p, or choose another file with --store"
        case .notWritable(let path, let detail):
            "\(path): cannot be written (\(detail)); check the permissions of the file and its folder and that the "
                + "file system is not mounted read-only, or choose another file with --store"
        case .notReadable(let path, let detail):
            "\(path): cannot be opened for reading (\(detail)); SQLite needs to make files beside it, so copy it, "
                + "with its -wal file if there is one, to a folder where you may write"
        case .diskFull(let path):
            "\(path): the disk is full; nothing acknowledged is lost: free space in that folder and start again"
        case .failedDisk(let path, let detail):
            "\(path): the disk failed (\(detail)); check the device and its mount, then start again: "
                + "what was acknowledged is recovered from the write-ahead log"
        case .busy(let path):
            "\(path): another process keeps the database locked; close other programs that have it open"
        case .noWriteAheadLog(let path, let mode):
            "\(path): the journal stays in mode '\(mode)' instead of 'wal'; put the store on a local file system"
        case .unknownRun(let run, let known):
            "no run '\(run)' in this store; known: \(known.isEmpty ? "none" : known.joined(separator: ", "))"
        case .duplicateRun(let run):
            "a run '\(run)' already exists in this store; submit under another name"
        case .notResumable(let run, .running):
            "run '\(run)' is going on already; see it with coord status, or stop it with coord cancel"
        case .notResumable(let run, let state):
            "run '\(run)' is \(state.rawValue): nothing of it is missing; to compute it anew, submit its job with --fresh"
        case .manifest(let run, let detail):
            "run '\(run)': \(detail)"
        case .unreadable(let path, let detail):
            "\(path): \(detail); the file was changed by something other than Molt"
        case .refused(let path, let detail):
            "\(path): SQLite refused a statement (\(detail))"
        }
    }
}

extension StoreError {
    /// Whether a store that met this must not be used any more.
    var isFinal: Bool {
        switch self {
        case .failedDisk, .corrupt: true
        default: false
        }
    }

    /// SQLite's result code as the user's problem.
    init(_ error: DatabaseError, path: String) {
        let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_NOTADB: self = .foreign(path: path, detail: "no SQLite database")
        case .SQLITE_CORRUPT: self = .corrupt(path: path, detail: detail)
        // Beside the file there is no room for the memory that its connections share.
        case _ where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE: self = .diskFull(path: path)
        case .SQLITE_FULL: self = .diskFull(path: path)
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_CANTOPEN:
            self = .notWritable(path: path, detail: detail)
        case .SQLITE_IOERR:
            self = .failedDisk(path: path, detail: "\(detail), code \(error.extendedResultCode.rawValue)")
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL: self = .busy(path: path)
        default: self = .refused(path: path, detail: detail)
        }
    }

    /// Runs `body`, turning SQLite's errors into the store's.
    static func translating<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw StoreError(error, path: path)
        }
    }
}

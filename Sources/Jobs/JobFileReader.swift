import Benchmarks
import Foundation
import Mamba
import Yams

extension JobFile {
    /// Reads a job file; relative paths are relative to its folder.
    ///
    /// - Throws: `JobFileError`, naming file and line.
    public init(contentsOf url: URL) throws {
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            throw JobFileError(file: url.relativePath, line: nil, message: "cannot be read: \(reason(of: error))")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw JobFileError(file: url.relativePath, line: nil, message: "is not UTF-8 text")
        }
        try self.init(yaml: text, file: url.relativePath, folder: url.absoluteURL.deletingLastPathComponent())
    }

    /// Reads a job from text.
    ///
    /// - Parameters:
    ///   - file: what messages call it.
    ///   - folder: where relative paths start.
    public init(yaml text: String, file: String, folder: URL) throws {
        guard text.utf8.count <= Self.maximumBytes else {
            throw JobFileError(file: file, line: nil, message: "is larger than \(Self.maximumBytes) bytes")
        }
        let root: Node
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw JobFileError(file: file, line: 1, message: "is empty")
            }
            root = node
        } catch let error as YamlError {
            throw JobFileError(yaml: error, file: file)
        }
        let section = try Section(
            root, of: "a job", in: file,
            keys: ["name", "models", "tokenizer", "benchmarks", "reductions", "precision"])
        name = try Self.name(section)
        models = try section.list("models").map { try Model($0, file: file, folder: folder) }
        tokenizer = try section.path("tokenizer", from: folder)
        benchmarks = try section.list("benchmarks").map { try BenchmarkRows($0, file: file, folder: folder) }
        reductions = try ReductionSweep.expand(section.list("reductions"), file: file)
        precision = try Self.precision(section)
        if let twice = firstRepeated(models.map(\.id)) {
            throw section.error("model '\(twice)' is listed twice", at: "models")
        }
        if let twice = firstRepeated(benchmarks.map(\.name.rawValue)) {
            throw section.error("benchmark '\(twice)' is listed twice", at: "benchmarks")
        }
    }

    static let maximumBytes = 1 << 20

    /// A name that is also fit for file names and terminals.
    private static func name(_ section: Section) throws -> String {
        let name = try section.string("name")
        let allowed = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
        guard allowed, name.count <= 64, !name.hasPrefix("."), !name.hasPrefix("-") else {
            throw section.error(
                "a run's name has 1 to 64 letters, digits, '-', '_' or '.'; found '\(name)'", at: "name")
        }
        return name
    }

    private static func precision(_ section: Section) throws -> Precision {
        guard section["precision"] != nil else { return .fp32 }
        let text = try section.string("precision")
        guard let precision = Precision(rawValue: text) else {
            let known = Precision.allCases.map(\.rawValue).joined(separator: ", ")
            throw section.error("unknown precision '\(text)'; known: \(known)", at: "precision")
        }
        return precision
    }
}

extension JobFile.Model {
    init(_ node: Node, file: String, folder: URL) throws {
        let section = try Section(node, of: "a model", in: file, keys: ["id", "path"])
        id = try section.string("id")
        guard section["path"] != nil else {
            throw section.error("model '\(id)' has no 'path': name the folder of its checkpoint")
        }
        path = try section.path("path", from: folder)
    }
}

extension JobFile.BenchmarkRows {
    init(_ node: Node, file: String, folder: URL) throws {
        let section = try Section(node, of: "a benchmark", in: file, keys: ["name", "data", "labels", "limit"])
        let text = try section.string("name")
        guard let name = BenchmarkName(rawValue: text) else {
            let known = BenchmarkName.allCases.map(\.rawValue).joined(separator: ", ")
            throw section.error("unknown benchmark '\(text)'; known: \(known)", at: "name")
        }
        self.name = name
        data = try section.path("data", from: folder)
        labels = section["labels"] == nil ? nil : try section.path("labels", from: folder)
        limit = try section.positiveInteger("limit")
    }
}

extension JobFileError {
    /// A YAML syntax error, with its line.
    init(yaml error: YamlError, file: String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(file: file, line: mark.line, message: "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            self.init(
                file: file, line: context.mark.line,
                message: "the key '\(duplicates.first ?? "?")' occurs more than once in one mapping")
        default:
            self.init(file: file, line: nil, message: "not YAML: \(error)")
        }
    }
}

/// The first value that occurs again.
func firstRepeated<Value: Hashable>(_ values: [Value]) -> Value? {
    var seen: Set<Value> = []
    return values.first { !seen.insert($0).inserted }
}

/// Foundation's reason for a file error, in the system's words where there are any.
func reason(of error: any Error) -> String {
    let error = error as NSError
    if let posix = error.userInfo[NSUnderlyingErrorKey] as? NSError, posix.domain == NSPOSIXErrorDomain {
        return String(cString: strerror(Int32(posix.code)))
    }
    switch CocoaError.Code(rawValue: error.code) {
    case .fileReadNoSuchFile: return String(cString: strerror(ENOENT))
    case .fileReadNoPermission: return String(cString: strerror(EACCES))
    default: return error.localizedDescription
    }
}

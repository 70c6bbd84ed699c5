import Benchmarks
import Foundation
import Mamba
import ModelFiles
import Yams

extension JobFile {
    /// Reads a job file; relative paths are relative to its folder.
    ///
    /// - Throws: `JobFileError`, naming file and line of a mistake, and of all others that can be told by themselves.
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
        let folder = url.absoluteURL.deletingLastPathComponent()
        do {
            try self.init(yaml: text, file: url.relativePath, folder: folder)
        } catch let error as JobFileError {
            throw error.besides(Self.mistakes(yaml: text, file: url.relativePath, folder: folder))
        }
    }

    /// Reads the JSON that a client sent: no YAML, so that nothing in it can stand for more than is written.
    ///
    /// - Throws: `JobFileError`.
    public init(canonicalJSON text: String) throws {
        let file = "the submitted job"
        guard text.utf8.count <= Self.maximumBytes else {
            throw JobFileError(file: file, line: nil, message: "is larger than \(Self.maximumBytes) bytes")
        }
        guard (try? JSONSerialization.jsonObject(with: Data(text.utf8))) is [String: Any] else {
            throw JobFileError(file: file, line: nil, message: "is not a JSON object")
        }
        try self.init(yaml: text, file: file, folder: URL(fileURLWithPath: "/"))
    }

    /// Reads a job from text.
    ///
    /// - Parameters:
    ///   - file: what messages call it.
    ///   - folder: where relative paths start.
    public init(yaml text: String, file: String, folder: URL) throws {
        let section = try Section(Self.compose(text, file: file), of: "a job", in: file, keys: JobKeys.job)
        name = try section.string("name", like: .name)
        var sweep = ReductionSweep(file: file)
        let nodes = try section.list("models")
        reductions = try section.optional("reductions") { try sweep.expand(section.list($0)) } ?? []
        var models: [Model] = []
        for node in nodes {
            let model = try Model(node, file: file, folder: folder, common: reductions, sweep: &sweep)
            if models.contains(where: { $0.id == model.id }) {
                throw JobFileError(file: file, line: node.mark?.line, message: "model '\(model.id)' is listed twice")
            }
            models.append(model)
        }
        self.models = models
        tokenizer = try section.optional("tokenizer") { try section.path($0, from: folder) }
        measures = try section.optional("efficiency") { try Self.read(section.list($0), file: file) } ?? []
        benchmarks = []
        if !measures.isEmpty {
            for key in ["benchmarks", "tokenizer"] where section.has(key) {
                throw section.error("a job with 'efficiency' measures and has no '\(key)': make two jobs", at: key)
            }
        } else if !section.has("benchmarks") {
            throw section.error("a job has no 'benchmarks' to score, and no 'efficiency' to measure")
        }
        for node in try section.optional("benchmarks", { try section.list($0) }) ?? [] {
            let rows = try BenchmarkRows(node, file: file, folder: folder)
            if benchmarks.contains(where: { $0.name == rows.name }) {
                throw JobFileError(
                    file: file, line: node.mark?.line, message: "benchmark '\(rows.name.rawValue)' is listed twice")
            }
            benchmarks.append(rows)
        }
        if measures.isEmpty, let model = models.first(where: \.isRandom) {
            throw section.error(
                "model '\(model.id)' has a 'shape' and so random weights, whose scores say nothing; name its 'path'")
        }
        precision = try section.optional("precision") { try section.name($0, of: "precision") } ?? .fp32
        if reductions.isEmpty, let without = models.first(where: \.reductions.isEmpty) {
            throw section.error("a job has no 'reductions', and model '\(without.id)' has none of its own")
        }
    }

    private static func read(_ nodes: [Node], file: String) throws -> [Measure] {
        var measures: [Measure] = []
        for node in nodes {
            let measure = try Measure(node, file: file)
            if measures.contains(where: { $0.name == measure.name }) {
                throw JobFileError(
                    file: file, line: node.mark?.line, message: "the measure \(measure.name) is listed twice")
            }
            measures.append(measure)
        }
        return measures
    }

    static let maximumBytes = 1 << 20
    /// A bound on the nodes of a job file, each alias counted as what it stands for.
    static let maximumNodes = 100_000

    static func compose(_ text: String, file: String) throws -> Node {
        guard text.utf8.count <= maximumBytes else {
            throw JobFileError(file: file, line: nil, message: "is larger than \(maximumBytes) bytes")
        }
        do {
            guard let root = try Yams.compose(yaml: text) else {
                throw JobFileError(file: file, line: 1, message: "is empty")
            }
            guard !root.exceeds(maximumNodes) else {
                throw JobFileError(
                    file: file, line: nil,
                    message: "has more than \(maximumNodes) values once its aliases are written out; split the job")
            }
            return root
        } catch let error as YamlError {
            throw JobFileError(yaml: error, file: file)
        }
    }
}

extension JobFile.Model {
    /// - Parameter common: the reductions of every model.
    init(_ node: Node, file: String, folder: URL, common: [Reduction], sweep: inout ReductionSweep) throws {
        let section = try Section(node, of: "a model", in: file, keys: JobKeys.model, short: "id")
        id = try section.string("id")
        source = try Source(section, id: id, folder: folder)
        reductions = try section.optional("reductions") { try sweep.expand(section.list($0), besides: common) } ?? []
    }
}

extension JobFile.Model {
    fileprivate var isRandom: Bool { if case .random = source { true } else { false } }
}

extension JobFile.Model.Source {
    init(_ section: Section, id: String, folder: URL) throws {
        let path = try section.optional("path") { try section.path($0, from: folder) }
        let hub = try section.optional("hub") { try section.string($0, like: .repository) }
        let revision = try section.optional("revision") { try section.string($0, like: .revision) }
        if section.has("shape") {
            for key in ["path", "hub", "revision"] where section.has(key) {
                throw section.error("model '\(id)' has both 'shape' and '\(key)'; choose one", at: key)
            }
            self = .random(try section.name("shape", of: "shape"))
            return
        }
        let published = PublishedShape.onHub.first { $0.rawValue == id }?.repository
        switch (path, hub ?? published) {
        case (let path?, _):
            for key in ["hub", "revision"] where section.has(key) {
                throw section.error("model '\(id)' has both 'path' and '\(key)'; choose one", at: key)
            }
            self = .folder(path)
        case (nil, let repository?): self = .hub(repository: repository, revision: revision)
        case (nil, nil):
            let names = PublishedShape.onHub.map(\.rawValue)
            throw section.error(
                """
                model '\(id)' has no 'path': name the folder of its checkpoint, or its repository with 'hub'; \
                published models need neither, \(known(names, insteadOf: id))
                """, at: "id")
        }
    }
}

extension JobFile.BenchmarkRows {
    init(_ node: Node, file: String, folder: URL) throws {
        let section = try Section(node, of: "a benchmark", in: file, keys: JobKeys.benchmark, short: "name")
        name = try section.name("name", of: "benchmark")
        data = try section.optional("data") { try section.path($0, from: folder) }
        labels = try section.optional("labels") { try section.path($0, from: folder) }
        limit = try section.optional("limit") { try section.positiveInteger($0) }
        if labels != nil, data == nil {
            throw section.error("benchmark '\(name.rawValue)' has 'labels' without 'data'; name both", at: "labels")
        }
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

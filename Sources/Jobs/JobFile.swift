import Benchmarks
import Foundation
import Mamba
import ModelFiles
import Operations
import OrderedJSON

/// What to evaluate: models × reductions × benchmarks, or what to measure of models × reductions, as a job file (YAML, or
/// JSON, which is YAML too) lists it.
///
/// Paths are absolute: relative ones were taken from the job file's folder. What is named without a path is looked for
/// where the job is planned.
public struct JobFile: Sendable, Equatable {
    /// What the run is called, with a suffix that makes it unique.
    public var name: String
    public var models: [Model]
    /// Nil for the published models' own, out of the cache.
    public var tokenizer: URL?
    /// None in a job that measures.
    public var benchmarks: [BenchmarkRows]
    /// What is measured; none in a job that scores benchmarks.
    public var measures: [Measure]
    /// Those of every model: sweeps expanded, in the order written; no two are equal.
    public var reductions: [Reduction]
    /// How products are computed, in every cell.
    public var precision: Precision

    /// A checkpoint to evaluate.
    public struct Model: Sendable, Equatable {
        public var id: String
        public var source: Source
        /// Those of this model alone, after those of every model; none is among them.
        public var reductions: [Reduction]

        public init(id: String, source: Source, reductions: [Reduction] = []) {
            self.id = id
            self.source = source
            self.reductions = reductions
        }

        /// A model in a folder.
        public init(id: String, path: URL) { self.init(id: id, source: .folder(path)) }

        /// Where a checkpoint is.
        public enum Source: Sendable, Equatable {
            case folder(URL)
            /// A repository of the Hugging Face hub, fetched before; at a commit, or at the one that the cache holds.
            case hub(repository: String, revision: String?)
            /// Random weights of a published shape; in a job that measures alone.
            case random(PublishedShape)
        }
    }

    /// A benchmark's rows.
    public struct BenchmarkRows: Sendable, Equatable {
        public var name: BenchmarkName
        /// Nil for those in the cache.
        public var data: URL?
        /// The labels, where the publisher keeps them in a file of their own.
        public var labels: URL?
        /// Only the first so many documents.
        public var limit: Int?
    }

    /// The reductions that a model is evaluated under: those of every model, then its own.
    public func reductions(of model: Model) -> [Reduction] { reductions + model.reductions }
}

/// A job file that cannot be used: names the file, the line, and what would be right.
public struct JobFileError: Error, Equatable, CustomStringConvertible {
    public let file: String
    public let line: Int?
    public let message: String
    /// What else is wrong in the same file, by line.
    public let further: [JobFileError]

    init(file: String, line: Int?, message: String, further: [JobFileError] = []) {
        self.file = file
        self.line = line
        self.message = message
        self.further = further
    }

    public var description: String {
        let own = line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)"
        return ([own] + further.map(\.description)).joined(separator: "\n")
    }
}

extension PublishedShape {
    /// The models that the hub has by this name.
    static let onHub = allCases.filter { $0 != .tiny && $0 != .tiny2 }

    /// The published model's repository on the hub.
    var repository: String { "state-spaces/\(rawValue)" }

    init?(repository: String) {
        guard let shape = Self.onHub.first(where: { $0.repository == repository }) else { return nil }
        self = shape
    }
}

extension JobFile.Model {
    /// The published shape that the name or the repository promises.
    var promisedShape: PublishedShape? {
        switch source {
        case .hub(let repository, _): PublishedShape(repository: repository)
        case .random(let shape): shape
        case .folder: PublishedShape(rawValue: id)
        }
    }
}

extension JobFile {
    /// The job as JSON with sorted keys and absolute paths: what travels to a coordinator and is stored with the run.
    /// Equal jobs have equal texts, and reading it gives the job again.
    public var canonicalJSON: String {
        var members: [(String, JSONText)] = [
            measures.isEmpty
                ? ("benchmarks", .array(benchmarks.map(\.json)))
                : ("efficiency", .array(measures.map { .raw($0.canonicalJSON) })),
            ("models", .array(models.map(\.json))), ("name", .string(name)),
            ("precision", .string(precision.rawValue)),
        ]
        if !reductions.isEmpty { members.append(("reductions", list(reductions))) }
        if let tokenizer { members.append(("tokenizer", .string(tokenizer.path))) }
        return JSONText.object(members).compact
    }
}

extension JobFile.Model {
    fileprivate var json: JSONText {
        var members: [(String, JSONText)] = [("id", .string(id))]
        switch source {
        case .folder(let path): members.append(("path", .string(path.path)))
        case .hub(let repository, _): members.insert(("hub", .string(repository)), at: 0)
        case .random: break
        }
        if !reductions.isEmpty { members.append(("reductions", list(reductions))) }
        if case .hub(_, let revision?) = source { members.append(("revision", .string(revision))) }
        if case .random(let shape) = source { members.append(("shape", .string(shape.rawValue))) }
        return .object(members)
    }
}

extension JobFile.BenchmarkRows {
    fileprivate var json: JSONText {
        var members: [(String, JSONText)] = []
        if let data { members.append(("data", .string(data.path))) }
        if let labels { members.append(("labels", .string(labels.path))) }
        if let limit { members.append(("limit", .integer(limit))) }
        members.append(("name", .string(name.rawValue)))
        return .object(members)
    }
}

private func list(_ reductions: [Reduction]) -> JSONText { .array(reductions.map { .raw($0.canonicalJSON) }) }

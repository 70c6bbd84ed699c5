import Benchmarks
import Foundation
import ModelFiles

/// Where the inputs are that a job names without a path: the cache that `coord fetch` fills.
public protocol InputLocator: Sendable {
    /// The folder of a repository's checkpoint, at a commit or at the one that is there; nil where it is not complete.
    func model(repository: String, revision: String?) -> URL?
    /// A benchmark's rows with their labels, as JSON Lines; nil where they are not complete.
    func rows(of benchmark: BenchmarkName) -> URL?
    /// The published models' tokenizer.
    func tokenizer() -> URL?
    /// Where hashes of checkpoints are known from; nil to read every checkpoint.
    var hashes: KnownHashes? { get }
}

/// A locator that finds nothing, for jobs that name every path.
public struct NoInputs: InputLocator {
    public init() {}

    public func model(repository: String, revision: String?) -> URL? { nil }
    public func rows(of benchmark: BenchmarkName) -> URL? { nil }
    public func tokenizer() -> URL? { nil }
    public var hashes: KnownHashes? { nil }
}

/// A benchmark's rows as they were found.
public struct LocatedRows: Sendable, Equatable {
    public let name: BenchmarkName
    public let data: URL
    public let labels: URL?
    /// Only the first so many documents.
    public let limit: Int?
}

/// What a job names, as far as it is here, and what is missing.
struct LocatedInputs {
    /// In the job's order; nil where missing.
    private(set) var models: [URL?] = []
    private(set) var tokenizer: URL?
    /// In the job's order; nil where missing.
    private(set) var benchmarks: [LocatedRows?] = []
    private(set) var missing: [MissingInput] = []

    init(_ job: JobFile, by locator: any InputLocator) {
        models = job.models.map { locate($0, by: locator) }
        if !job.measures.isEmpty {
            // What costs are measured of may be drawn at random, and reads no text.
            let replaced = zip(job.models, models).filter { $1 == nil && $0.isReplaceable }.map { "model \($0.0.id)" }
            missing.removeAll { replaced.contains($0.what) }
            return
        }
        tokenizer = locateTokenizer(job, by: locator)
        benchmarks = job.benchmarks.map { locate($0, by: locator) }
    }

    private mutating func locate(_ model: JobFile.Model, by locator: any InputLocator) -> URL? {
        let what = "model \(model.id)"
        switch model.source {
        case .folder(let path):
            return present(path, what, remedy: Self.remedy(for: model.id, in: path))
        case .hub(let repository, let revision):
            if let folder = locator.model(repository: repository, revision: revision) { return folder }
            let name = PublishedShape(repository: repository)?.rawValue ?? repository
            let option = revision.map { " --revision \($0)" } ?? ""
            missing.append(MissingInput(what: what, path: nil, remedy: "coord fetch \(name)\(option)"))
            return nil
        case .random: return nil
        }
    }

    private mutating func locateTokenizer(_ job: JobFile, by locator: any InputLocator) -> URL? {
        if let path = job.tokenizer {
            return present(
                path, "tokenizer",
                remedy: "copy the tokenizer.json of the models there; the published Mamba models use GPT-NeoX-20B's, "
                    + "which a job that names no tokenizer takes from what `coord fetch tokenizer` got")
        }
        if let url = locator.tokenizer() { return url }
        missing.append(MissingInput(what: "tokenizer", path: nil, remedy: "coord fetch tokenizer"))
        return nil
    }

    private mutating func locate(_ rows: JobFile.BenchmarkRows, by locator: any InputLocator) -> LocatedRows? {
        let name = rows.name.rawValue
        if let data = rows.data {
            let remedy = rows.name.description.origin
            let labels = rows.labels.map { present($0, "labels of \(name)", remedy: remedy) }
            guard let data = present(data, "rows of \(name)", remedy: remedy), labels != .some(nil) else { return nil }
            return LocatedRows(name: rows.name, data: data, labels: rows.labels, limit: rows.limit)
        }
        if let found = locator.rows(of: rows.name) {
            return LocatedRows(name: rows.name, data: found, labels: nil, limit: rows.limit)
        }
        let remedy =
            rows.name == .hellaswag
            ? "add `data:` with the path of \(rows.name.description.origin)"
            : "coord fetch \(name)"
        missing.append(MissingInput(what: "rows of \(name)", path: nil, remedy: remedy))
        return nil
    }

    /// The URL where something is at it; else what is missing is noted.
    private mutating func present(_ url: URL, _ what: String, remedy: String) -> URL? {
        if FileManager.default.fileExists(atPath: url.path) { return url }
        missing.append(MissingInput(what: what, path: url.path, remedy: remedy))
        return nil
    }

    private static func remedy(for model: String, in path: URL) -> String {
        guard let shape = PublishedShape(rawValue: model) else {
            return "put the checkpoint's folder there (config.json with its weights)"
        }
        let random = "with random weights: coord make-model --shape \(model) --output \(path.path)"
        guard PublishedShape.onHub.contains(shape) else { return "make one \(random)" }
        return "leave 'path' out and get the published one (coord fetch \(model)), or make one \(random)"
    }
}

extension JobFile.Model {
    /// Whether random weights may stand for those that are not here: of a shape that is known, and named by no path.
    fileprivate var isReplaceable: Bool {
        if case .folder = source { false } else { promisedShape != nil }
    }
}

/// Something that a job names and that is not there, with the way to get it.
public struct MissingInput: Sendable, Equatable, Encodable, CustomStringConvertible {
    /// `model mamba-2.8b`.
    public let what: String
    /// Where it should be; nil for what was looked for in the cache.
    public let path: String?
    public let remedy: String

    public var description: String { "\(what): \(path.map { "nothing at \($0)" } ?? "not in the cache"); \(remedy)" }
}

/// A job that cannot run here yet.
public struct MissingInputsError: Error, CustomStringConvertible {
    public let inputs: [MissingInput]

    public var description: String {
        "the job names what is not here:\n" + inputs.map { "  - \($0)" }.joined(separator: "\n")
    }
}

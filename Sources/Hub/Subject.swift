import Benchmarks
import Foundation

/// Something that the hub has and the cache keeps.
public enum Subject: Sendable, Hashable, CustomStringConvertible {
    /// A checkpoint: config.json and weights.
    case model(Repository)
    /// A tokenizer.json.
    case tokenizer(Repository)
    /// The rows of a benchmark's published split.
    case benchmark(BenchmarkName)
    /// A checkpoint that came from a coordinator, by its `Checkpoint.sha256()`.
    case checkpoint(String)

    /// What a user calls it.
    ///
    /// Returns nil for a name that is neither a published model's id, `OWNER/NAME`, `tokenizer` nor a benchmark.
    public init?(_ name: String) {
        if name == "tokenizer" {
            self = .tokenizer(.tokenizer)
        } else if let benchmark = BenchmarkName(rawValue: name) {
            self = .benchmark(benchmark)
        } else if let repository = Repository(publishedID: name) ?? Repository(name) {
            self = .model(repository)
        } else {
            return nil
        }
    }

    /// As `coord fetch` takes it.
    public var description: String {
        switch self {
        case .model(let repository):
            repository.owner == "state-spaces" && Repository(publishedID: repository.name) != nil
                ? repository.name : "\(repository)"
        case .tokenizer: "tokenizer"
        case .benchmark(let name): name.rawValue
        case .checkpoint(let sha256): "model \(sha256.prefix(12))"
        }
    }

    /// Its folder, relative to the cache.
    var folder: [String] {
        switch self {
        case .model(let repository): ["models", repository.owner, repository.name]
        case .tokenizer(let repository): ["tokenizers", repository.owner, repository.name]
        case .benchmark(let name): ["benchmarks", name.rawValue]
        case .checkpoint(let sha256): ["checkpoints", sha256]
        }
    }
}

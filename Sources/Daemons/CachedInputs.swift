import Benchmarks
import Foundation
import Hub
import Jobs
import ModelFiles

/// What `coord fetch` got, for jobs that name their inputs without paths.
public struct CachedInputs: InputLocator {
    private let cache: Cache

    /// By default the user's cache.
    public init(_ cache: Cache = .standard()) { self.cache = cache }

    public func model(repository: String, revision: String?) -> URL? {
        Repository(repository).flatMap { cache.model(repository: $0, revision: revision) }
    }

    public func rows(of benchmark: BenchmarkName) -> URL? { cache.benchmark(benchmark) }

    public func tokenizer() -> URL? { cache.tokenizer() }

    public var hashes: KnownHashes? { cache.hashes }
}

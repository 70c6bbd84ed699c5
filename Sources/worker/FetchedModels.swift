import ArgumentParser
import Daemons
import Foundation
import Hub
import Logging

/// The options that say where models come from that are not on this machine, and where they are kept.
struct FetchedModels: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            """
            The dashboard of a coordinator that was started with --share-models: models that are not here are fetched \
            from it, once for all workers of a node.
            """, valueName: "http://host:8080"))
    var modelsFrom: String?

    @Option(
        name: .long, help: "A file that only you may read, with the token that this dashboard asks for.",
        completion: .file())
    var modelsTokenFile: String?

    @Option(
        name: .long, help: "Where fetched models are kept; by default molt in $XDG_CACHE_HOME or ~/.cache.",
        completion: .directory)
    var cache: String?

    @Option(
        name: .long,
        help: """
            What models fetched from a coordinator may take in the cache, in MiB; those that no worker uses are removed \
            for others, the one that was used longest ago first.
            """)
    var cacheLimit = 65_536

    func validate() throws {
        guard cacheLimit > 0, cacheLimit <= 1 << 40 else { throw ValidationError("--cache-limit is at least 1") }
        guard modelsFrom != nil || modelsTokenFile == nil else {
            throw ValidationError("--models-token-file is for --models-from, which is not given")
        }
    }

    func locator(folders: [URL], log: Logger) throws -> ModelLocator {
        let cache = cache.map { Cache(root: URL(fileURLWithPath: $0)) } ?? .standard()
        guard let modelsFrom else { return ModelLocator(folders: folders, cache: cache) }
        let source = try CheckpointSource(
            address: modelsFrom, token: try modelsTokenFile.map { try TokenFile.read($0) }, cache: cache,
            limitBytes: cacheLimit << 20
        ) { event in
            switch event {
            case .began(let file, let size, let have):
                let rest = have > 0 ? ", of which \(byteText(have)) are here" : ""
                log.notice("fetching \(file), \(byteText(size))\(rest)")
            case .finished(let file): log.notice("fetched \(file)")
            case .note(let text): log.notice("\(text)")
            case .received, .rows: break
            }
        }
        return ModelLocator(folders: folders, cache: cache, source: source)
    }
}

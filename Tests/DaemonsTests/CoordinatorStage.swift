import Daemons
import Foundation
import Jobs
import Logging
import Messaging
import ModelFiles
import TestSupport

/// A coordinator on the loopback with a store and keys of its own.
///
/// Some forty open files each: suites of stages are serialized (see DashboardTests' `Stage`).
final class CoordinatorStage {
    let folder: TemporaryFolder
    let serverKeys: CurveKeyPair
    let service: CoordinatorService
    /// In the order in which they are made.
    private(set) var admitted: [AuthorizedKeys.Entry]
    let client: CurveKeyPair
    let viewer: CurveKeyPair
    let workers: [CurveKeyPair]

    var keysFile: String { folder.path("authorized_keys") }

    /// - Parameter change: makes the options different from the defaults.
    init(workers count: Int = 2, _ change: (inout CoordinatorService.Options) -> Void = { _ in }) throws {
        folder = try TemporaryFolder()
        serverKeys = try CurveKeyPair.generate()
        client = try CurveKeyPair.generate()
        viewer = try CurveKeyPair.generate()
        workers = try (0..<count).map { _ in try CurveKeyPair.generate() }
        admitted =
            [
                .init(role: .client, key: client.publicKey, name: "client"),
                .init(role: .viewer, key: viewer.publicKey, name: "viewer"),
            ]
            + workers.enumerated().map { .init(role: .worker, key: $1.publicKey, name: "node-\($0)") }
        let list = AuthorizedKeys(admitted)
        try folder.write(list.text, to: "authorized_keys")
        var options = CoordinatorService.Options(
            store: folder.path(), listen: "tcp://127.0.0.1:*", keys: serverKeys,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        options.authorizedKeys = folder.path("authorized_keys")
        options.parameters.verification = 0
        // Peers of tests send no heartbeats, and machines are slow.
        options.parameters.suspect = 600_000
        options.parameters.dead = 1_200_000
        options.parameters.lease = 600_000
        change(&options)
        service = try CoordinatorService(options, admitting: list)
    }

    deinit { try? service.stop() }

    /// Writes the list of admitted keys anew, changed.
    func changeKeys(_ change: (AuthorizedKeys.Entry) -> AuthorizedKeys.Entry?) throws {
        admitted = admitted.compactMap(change)
        try Data(AuthorizedKeys(admitted).text.utf8).write(
            to: URL(fileURLWithPath: keysFile), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: keysFile)
    }

    /// Plans a job over the demonstration's rows with a small random model, and starts its run.
    func submit(_ benchmark: String = "piqa") async throws -> String {
        try await service.submit(Planner(locator: CachedInputs()).plan(JobFile(contentsOf: job(benchmark)))).run
    }

    private func job(_ benchmark: String) throws -> URL {
        try RandomCheckpoint.write(.tiny, seed: 1, vocabulary: 1024, to: folder.url.appendingPathComponent("model"))
        let rows = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("jobs/demo").path
        let labels = benchmark == "piqa" ? ", labels: \(rows)/piqa-labels.lst" : ""
        let text = """
            name: demonstration
            models: [{ id: tiny, path: model }]
            tokenizer: \(rows)/tokenizer.json
            benchmarks: [{ name: \(benchmark), data: \(rows)/\(benchmark).jsonl\(labels) }]
            reductions: [none]
            """
        return URL(fileURLWithPath: try folder.write(text, to: "job.yaml"))
    }
}

import Cluster
import Foundation
import Jobs
import Logging
import Messaging

/// A coordinator with worker processes on this machine, under keys made for the occasion.
public final class LocalCluster: Sendable {
    public let coordinator: CoordinatorService
    public let workers: LocalWorkers
    private let keys: URL

    /// How a local cluster is started.
    public struct Options: Sendable {
        /// Where the results go.
        public var store: String
        public var workers: Int
        /// The `worker` program.
        public var program: URL
        /// Further arguments of each worker: its backend, threads and the like.
        public var workerArguments: [String]
        /// The store's unfinished run to go on with; others rest.
        public var resuming: RunID?
        /// With what probability a row is computed again by another worker.
        public var verification = 0.0
        public var log: Logger

        public init(
            store: String, workers: Int, program: URL, workerArguments: [String], resuming: RunID? = nil, log: Logger
        ) {
            self.resuming = resuming
            self.store = store
            self.workers = workers
            self.program = program
            self.workerArguments = workerArguments
            self.log = log
        }
    }

    /// Starts the coordinator on a free port of the loopback, and the workers.
    ///
    /// - Parameter report: told in a sentence about workers that died.
    public init(_ options: Options, report: @escaping @Sendable (String) -> Void) throws {
        let keys = try Self.makeFolder()
        self.keys = keys
        do {
            let folder = KeyFolder(keys.path)
            let names = (0..<options.workers).map { "worker-\($0)" }
            try KeyFile.write(.generate(), to: folder.file("coordinator"))
            for name in names { _ = try folder.make(name, role: .worker) }
            var service = CoordinatorService.Options(
                store: options.store, listen: "tcp://127.0.0.1:*",
                keys: try KeyFile.readSecret(folder.file("coordinator")), log: options.log)
            service.parameters.verification = options.verification
            service.resuming = Set([options.resuming].compactMap { $0 })
            let coordinator = try CoordinatorService(service, admitting: folder.authorizedKeys())
            self.coordinator = coordinator
            let endpoint = coordinator.endpoint
            workers = LocalWorkers(
                LocalWorkers.Launch(program: options.program) { index in
                    [
                        "--coordinator", endpoint, "--coordinator-key", folder.file("coordinator") + ".pub", "--key",
                        folder.file(names[index]), "--spool", folder.file("spool"), "--exit-with-input",
                    ] + options.workerArguments
                }, restarts: 3 * options.workers, report: report)
            try workers.start(options.workers)
        } catch {
            try? FileManager.default.removeItem(at: keys)
            throw error
        }
    }

    /// Lets the workers finish their current examples, and closes the store. What is unfinished stays in it.
    public func stop() throws {
        // Without a coordinator nobody acknowledges rows, so there is nothing to wait for.
        workers.stop(patience: coordinator.isRunning ? 45 : 1)
        defer { try? FileManager.default.removeItem(at: keys) }
        try coordinator.stop()
    }

    /// A folder that only this user may enter.
    private static func makeFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("molt-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        return folder
    }
}

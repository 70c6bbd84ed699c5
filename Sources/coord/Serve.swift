import ArgumentParser
import Cluster
import Daemons
import Dashboard
import Foundation
import Logging
import Messaging

/// `coord serve`: the coordinator daemon.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Coordinate: listen for workers and clients, keep the results.",
        discussion: """
            Every peer proves a CURVE key that authorized_keys lists with its role. The first start makes a folder of \
            keys for this machine: the coordinator's, one for a worker, one for a client; `coord keygen` makes more. \
            authorized_keys is read again when it changes, or at SIGHUP: whose key is gone is cut off at once, and its \
            work goes elsewhere. SIGTERM stops in order; workers keep their scores until the coordinator is back.
            """)

    @Option(name: .long, help: "Where to listen; tcp://0.0.0.0:5555 takes workers from other machines.")
    var listen = "tcp://127.0.0.1:5555"

    @Option(name: .long, help: "The results store.", completion: .file(extensions: ["sqlite"]))
    var store = "molt.sqlite"

    @Option(name: .long, help: "The folder of keys.", completion: .directory)
    var keys: String = KeyFolder.standard.path

    @Option(
        name: .long,
        help: ArgumentHelp(
            """
            Where browsers find the dashboard, by default 127.0.0.1:8080 if that port is free; `off` for none. Off the \
            loopback it needs --http-token-file.
            """, valueName: "host:port"))
    var http: String?

    @Option(
        name: .long,
        help: "A file that only you may read, with a token of at least 32 characters that viewers show.",
        completion: .file())
    var httpTokenFile: String?

    @Flag(
        name: .long,
        help: """
            Give the models that runs name out to workers, by content, at the dashboard's address; see worker \
            --models-from.
            """)
    var shareModels = false

    @Option(name: .long, help: "Log level: \(LogLevel.allCases.map(\.rawValue).joined(separator: ", ")).")
    var logLevel: LogLevel = .info

    @Option(name: .long, help: "Memory beyond which connections are dropped, in MiB; by default half of what there is.")
    var memory: Int?

    @Option(
        name: .long,
        help: """
            With what probability rows are computed again by another worker and compared, once ten in a row of a worker \
            have agreed: 0 checks nothing, 1 everything.
            """)
    var verification = 0.01

    @Option(
        name: .long, help: "A file of settings; by default ~/.config/molt/config.yaml or /etc/molt/config.yaml.",
        completion: .file(extensions: ["yaml"]))
    var config: String?

    func validate() throws {
        guard (0...1).contains(verification) else { throw ValidationError("--verification is between 0 and 1") }
        guard memory.map({ $0 >= 64 }) ?? true else { throw ValidationError("--memory is at least 64") }
        guard http != "off" || !shareModels else {
            throw ValidationError("--share-models gives models out at the dashboard's address: leave out --http off")
        }
        if let http, http != "off", ListenAddress(http) == nil {
            throw ValidationError("--http is a host and a port such as 127.0.0.1:8080, or off; not '\(http)'")
        }
    }

    /// Nil where no dashboard is asked for.
    private func dashboardOptions(_ log: Logger) throws -> DashboardOptions? {
        guard http != "off", let address = ListenAddress(http ?? "127.0.0.1:8080") else { return nil }
        let token = try httpTokenFile.map { try AccessToken(contentsOf: $0) }
        guard address.isLoopback || token != nil else { throw DashboardError.noToken(address) }
        return DashboardOptions(address: address, store: store, token: token, log: log)
    }

    func run() throws {
        let log = Logger.daemon("molt.coordinator", logLevel)
        let dashboardOptions = try dashboardOptions(log)
        let folder = KeyFolder(keys)
        try folder.prepare()
        var options = CoordinatorService.Options(
            store: store, listen: listen, keys: try KeyFile.readSecret(folder.file("coordinator")), log: log)
        options.parameters.verification = verification
        options.authorizedKeys = folder.authorizedKeysFile
        if let memory { options.memoryLimitBytes = UInt64(memory) << 20 }
        let service = try CoordinatorService(options, admitting: folder.authorizedKeys())
        let dashboard: ServedDashboard?
        do {
            dashboard = try dashboardOptions.map {
                try ServedDashboard(service, $0, sharingModels: shareModels)
            }
        } catch let error as DashboardError where http == nil && !shareModels {
            // Nobody asked for that port.
            log.warning("no dashboard: \(error)")
            dashboard = nil
        } catch {
            try service.stop()
            throw error
        }
        log.notice("listening on \(service.endpoint), results in \(store)")
        if let dashboard { log.notice("dashboard at http://\(dashboard.server.address)/") }
        let interrupts = SignalSource(SignalSource.interrupts) { times in
            if times > 1 { _exit(130) }
            log.notice("stopping; what is unfinished goes on at the next start")
            service.requestStop()
        }
        let reload = SignalSource([SIGHUP]) { _ in service.reloadKeys() }
        defer { withExtendedLifetime((interrupts, reload)) {} }
        let outcome = Result { try service.wait() }
        // First its readers, so that the store's last connection is the one that checkpoints.
        let readers = Result { try dashboard?.stop() }
        try outcome.get()
        try service.stop()
        try readers.get()
    }
}

extension LogLevel: ExpressibleByArgument {}

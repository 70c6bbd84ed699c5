import Dispatch
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The dashboard of a coordinator: pages, a JSON interface, live updates and metrics over HTTP.
///
/// It lives on one event loop thread, on readers of the store, and on Swift's pool. The coordinator's thread is asked for its
/// status once a second, whatever the number of viewers.
public final class DashboardServer: Sendable {
    /// Where it listens, with the actual port.
    public let address: ListenAddress
    private let group: MultiThreadedEventLoopGroup
    private let services: ServiceGroup
    private let running: Task<Void, any Error>
    private let feed: LiveFeed
    private let store: StorePool

    /// Opens the store for reading and listens.
    ///
    /// - Throws: ``DashboardError`` where it cannot listen, or must not without a token.
    public static func start(_ options: DashboardOptions, source: any DashboardSource) async throws -> DashboardServer {
        guard options.address.isLoopback || options.token != nil else {
            throw DashboardError.noToken(options.address)
        }
        let store = try StorePool(options.store)
        let feed = LiveFeed(source, store, options)
        let site = Site(options: options, source: source, store: store, feed: feed)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bound = Arrival<Int>()
        let application = Application(
            router: site.router(), server: .http1(configuration: channel(options.limits)),
            configuration: ApplicationConfiguration(
                address: .hostname(options.address.host, port: options.address.port), backlog: 1_024,
                availableConnectionsDelegate: MaximumAvailableConnections(options.limits.connections)),
            onServerRunning: { bound.arrive(.success($0.localAddress?.port ?? options.address.port)) },
            eventLoopGroupProvider: .shared(group), logger: quiet(options.log))
        await feed.poll()
        let services = services(application, options)
        let running = Task {
            do {
                try await services.run()
                bound.arrive(.failure(DashboardError.notListening(options.address, reason: "it was stopped")))
            } catch {
                let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
                bound.arrive(.failure(DashboardError.notListening(options.address, reason: reason)))
                throw error
            }
        }
        do {
            let port = try await bound.value
            feed.start()
            return DashboardServer(
                address: ListenAddress(host: options.address.host, port: port), group: group, services: services,
                running: running, feed: feed, store: store)
        } catch {
            _ = await running.result
            try await group.shutdownGracefully()
            try store.close()
            throw error
        }
    }

    private init(
        address: ListenAddress, group: MultiThreadedEventLoopGroup, services: ServiceGroup,
        running: Task<Void, any Error>, feed: LiveFeed, store: StorePool
    ) {
        self.address = address
        self.group = group
        self.services = services
        self.running = running
        self.feed = feed
        self.store = store
    }

    /// Lets go of all viewers, stops listening, and closes the store.
    public func stop() async throws {
        await feed.stop()
        await services.triggerGracefulShutdown()
        _ = await running.result
        try await group.shutdownGracefully()
        try store.close()
    }

    /// Runs the server until it is asked to end; answers under way then have a while to end too.
    private static func services(
        _ application: some ApplicationProtocol, _ options: DashboardOptions
    ) -> ServiceGroup {
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: application)], logger: quiet(options.log))
        configuration.maximumGracefulShutdownDuration = .seconds(options.limits.stopSeconds)
        return ServiceGroup(configuration: configuration)
    }

    private static func channel(_ limits: DashboardOptions.Limits) -> HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionDeadlines(limits)],
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headers, maxHeaderListSize: limits.headers, maxHeaderFieldCount: 100))
    }

    /// What peers do to their connections is not news.
    private static func quiet(_ log: Logger) -> Logger {
        var log = log
        log.logLevel = max(log.logLevel, .error)
        return log
    }
}

/// A value that one task brings and another waits for.
private final class Arrival<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case awaited(CheckedContinuation<Value, any Error>)
        case here(Result<Value, any Error>)
    }

    private let state = Mutex(State.empty)

    /// Brings the value; later ones are ignored.
    func arrive(_ result: Result<Value, any Error>) {
        let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
            defer { if case .here = state {} else { state = .here(result) } }
            if case .awaited(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume(with: result)
    }

    /// The value, for one who waits.
    var value: Value {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Value, any Error>? = state.withLock { state in
                    if case .here(let result) = state { return result }
                    state = .awaited(continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        }
    }
}

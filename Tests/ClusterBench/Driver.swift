import CZeroMQ
import Foundation
import Wire

/// Workers that speak the protocol and compute nothing: each grant is answered with rows at once.
final class Driver {
    struct Settings {
        /// Jobs that each worker holds at once.
        let slots: UInt32
        let choices: Int
        /// Rows in a message.
        let batch: Int
    }

    struct Result: Encodable {
        /// Jobs that were granted, whichever for.
        var grants = 0
        var heartbeats = 0
        /// From a heartbeat to its answer, in milliseconds.
        var median = 0.0
        var p99 = 0.0
        var worst = 0.0
    }

    /// That a driver has under way.
    private static let handshakes = 128
    private let settings: Settings
    private let context: UnsafeMutableRawPointer
    private var peers: [Peer] = []
    /// Of the peers, in their order.
    private var waits: [pollfd] = []
    private var connected = 0
    private var isRunning = false
    private(set) var secondsToConnect = 0.0
    private var result = Result()
    private var latencies: [Double] = []
    /// The bytes of sent batches without an Ack, by lease and number.
    private var underWay: [String: [UInt64: Int]] = [:]

    init(endpoint: String, serverKey: String, keys: [Keys], settings: Settings) throws {
        self.settings = settings
        guard let context = zmq_ctx_new() else { throw Peer.failure("context") }
        self.context = context
        zmq_ctx_set(context, ZMQ_MAX_SOCKETS, Int32(keys.count + 64))
        zmq_ctx_set(context, ZMQ_BLOCKY, 0)
        let start = Driver.now
        for (index, key) in keys.enumerated() {
            let peer = try Peer(context, endpoint: endpoint, serverKey: serverKey, keys: key)
            peers.append(peer)
            waits.append(pollfd(fd: peer.descriptor, events: Int16(POLLIN), revents: 0))
            try peer.send(.hello(Driver.hello(index)))
            try serve(index)
            // The coordinator gives a handshake ten seconds, so that not all may begin at once.
            while index - connected >= Driver.handshakes { try turn(milliseconds: 20) }
        }
        secondsToConnect = start
    }

    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private static func hello(_ index: Int) -> WireHello {
        .with {
            $0.protocolMinimum = ProtocolVersion.oldest.number
            $0.protocolMaximum = ProtocolVersion.current.number
            $0.build = "cluster-bench"
            $0.engine = "noop"
            $0.arithmetic = "noop"
            $0.host = "host-\(index % 50)"
            $0.bootID = "boot-\(getpid())-\(index)"
        }
    }

    /// Waits until every worker has its session.
    func connectAll() throws {
        while connected < peers.count { try turn(milliseconds: 1000) }
        secondsToConnect = Driver.now - secondsToConnect
    }

    /// Asks for work, and beats, until standard input has a line.
    func run() throws -> Result {
        isRunning = true
        result = Result()
        latencies = []
        for peer in peers { try peer.send(.credit(.with { $0.slots = settings.slots })) }
        for index in peers.indices { try serve(index) }
        waits.append(pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0))
        while waits[peers.count].revents == 0 { try turn(milliseconds: 50) }
        latencies.sort()
        if let last = latencies.last {
            result.median = latencies[latencies.count / 2]
            result.p99 = latencies[latencies.count * 99 / 100]
            result.worst = last
        }
        return result
    }

    private func turn(milliseconds: Int32) throws {
        if poll(&waits, nfds_t(waits.count), milliseconds) > 0 {
            for index in peers.indices where waits[index].revents != 0 { try serve(index) }
        }
        let now = Driver.now
        for index in peers.indices where peers[index].heartbeatDue <= now { try beat(index, now) }
    }

    private func beat(_ index: Int, _ now: Double) throws {
        let peer = peers[index]
        peer.heartbeatDue = now + peer.heartbeat
        peer.heartbeatSent = now
        try peer.send(
            .heartbeat(
                .with { heartbeat in
                    heartbeat.leases = peer.leases.prefix(64).map { lease in
                        .with { ($0.job, $0.epoch) = (lease.job, lease.epoch) }
                    }
                }))
        try serve(index)
    }

    private func serve(_ index: Int) throws {
        while let message = try peers[index].receive() { try handle(message, peers[index], index) }
    }

    private func handle(_ message: WireMessage, _ peer: Peer, _ index: Int) throws {
        switch message {
        case .welcome(let welcome):
            if peer.session == 0 { connected += 1 }
            peer.welcome(welcome)
            // As in a cluster that grew slowly, heartbeats come evenly.
            peer.heartbeatDue = Driver.now + peer.heartbeat * Double((index * 7919) % 10_000) / 10_000
        case .job(let job): try take(job, peer)
        case .ack(let ack): try acknowledge(ack, peer)
        case .heartbeatAck(let ack):
            peer.resize(ack.windowBytes)
            peer.beat(every: ack.heartbeatMilliseconds)
            if let sent = peer.heartbeatSent {
                peer.heartbeatSent = nil
                result.heartbeats += 1
                if isRunning { latencies.append(1000 * (Driver.now - sent)) }
            }
        case .reject(let reject):
            if reject.code != .session { throw BenchError.refused(reject.detail) }
            try peer.send(.hello(Driver.hello(index)))
        case .cancel(let lease):
            peer.waiting.removeAll { $0.job == lease.job && $0.epoch == lease.epoch }
        default: break
        }
    }

    private func take(_ job: WireJob, _ peer: Peer) throws {
        result.grants += 1
        let indices = job.examples.map(\.index)
        var number: UInt64 = 0
        for start in stride(from: 0, to: indices.count, by: settings.batch) {
            number += 1
            let examples = Array(indices[start..<min(start + settings.batch, indices.count)])
            peer.waiting.append(.init(job: job.job, epoch: job.epoch, number: number, examples: examples))
        }
        peer.begin(job.job, job.epoch, batches: Int(number))
        try pump(peer)
    }

    private func pump(_ peer: Peer) throws {
        while peer.underWay < peer.window, !peer.waiting.isEmpty {
            let batch = peer.waiting.removeFirst()
            let bytes = try peer.send(
                .scores(
                    .with {
                        $0.job = batch.job
                        $0.epoch = batch.epoch
                        $0.batch = batch.number
                        $0.rows = batch.examples.map { NoopRow.make($0, choices: settings.choices) }
                        $0.seal()
                    }))
            peer.underWay += bytes
            underWay["\(batch.job) \(batch.epoch)", default: [:]][batch.number] = bytes
        }
    }

    private func acknowledge(_ ack: WireAck, _ peer: Peer) throws {
        let lease = "\(ack.job) \(ack.epoch)"
        guard let bytes = underWay[lease]?.removeValue(forKey: ack.batch) else { return }
        peer.underWay -= bytes
        if peer.finishBatch(ack.job, ack.epoch) {
            underWay[lease] = nil
            try peer.send(.jobDone(.with { ($0.job, $0.epoch) = (ack.job, ack.epoch) }))
        }
        try pump(peer)
    }
}

extension Peer {
    /// The leases that it holds, as their jobs and epochs.
    var leases: [(job: String, epoch: UInt64)] {
        open.keys.sorted().compactMap { name in
            let words = name.split(separator: " ")
            return words.count == 2 ? UInt64(words[1]).map { (String(words[0]), $0) } : nil
        }
    }

    func begin(_ job: String, _ epoch: UInt64, batches: Int) { open["\(job) \(epoch)"] = batches }

    /// Whether that was the lease's last batch.
    func finishBatch(_ job: String, _ epoch: UInt64) -> Bool {
        let name = "\(job) \(epoch)"
        guard let left = open[name] else { return false }
        open[name] = left > 1 ? left - 1 : nil
        return left <= 1
    }
}

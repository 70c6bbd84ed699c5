import CZeroMQ
import Foundation
import Messaging
import Store
import Testing
import Wire

/// Faults 17 and 18: strangers and a holder of a valid key who send what they should not, while an honest worker works.
/// The coordinator's memory is limited from outside, as it has to be.
@Suite("Hostile peers")
struct HostilePeerTests {
    @Test(
        "garbage, half-open connections, oversize frames, unfinished messages and floods do not keep a run from its end",
        .enabled(if: Limited.isAllowed, "there is no prlimit here"))
    func floods() throws {
        let (demonstration, expected) = try FaultTests.shared.get()
        let site = try Site(demonstration)
        try site.makeKey("attacker")
        let coordinator = try Limited.serve(site, dataMebibytes: 1024)
        _ = try site.submit()
        let worker = try site.work()
        try site.wait(for: 1, coordinator)

        let strangers = try (0..<60).map { index in
            try Stranger(site.endpoint, saying: index % 2 == 0 ? noise(4096) : [0xff, 0, 0])
        }
        let crowd = try Crowd(1000, to: site.endpoint)
        let attacker = try Attacker(site, key: "attacker")
        for round in 0..<8 {
            try attacker.send([UInt8](repeating: 7, count: WireLimits.frameToCoordinator * 2))
            for _ in 0..<32 { attacker.sendPart(noise(1 << 16)) }
            for _ in 0..<500 { try attacker.send(noise(round * 8)) }
            try attacker.reconnect()
        }
        try attacker.flood(forged: 5000)

        #expect(try site.waitForEnd(coordinator) == "complete")
        #expect(strangers.count == 60)
        #expect(crowd.leave() == 1000)
        worker.process.terminate()
        #expect(worker.wait().status == 0, "\(worker.errors)")
        try site.expect(expected, after: coordinator)
    }

    @Test(
        "a message without an end costs its sender's coordinator at most its limit, and the next start goes on",
        .enabled(if: Limited.isAllowed, "there is no prlimit here"))
    func endlessMessage() throws {
        let (demonstration, expected) = try FaultTests.shared.get()
        let site = try Site(demonstration)
        try site.makeKey("attacker")
        let first = try Limited.serve(site, dataMebibytes: 512)
        _ = try site.submit()
        let worker = try site.work()
        try site.wait(for: 1, first)
        let attacker = try Attacker(site, key: "attacker")
        // 2 GiB, four times the limit, unless somebody ends it before.
        let part = [UInt8](repeating: 9, count: 1 << 19)
        for _ in 0..<4096 where first.process.isRunning { attacker.sendPart(part) }
        attacker.close()
        var coordinator = first
        if !first.process.isRunning { coordinator = try Limited.serve(site, dataMebibytes: 512) }
        #expect(try site.waitForEnd(coordinator) == "complete")
        worker.process.terminate()
        #expect(worker.wait().status == 0, "\(worker.errors)")
        try site.expect(expected, after: coordinator)
    }

    /// Bytes without a pattern, the same each time.
    private func noise(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7) }
    }
}

/// A coordinator whose data segment is limited.
enum Limited {
    static var isAllowed: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/prlimit") }

    static func serve(_ site: Site, dataMebibytes: Int) throws -> Programs.Running {
        try Programs.Running(
            entering: ["prlimit", "--data=\(dataMebibytes << 20)", "--core=0"], "coord",
            site.serving + ["--log-level", "error"])
    }
}

/// A TCP connection that never becomes a session. Closed with the value.
final class Stranger {
    private let descriptor: Int32

    init(_ endpoint: String, saying bytes: [UInt8]) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = try #require(UInt16(endpoint.split(separator: ":").last ?? "")).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) == 0 }
        }
        // A refused connection is as good an outcome as a kept one.
        if connected { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    }

    deinit { close(descriptor) }
}

/// Connections that say nothing, held by a process of their own: files that a process has open are few on many systems.
final class Crowd {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    /// Returns when every connection was tried.
    init(_ count: Int, to endpoint: String) throws {
        let port = try #require(endpoint.split(separator: ":").last)
        let script = """
            ulimit -n $(ulimit -H -n); standing=0
            for ((i = 0; i < \(count); i++)); do exec {file}<>/dev/tcp/127.0.0.1/\(port) && ((standing += 1)); done
            echo $standing; read
            """
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        standing = Int(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).dropLast())
    }

    private let standing: Int?

    /// Ends them; returns how many were made.
    func leave() -> Int? {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        return standing
    }
}

/// A worker's key in wrong hands.
final class Attacker {
    private let context = zmq_ctx_new()
    private var socket: UnsafeMutableRawPointer?
    private let site: Site
    private let secret: [String]

    init(_ site: Site, key: String) throws {
        self.site = site
        secret = try String(contentsOfFile: "\(site.keys)/\(key)", encoding: .utf8).split(separator: "\n").dropFirst()
            .compactMap { $0.split(separator: " ").last.map(String.init) }
        try reconnect()
    }

    deinit {
        close()
        zmq_ctx_term(context)
    }

    /// Leaves, with whatever message is unfinished, and comes back.
    func reconnect() throws {
        close()
        socket = zmq_socket(context, ZMQ_DEALER)
        var (linger, wait): (Int32, Int32) = (0, 2000)
        zmq_setsockopt(socket, ZMQ_LINGER, &linger, 4)
        zmq_setsockopt(socket, ZMQ_SNDTIMEO, &wait, 4)
        let server = try KeyFile.readPublic("\(site.keys)/coordinator.pub").z85
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, 40)
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, secret[0], 40)
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret[1], 40)
        try #require(zmq_connect(socket, site.endpoint) == 0)
    }

    func close() {
        if let socket { zmq_close(socket) }
        socket = nil
    }

    /// The end of a message; nobody minds if it cannot leave.
    func send(_ bytes: [UInt8]) throws { zmq_send(socket, bytes, bytes.count, 0) }

    /// A part of a message that goes on.
    func sendPart(_ bytes: [UInt8]) { zmq_send(socket, bytes, bytes.count, ZMQ_SNDMORE) }

    /// Sound frames of sessions, leases and rows that are not the sender's.
    func flood(forged count: Int) throws {
        let row = WireRow.with {
            $0.example = .max
            $0.choices = [.with { $0.loglikelihood = .nan }]
        }
        let messages: [WireMessage] = [
            .scores(
                .with {
                    ($0.job, $0.epoch, $0.batch) = ("nobody's", .max, .max)
                    $0.rows = [row]
                    $0.seal()
                }),
            .heartbeat(.with { $0.leases = [.with { ($0.job, $0.epoch) = ("nobody's", 1) }] }),
            .jobDone(.with { ($0.job, $0.epoch) = ("nobody's", 1) }),
            .submit(.with { $0.job = "{}" }),
            .cancelRun(.with { $0.run = "every" }),
        ]
        for number in 0..<count {
            let message = messages[number % messages.count]
            try send(
                Envelope.encode(
                    message, incarnation: UInt64(number % 3), session: UInt64(number % 5), sequence: UInt64(number)))
        }
    }
}

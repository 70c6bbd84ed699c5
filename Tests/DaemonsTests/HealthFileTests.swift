import Daemons
import Foundation
import TestSupport
import Testing

@Suite("A worker's health")
struct HealthFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func file(uptime: Double) -> HealthFile { HealthFile(folder.path("health"), now: { uptime }) }

    @Test("is what it wrote last", arguments: [100.0, 107.5, 115])
    func fresh(uptime: Double) throws {
        try folder.write("working 100.0\n", to: "health")
        #expect(try file(uptime: uptime).read() == "working")
    }

    @Test("is bad when it has written nothing for long, or before the machine started", arguments: [115.1, 4_000, 99])
    func old(uptime: Double) throws {
        try folder.write("working 100.0\n", to: "health")
        #expect(throws: HealthError.old(path: folder.path("health"), seconds: Int(max(0, uptime - 100)))) {
            try file(uptime: uptime).read()
        }
    }

    @Test("is unknown without a file, or with one of somebody else", arguments: [nil, "", "hello", "a b c"])
    func absent(text: String?) throws {
        if let text { try folder.write(text, to: "health") }
        #expect(throws: HealthError.absent(path: folder.path("health"))) { try file(uptime: 1).read() }
    }

    @Test("is written by a worker that runs, and gone with it")
    func written() throws {
        let stage = try WorkerStage()
        let file = HealthFile(folder.path("health"))
        let worker = try stage.worker { $0.health = file }
        _ = try stage.welcome()
        // The second heartbeat comes after at least one measurement.
        for _ in 0..<2 { try stage.next { if case .heartbeat = $0 { () } else { nil } } }
        #expect(["connecting", "ready"].contains(try file.read()))
        worker.shutdown()
        #expect(try worker.wait() == .drained)
        #expect(throws: HealthError.absent(path: folder.path("health"))) { try file.read() }
    }

    @Test("a worker whose time is up leaves by itself")
    func timeIsUp() throws {
        let stage = try WorkerStage()
        let worker = try stage.worker { $0.leaveAfter = .seconds(5) }
        _ = try stage.welcome()
        try stage.next { if case .draining = $0 { () } else { nil } }
        try stage.next { if case .bye = $0 { () } else { nil } }
        #expect(try worker.wait() == .drained)
    }

    @Test("a worker without time does not begin")
    func noTime() throws {
        let stage = try WorkerStage()
        #expect(try stage.worker { $0.leaveAfter = .zero }.wait() == .drained)
    }
}

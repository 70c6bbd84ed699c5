import Daemons
import Foundation
import Testing
import Wire

@Suite("A worker", .serialized)
struct WorkerTests {
    private func scores(_ message: WireMessage) -> WireScores? {
        if case .scores(let scores) = message { scores } else { nil }
    }

    @Test("computes the examples in the order of the grant", arguments: [[0, 1, 2, 3], [9, 5, 4, 0]] as [[UInt32]])
    func order(examples: [UInt32]) throws {
        let stage = try WorkerStage()
        let worker = try stage.worker()
        _ = try stage.welcome()
        try stage.sendJob("job", examples: examples)
        var rows: [UInt32] = []
        while rows.count < examples.count {
            let scores = try stage.next(scores)
            #expect(scores.isSealed && scores.epoch == 3)
            rows += scores.rows.map(\.example)
            try stage.acknowledge(scores)
        }
        #expect(rows == examples)
        try stage.next { if case .jobDone(let done) = $0, done.job == "job" { () } else { nil } }
        worker.shutdown()
        #expect(try worker.wait() == .drained)
    }

    @Test("names the example that cannot be scored, and delivers the others")
    func brokenExample() throws {
        let stage = try WorkerStage()
        let worker = try stage.worker()
        _ = try stage.welcome()
        try stage.sendJob("job", examples: [0, 1, 2, 3, 4], broken: [2, 3])
        var rows: [UInt32] = []
        let failed = try stage.next { message -> WireJobFailed? in
            if let scores = scores(message) {
                rows += scores.rows.map(\.example)
                try? stage.acknowledge(scores)
            }
            return if case .jobFailed(let failed) = message { failed } else { nil }
        }
        #expect(rows == [0, 1, 4])
        #expect(failed.class == .data && failed.hasExample && failed.example == 2)
        #expect(failed.detail.contains("5000"))
        worker.shutdown()
        _ = try worker.wait()
    }

    @Test("a model that is not there is this worker's failure, of no example")
    func missingModel() throws {
        let stage = try WorkerStage()
        let worker = try stage.worker()
        _ = try stage.welcome()
        try FileManager.default.removeItem(atPath: stage.folder.path("model"))
        try stage.sendJob("job", examples: [0])
        let failed = try stage.next { if case .jobFailed(let failed) = $0 { failed } else { nil } }
        #expect(failed.class == .worker && !failed.hasExample)
        worker.shutdown()
        _ = try worker.wait()
    }

    @Test("says what its machine has, and which model it holds")
    func figures() throws {
        let stage = try WorkerStage()
        let worker = try stage.worker()
        let hello = try stage.welcome()
        #expect(hello.memoryBytes > 0 && hello.cores == 1 && hello.loadedModel.isEmpty)
        #expect(hello.device.kind == "cpu" && hello.device.computeUnits > 0 && hello.device.memoryBytes > 0)
        let beat = try stage.next { if case .heartbeat(let beat) = $0 { beat } else { nil } }
        #expect(beat.residentBytes > 0 && beat.freeMemoryBytes > 0 && beat.freeDiskBytes > 0)
        try stage.sendJob("job", examples: [0])
        try stage.acknowledge(try stage.next(scores))
        try stage.next { if case .jobDone = $0 { () } else { nil } }
        try stage.send(.reject(.with { $0.code = .session }))
        #expect(try !stage.welcome().loadedModel.isEmpty)
        worker.shutdown()
        _ = try worker.wait()
    }

    @Test("delivers at its next start what was not acknowledged, under the old lease, bit for bit")
    func spool() throws {
        let stage = try WorkerStage()
        let first = try stage.worker()
        _ = try stage.welcome()
        try stage.sendJob("job", examples: [4, 2])
        var left: [WireScores] = []
        while left.reduce(0, { $0 + $1.rows.count }) < 2 { left.append(try stage.next(scores)) }
        first.shutdown()
        #expect(try first.wait() == .unacknowledged(rows: 2))

        let second = try stage.worker()
        _ = try stage.welcome()
        for batch in left {
            let again = try stage.next(scores)
            #expect(again == batch)
            try stage.acknowledge(again)
        }
        try stage.next { if case .heartbeat(let beat) = $0, beat.spoolBytes == 0 { () } else { nil } }
        second.shutdown()
        _ = try second.wait()

        let third = try stage.worker()
        let hello = try stage.welcome()
        #expect(hello.leases.isEmpty)
        try stage.next { message in
            #expect(scores(message) == nil, "delivered again")
            return if case .heartbeat = message { () } else { nil }
        }
        third.shutdown()
        _ = try third.wait()
    }

    @Test("works for a coordinator of the minor version before, and of later ones", arguments: [0, 9] as [UInt8])
    func otherMinor(minor: UInt8) throws {
        let stage = try WorkerStage(minor: minor)
        let worker = try stage.worker()
        let hello = try stage.welcome()
        #expect(hello.protocolMinimum == 256)
        try stage.sendJob("job", examples: [0, 1])
        var rows = 0
        while rows < 2 {
            let scores = try stage.next(scores)
            rows += scores.rows.count
            try stage.acknowledge(scores)
        }
        try stage.next { if case .jobDone = $0 { () } else { nil } }
        try stage.send(.drain(WireDrain()))
        #expect(try worker.wait() == .drained)
    }
}

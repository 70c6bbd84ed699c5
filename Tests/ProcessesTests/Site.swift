import Foundation
import GRDB
import Store
import Testing

/// A demonstration with keys and a coordinator's place, for tests that start, stop and hurt the daemons.
struct Site {
    let demonstration: Demonstration
    let store: String
    let keys: String
    let endpoint: String

    init(_ demonstration: Demonstration) throws {
        self.demonstration = demonstration
        store = demonstration.store("site-\(UUID().uuidString.prefix(8))")
        keys = demonstration.folder.appendingPathComponent("keys-\(UUID().uuidString.prefix(8))").path
        endpoint = "tcp://127.0.0.1:\(try freePort())"
        try #require(try Programs.run("coord", ["keygen", "--keys", keys]).status == 0)
    }

    /// Of the site's own state, so that no test meets another's spool.
    private var environment: [String: String] { ["XDG_STATE_HOME": demonstration.folder.path] }

    /// How a client finds the coordinator.
    func client(_ key: String = "client") -> [String] {
        ["--coordinator", endpoint, "--key", "\(keys)/\(key)", "--coordinator-key", "\(keys)/coordinator.pub"]
    }

    var serving: [String] { ["serve", "--listen", endpoint, "--store", store, "--keys", keys] }

    func serve() throws -> Programs.Running { try Programs.Running("coord", serving, environment: environment) }

    /// A worker under a key of its name, which is made and admitted if it is new; before the coordinator starts, then.
    func makeKey(_ name: String) throws {
        try #require(try Programs.run("coord", ["keygen", name, "--keys", keys]).status == 0)
    }

    func work(_ name: String = "worker", _ options: [String] = []) throws -> Programs.Running {
        try Programs.Running(
            "worker", client(name) + ["--backend", "reference"] + options, environment: environment)
    }

    /// Hands the demonstration in; returns the run's name.
    func submit() throws -> String {
        let submitted = try Programs.run("coord", ["submit", demonstration.job.path] + client())
        try #require(submitted.status == 0, "\(submitted.errors)")
        return submitted.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Waits until the store's latest run has so many rows; fails when the coordinator ends before.
    func wait(for rows: Int, _ coordinator: Programs.Running) throws {
        let run = waitForRows(in: store, atLeast: rows, while: { coordinator.process.isRunning })
        try #require(run != nil, "\(coordinator.errors)")
    }

    /// Waits for the end of the store's latest run; returns its state.
    func waitForEnd(_ coordinator: Programs.Running) throws -> String {
        let changes = FolderChanges(URL(fileURLWithPath: store).deletingLastPathComponent())
        while true {
            let isRunning = coordinator.process.isRunning
            let run = try? StoreReader(store).read { try $0.runs().last }
            if let run, run.state != .running { return run.state.rawValue }
            try #require(isRunning, "\(coordinator.errors)")
            changes.wait(seconds: 1)
        }
    }

    /// Stops the coordinator in order, and holds what is stored to the oracle: every row of the manifest once, with the
    /// bits of an undisturbed run, nothing that disagrees, and a sound file.
    func expect(_ expected: [String: [UInt8]], after coordinator: Programs.Running) throws {
        coordinator.process.terminate()
        let ended = coordinator.wait()
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try storedRows(store) == expected)
        try StoreReader(store).read { view in
            let run = try #require(try view.runs().last)
            #expect(run.rows == run.rowsExpected)
            #expect(try view.disagreements(run: run.run).isEmpty)
        }
        #expect(try integrity(of: store) == "ok")
    }
}

/// What SQLite says of a store's soundness: `ok`, or what is wrong.
func integrity(of store: String) throws -> String? {
    var configuration = Configuration()
    configuration.readonly = true
    return try DatabaseQueue(path: store, configuration: configuration).read {
        try String.fetchOne($0, sql: "PRAGMA integrity_check")
    }
}

/// A port that was free a moment ago.
func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
    }
    try #require(bound)
    return UInt16(bigEndian: address.sin_port)
}

extension Programs.Running {
    /// Waits until it has written these words to its standard error; false when it ended without.
    func waitToSay(_ words: String) -> Bool {
        let changes = FolderChanges(files)
        while !errors.contains(words) {
            if !process.isRunning { return errors.contains(words) }
            changes.wait(seconds: 1)
        }
        return true
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }
}

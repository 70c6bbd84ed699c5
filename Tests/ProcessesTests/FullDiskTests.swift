import Foundation
import Store
import Testing

/// Fault 12: the coordinator's disk is full, and then it is not.
@Suite("A full disk")
struct FullDiskTests {
    @Test(
        "a coordinator whose disk is full claims nothing, and goes on when there is room",
        .enabled(if: SmallDisk.isAllowed, "mounting a tmpfs in a namespace is not allowed here"))
    func fullDisk() throws {
        let (demonstration, expected) = try FaultTests.shared.get()
        let site = try Site(demonstration)
        let disk = try SmallDisk(at: demonstration.folder.appendingPathComponent("disk").path, mebibytes: 16)
        defer { disk.remove() }
        let store = "\(disk.path)/store.sqlite"
        let serving = ["serve", "--listen", site.endpoint, "--store", store, "--keys", site.keys]
        var coordinator = try disk.run("coord", serving)
        _ = try site.submit()
        let worker = try site.work()
        while try rows(site) == 0 { try #require(coordinator.process.isRunning, "\(coordinator.errors)") }
        try disk.fill()
        #expect(coordinator.waitToSay("full"), "\(coordinator.errors)")
        try disk.free()
        // It may have left: then its supervisor starts it again.
        if !coordinator.process.isRunning { coordinator = try disk.run("coord", serving) }
        while try rows(site) < expected.count {
            if !coordinator.process.isRunning { coordinator = try disk.run("coord", serving) }
        }
        worker.process.terminate()
        #expect(worker.wait().status == 0, "\(worker.errors)")
        coordinator.process.terminate()
        #expect(coordinator.wait().status == 0, "\(coordinator.errors)")
        try disk.copy(store, to: site.store)
        #expect(try storedRows(site.store) == expected)
        #expect(try integrity(of: site.store) == "ok")
    }

    @Test(
        "the doctor knows the store's disk behind more mounts than a page of the kernel's list holds",
        .enabled(if: SmallDisk.isAllowed, "mounting a tmpfs in a namespace is not allowed here"))
    func mounts() throws {
        let folder = try Scratch.folder()
        let disk = try SmallDisk(at: folder.appendingPathComponent("disk").path, mebibytes: 8, behind: 60)
        defer { disk.remove() }
        let keys = folder.appendingPathComponent("keys").path
        #expect(try Programs.run("coord", ["keygen", "--keys", keys]).status == 0)
        let doctor = try disk.run("coord", ["doctor", "--store", "\(disk.path)/store.sqlite", "--keys", keys])
        #expect(doctor.wait().output.contains("\(disk.path) on tmpfs"))
    }

    /// Of the latest run, as its coordinator says; 0 while nobody answers.
    private func rows(_ site: Site) throws -> Int {
        let status = try Programs.run("coord", ["status", "--json"] + site.client())
        struct Answer: Decodable {
            let runs: [Run]
            struct Run: Decodable { let rows: Int }
        }
        guard status.status == 0 else { return 0 }
        return try JSONDecoder().decode(Answer.self, from: Data(status.output.utf8)).runs.last?.rows ?? 0
    }
}

/// A small tmpfs that only the processes see which are started in its namespace; gone with the one that holds it.
final class SmallDisk {
    let path: String
    private let holder: Process

    /// Whether this user may mount one.
    static let isAllowed = (try? tool(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])) == 0

    /// - Parameter others: how many other file systems lie below it.
    init(at path: String, mebibytes: Int, behind others: Int = 0) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        holder = Process()
        let output = Pipe()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        holder.arguments = [
            "unshare", "-m", "sh", "-c",
            """
            for each in $(seq \(others)); do mount -t ramfs ramfs "$0"; done
            mount -t tmpfs -o size=\(mebibytes)m tmpfs "$0" && echo ready && exec sleep infinity
            """, path,
        ]
        holder.standardOutput = output
        try holder.run()
        _ = output.fileHandleForReading.availableData
    }

    /// Starts one of our programs where the disk is.
    func run(_ name: String, _ arguments: [String]) throws -> Programs.Running {
        try Programs.Running(entering: enter, name, arguments)
    }

    /// Writes a file until there is no room.
    func fill() throws { _ = try SmallDisk.tool(enter + ["dd", "if=/dev/zero", "of=\(path)/filler", "bs=64k"]) }

    /// Makes room again.
    func free() throws { _ = try SmallDisk.tool(enter + ["rm", "\(path)/filler"]) }

    /// Takes a file out.
    func copy(_ file: String, to place: String) throws { _ = try SmallDisk.tool(enter + ["cp", file, place]) }

    func remove() {
        holder.terminate()
        holder.waitUntilExit()
    }

    private var enter: [String] { ["nsenter", "-t", "\(holder.processIdentifier)", "-m"] }

    private static func tool(_ words: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}

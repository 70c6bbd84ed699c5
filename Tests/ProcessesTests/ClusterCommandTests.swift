import Foundation
import Store
import Testing

@Suite("coord cluster")
struct ClusterCommandTests {
    private func cluster(_ words: String..., environment: [String: String] = [:]) throws -> Programs.Result {
        try Programs.run("coord", ["cluster"] + words, environment: environment)
    }

    @Test("local processes start, grow, shrink and stop in order, and a run goes on through all of it")
    func local() throws {
        let (demonstration, expected) = try FaultTests.shared.get()
        let folder = try Scratch.folder()
        let (directory, endpoint) = (folder.appendingPathComponent("cluster").path, "tcp://127.0.0.1:\(try freePort())")
        let (place, keys, store) = (["--directory", directory], "\(directory)/keys", "\(directory)/molt.sqlite")
        func act(_ words: String...) throws -> String {
            let result = try Programs.run(
                "coord", ["cluster"] + words + place + ["--listen", endpoint],
                environment: ["MOLT_BACKEND": "reference"])
            #expect(result.status == 0, "\(result.errors)")
            return result.output
        }
        defer { _ = try? Programs.run("coord", ["cluster", "down"] + place) }

        let up = try act("up", "--workers", "1")
        #expect(up.contains("coordinator runs") && up.contains("worker-1 runs"))
        #expect(try act("up", "--workers", "1") == "", "what runs already is left alone")
        let submitted = try Programs.run(
            "coord",
            [
                "submit", demonstration.job.path, "--coordinator", endpoint, "--key", "\(keys)/client",
                "--coordinator-key", "\(keys)/coordinator.pub",
            ])
        try #require(submitted.status == 0, "\(submitted.errors)")
        #expect(try act("scale", "--workers", "2").contains("worker-2 runs"))
        #expect(waitForRows(in: store, atLeast: 1, while: { true }) != nil)
        #expect(try act("scale", "--workers", "1") == "worker-2 has left\n")
        #expect(waitForRows(in: store, atLeast: expected.count, while: { true }) != nil)
        #expect(try act("down") == "worker-1 has left\ncoordinator has left\n")
        #expect(try storedRows(store) == expected)
        #expect(try integrity(of: store) == "ok")
        #expect(try act("down") == "", "there is nothing left to stop")
    }

    @Test("a coordinator that cannot start is said to have ended, with the log that says why")
    func ended() throws {
        let folder = try Scratch.folder().path
        let result = try cluster(
            "up", "--workers", "0", "--directory", folder, "--listen", "tcp://203.0.113.1:1")
        #expect(result.status != 0)
        #expect(result.errors.contains("coordinator did not start; \(folder)/coordinator.log says why"))
        #expect(try String(contentsOfFile: "\(folder)/coordinator.log", encoding: .utf8).contains("203.0.113.1"))
    }

    @Test(
        "--dry-run prints the commands of a launcher and runs none",
        arguments: [
            (
                "compose", "up",
                "podman-compose --file \(Programs.repository.path)/docker/compose.yaml up --detach --scale worker=3\n"
            ),
            (
                "kubernetes", "scale",
                "kubectl scale --namespace molt statefulset/molt-worker --replicas=3\n"
            ),
        ])
    func dryRun(launcher: String, verb: String, commands: String) throws {
        let result = try cluster(
            verb, "--workers", "3", "--launcher", launcher, "--from", Programs.repository.path, "--compose",
            "podman-compose", "--dry-run", environment: ["PATH": "/nowhere"])
        #expect(result.output == commands, "\(result.errors)")
        #expect(result.status == 0)
    }
}

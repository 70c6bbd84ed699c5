import Daemons
import Foundation
import Store
import TestSupport
import Testing

@Suite("coord doctor")
struct DoctorTests {
    let folder: TemporaryFolder
    var doctor = Doctor()

    init() throws {
        folder = try TemporaryFolder()
        doctor.store = folder.path()
        doctor.keys = KeyFolder(folder.path("keys"))
        doctor.listen = "tcp://127.0.0.1:*"
        doctor.spool = folder.path("spool")
        try doctor.keys.prepare()
        try ResultsStore(folder.path(), build: "0.1").close()
    }

    private func verdict(_ check: String) -> Finding? { doctor.findings().first { $0.check == check } }

    private func permit(_ mode: Int, _ name: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path(name))
    }

    @Test("a sound machine and store have no failed check")
    func sound() {
        let findings = doctor.findings()
        #expect(findings.filter { $0.verdict == .failed } == [])
        let checks = findings.map(\.check)
        for check in ["processor", "memory", "open files", "clock", "security", "port", "store pages", "store rows"] {
            #expect(checks.contains(check))
        }
        #expect(verdict("authorized keys")?.detail == "1 worker, 1 client, 0 viewers")
    }

    @Test(
        "each fault is named, with the way out",
        arguments: [
            ("keys/worker", 0o644, "key worker", "chmod 600"),
            ("keys/coordinator", 0o640, "key coordinator", "chmod 600"),
            ("keys", 0o755, "keys", "chmod 700"),
            ("keys/authorized_keys", 0o666, "authorized keys", "chmod go-w"),
        ])
    func permissions(name: String, mode: Int, check: String, way: String) throws {
        try permit(mode, name)
        let finding = verdict(check)
        #expect(finding?.verdict == .failed && finding?.detail.contains(way) == true)
    }

    @Test("a folder for the store that is not there is named")
    mutating func missingFolder() {
        doctor.store = folder.path("none/molt.sqlite")
        let finding = verdict("disk of the store")
        #expect(finding?.verdict == .failed && finding?.detail.contains(folder.path("none")) == true)
    }

    @Test("a list of keys that cannot be read is named by its line")
    func authorizedKeys() throws {
        try folder.write("wizard abc\n", to: "keys/authorized_keys")
        #expect(verdict("authorized keys")?.verdict == .failed)
    }

    @Test("a port that somebody has, or that is none, is named")
    mutating func port() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, length)
                _ = Glibc.listen(descriptor, 1)
                _ = getsockname(descriptor, $0, &length)
            }
        }
        doctor.listen = "tcp://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        #expect(verdict("port")?.verdict == .warning)
        #expect(verdict("port")?.detail.contains("choose another with --listen") == true)
        doctor.listen = "tcp://127.0.0.1:seven"
        #expect(verdict("port")?.verdict == .failed)
    }

    @Test("a missing store is no fault, a broken one and a missing model are")
    mutating func files() throws {
        doctor.store = folder.path("none.sqlite")
        #expect(verdict("store")?.verdict == .ok)
        #expect(!FileManager.default.fileExists(atPath: folder.path("none.sqlite")))
        doctor.store = try folder.write("no database", to: "broken.sqlite")
        #expect(verdict("store")?.verdict == .failed)
        doctor.models = [folder.path("model")]
        #expect(verdict("model \(folder.path("model"))")?.verdict == .failed)
    }

    @Test("a store on a file system of another machine or in memory is named", arguments: ["/dev/shm"])
    mutating func memory(path: String) throws {
        doctor.spool = path + "/molt/spool"
        #expect(verdict("disk of the spool")?.verdict == .warning)
    }
}

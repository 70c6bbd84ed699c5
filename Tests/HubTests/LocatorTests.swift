import Daemons
import Foundation
import Hub
import Testing

@Suite("A worker's look for a model")
struct LocatorTests {
    @Test("tries its folders, then the cache by content, the named path, and the cache by id")
    func order() throws {
        let bench = try Bench()
        let ids = ["mamba-130m", "mamba-370m"]
        let commit = String(repeating: "1", count: 40)
        let snapshots = try ids.map { id in
            let folder = bench.cache.root.appendingPathComponent("models/state-spaces/\(id)/snapshots/\(commit)")
            try write("{}", to: folder.appendingPathComponent("config.json"))
            let record = #"{"source":"x","checkpoint":"sha of \#(id)","files":[\#(file)]}"#
            try write(record, to: folder.appendingPathComponent("record.json"))
            try write(commit, to: bench.cache.root.appendingPathComponent("models/state-spaces/\(id)/refs/main"))
            return folder
        }
        let models = bench.cache.root.appendingPathComponent("mine")
        try write("", to: models.appendingPathComponent("mamba-130m/config.json"))
        let named = bench.cache.root.appendingPathComponent("named")
        try write("", to: named.appendingPathComponent("config.json"))

        let locator = ModelLocator(folders: [models], cache: bench.cache)
        let found = locator.candidates(id: "mamba-130m", sha256: "sha of mamba-370m", path: named.path)
        #expect(
            found.map(\.path)
                == [
                    models.appendingPathComponent("mamba-130m"), snapshots[1], named, snapshots[0],
                ].map(\.path))
        #expect(locator.candidates(id: "../mine/mamba-130m", sha256: "", path: "").isEmpty)
        #expect(locator.candidates(id: "mamba-370m", sha256: "sha of mamba-370m", path: "/absent").count == 1)
    }

    private let file = #"{"name":"config.json","size":2,"sha256":"\#(String(repeating: "0", count: 64))"}"#

    private func write(_ text: String, to url: URL) throws {
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }
}

import Foundation
import Testing

@Suite("Workers of one machine")
struct WorkerSharingTests {
    /// A `worker score` that answers line by line.
    private final class Scoring {
        let process = Process()
        private let (input, output) = (Pipe(), Pipe())

        init(model: String, folder: URL, arguments: [String] = ["--share-weights", "on"]) throws {
            try Programs.checkOpenFiles()
            process.executableURL = Programs.folder.appendingPathComponent("worker")
            process.arguments = ["score", "--model", model, "--batch", "1"] + arguments
            process.environment = ProcessInfo.processInfo.environment.merging(["XDG_RUNTIME_DIR": folder.path]) { $1 }
            process.standardInput = input
            process.standardOutput = output
            try process.run()
        }

        func answer() throws -> String {
            let request = #"{"id":"a","context":[5,6,7,8,9,10,11,12],"continuations":[[3,4],[5]]}"#
            try input.fileHandleForWriting.write(contentsOf: Data((request + "\n").utf8))
            var line = Data()
            while line.last != UInt8(ascii: "\n"), let byte = try output.fileHandleForReading.read(upToCount: 1) {
                line.append(byte)
            }
            return String(decoding: line, as: UTF8.self)
        }

        /// Kilobytes of shared weights that are resident, in whole and in this process's proportion; and their inode.
        func weights() throws -> (resident: Int, proportional: Int, inode: Substring) {
            // Foundation takes such a file's first pages for the whole where it asks for its length.
            let file = try #require(FileHandle(forReadingAtPath: "/proc/\(process.processIdentifier)/smaps"))
            let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
            var isWeights = false
            var (resident, proportional, inode) = (0, 0, Substring())
            for line in text.split(separator: "\n") {
                let fields = line.split(separator: " ", omittingEmptySubsequences: true)
                if fields[0].contains("-") {
                    isWeights = line.contains("/memfd:molt-weights")
                    if isWeights { inode = fields[4] }
                } else if isWeights, fields.count > 1, let kilobytes = Int(fields[1]) {
                    if fields[0] == "Rss:" { resident += kilobytes }
                    if fields[0] == "Pss:" { proportional += kilobytes }
                }
            }
            return (resident, proportional, inode)
        }

        func end() throws {
            try input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
    }

    @Test("keep a model's weights once, also when the one that packed them is killed")
    func shared() throws {
        let model = try Demonstration(benchmarks: ["piqa"]).folder.appendingPathComponent("model").path
        let folder = try Scratch.folder()
        let alone = try Scoring(model: model, folder: folder, arguments: [])
        let expected = try alone.answer()
        try alone.end()
        let first = try Scoring(model: model, folder: folder)
        #expect(try first.answer() == expected)
        let second = try Scoring(model: model, folder: folder)
        #expect(try second.answer() == expected)
        let (resident, proportional, inode) = try second.weights()
        #expect(resident > 0 && 2 * proportional <= resident + 8, "\(proportional) of \(resident) KiB")
        #expect(try !inode.isEmpty && first.weights().inode == inode)
        kill(first.process.processIdentifier, SIGKILL)
        first.process.waitUntilExit()
        let third = try Scoring(model: model, folder: folder)
        #expect(try third.answer() == expected)
        #expect(try third.weights().inode == inode)
        #expect(try second.answer() == expected)
        try second.end()
        try third.end()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
}

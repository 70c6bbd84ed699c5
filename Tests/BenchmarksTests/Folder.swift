import Benchmarks
import Foundation
import TestSupport

/// A folder of a test's own, gone with the value; its files go by their names alone in messages.
struct Folder {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    func file(_ name: String) -> URL {
        URL(fileURLWithPath: name, relativeTo: URL(fileURLWithPath: folder.url.path, isDirectory: true))
    }

    func write(_ bytes: [UInt8], to name: String) throws -> URL {
        try Data(bytes).write(to: file(name))
        return file(name)
    }

    /// The documents in the given text.
    static func documents(
        _ benchmark: BenchmarkName, _ text: String, labels: String? = nil, limit: Int? = nil
    ) throws -> [Document] {
        let folder = try Folder()
        let labelFile = try labels.map { try folder.write(Array($0.utf8), to: "rows.lst") }
        let data = try folder.write(Array(text.utf8), to: "rows.jsonl")
        return try Benchmarks.documents(benchmark: benchmark, data: data, labels: labelFile, limit: limit)
    }

    /// The message that the given bytes lead to, or nil when they load.
    static func message(
        _ benchmark: BenchmarkName, bytes: [UInt8], labels: String? = nil, limit: Int? = nil
    ) throws -> String? {
        let folder = try Folder()
        let labelFile = try labels.map { try folder.write(Array($0.utf8), to: "rows.lst") }
        let data = try folder.write(bytes, to: "rows.jsonl")
        do {
            _ = try Benchmarks.documents(benchmark: benchmark, data: data, labels: labelFile, limit: limit)
            return nil
        } catch let error as BenchmarkError {
            return error.description
        }
    }

    static func message(
        _ benchmark: BenchmarkName, _ text: String, labels: String? = nil, limit: Int? = nil
    ) throws -> String? {
        try message(benchmark, bytes: Array(text.utf8), labels: labels, limit: limit)
    }
}

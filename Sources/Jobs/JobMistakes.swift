import Benchmarks
import Foundation
import Mamba
import Operations
import Yams

extension JobFile {
    /// What is wrong with a job's entries, each read by itself: at most one mistake an entry.
    static func mistakes(yaml text: String, file: String, folder: URL) -> [JobFileError] {
        guard let root = try? compose(text, file: file), let mapping = root.mapping else { return [] }
        var found: [JobFileError] = []
        func note(_ read: () throws -> Void) {
            do { try read() } catch { if let error = error as? JobFileError { found.append(error) } }
        }
        var sweep = ReductionSweep(file: file)
        for (key, value) in mapping {
            note {
                let section = try Section(Node([(key, value)]), of: "a job", in: file, keys: JobKeys.job)
                let _: Precision? = try section.optional("precision") { try section.name($0, of: "precision") }
            }
            switch key.name {
            case "models":
                for node in value.sequence ?? [] {
                    note { _ = try Model(node, file: file, folder: folder, common: [], sweep: &sweep) }
                }
            case "benchmarks":
                for node in value.sequence ?? [] { note { _ = try BenchmarkRows(node, file: file, folder: folder) } }
            case "efficiency":
                for node in value.sequence ?? [] { note { _ = try Measure(node, file: file) } }
            case "reductions":
                for node in value.sequence ?? [] { note { _ = try sweep.expand([node]) } }
            default: break
            }
        }
        return found
    }
}

extension JobFileError {
    /// This mistake, and those that are others, by line.
    func besides(_ others: [JobFileError]) -> JobFileError {
        let further = others.filter { $0 != self }.sorted { ($0.line ?? 0) < ($1.line ?? 0) }
        return JobFileError(file: file, line: line, message: message, further: further)
    }
}

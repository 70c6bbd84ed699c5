import Benchmarks
import Foundation
import Mamba

/// What to evaluate: models × reductions × benchmarks, as a job file (YAML, or JSON, which is YAML too) lists it.
///
/// Paths are absolute: relative ones were taken from the job file's folder.
public struct JobFile: Sendable, Equatable {
    /// What the run is called, with a suffix that makes it unique.
    public var name: String
    public var models: [Model]
    public var tokenizer: URL
    public var benchmarks: [BenchmarkRows]
    /// Sweeps expanded, in the order written; no two are equal.
    public var reductions: [Reduction]
    public var precision: Precision

    /// A checkpoint to evaluate.
    public struct Model: Sendable, Equatable {
        public var id: String
        /// The checkpoint's folder.
        public var path: URL

        public init(id: String, path: URL) {
            self.id = id
            self.path = path
        }
    }

    /// A benchmark's rows on disk.
    public struct BenchmarkRows: Sendable, Equatable {
        public var name: BenchmarkName
        public var data: URL
        /// The labels, where the publisher keeps them in a file of their own.
        public var labels: URL?
        /// Only the first so many documents.
        public var limit: Int?
    }

    /// The arithmetic of the products.
    public enum Precision: String, Sendable, CaseIterable {
        case fp32
    }
}

/// A job file that cannot be used: names the file, the line, and what would be right.
public struct JobFileError: Error, Equatable, CustomStringConvertible {
    public let file: String
    public let line: Int?
    public let message: String

    public var description: String { line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)" }
}

extension JobFile {
    /// The job as JSON with sorted keys and absolute paths: what travels to a coordinator and is stored with the run.
    /// Equal jobs have equal texts, and reading it gives the job again.
    public var canonicalJSON: String {
        let models = models.map { #"{"id":\#(quoted($0.id)),"path":\#(quoted($0.path.path))}"# }
        let benchmarks = benchmarks.map { rows in
            var fields = [#""data":\#(quoted(rows.data.path))"#]
            if let labels = rows.labels { fields.append(#""labels":\#(quoted(labels.path))"#) }
            if let limit = rows.limit { fields.append(#""limit":\#(limit)"#) }
            fields.append(#""name":\#(quoted(rows.name.rawValue))"#)
            return "{\(fields.joined(separator: ","))}"
        }
        let fields = [
            #""benchmarks":[\#(benchmarks.joined(separator: ","))]"#,
            #""models":[\#(models.joined(separator: ","))]"#,
            #""name":\#(quoted(name))"#,
            #""precision":\#(quoted(precision.rawValue))"#,
            #""reductions":[\#(reductions.map(\.canonicalJSON).joined(separator: ","))]"#,
            #""tokenizer":\#(quoted(tokenizer.path))"#,
        ]
        return "{\(fields.joined(separator: ","))}"
    }

    private func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let data = try? encoder.encode(text) else { return "\"\"" }
        return String(decoding: data, as: UTF8.self)
    }
}

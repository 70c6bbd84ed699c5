import Benchmarks
import Foundation
import Store

/// A run in the files of lm-evaluation-harness, which its viewers and converters read: a folder for each model and
/// reduction with `results_TIME.json` and one `samples_TASK_TIME.jsonl` a benchmark.
///
/// What the harness has no place for stands under the key `molt` of the results.
public struct HarnessExport {
    /// The version whose layout the files have.
    static let harnessVersion = "0.4.13"

    private let view: StoreView
    private let report: RunReport
    private let folder: URL

    /// Writes the files of a run below `folder`, which is made if there is none; returns them.
    @discardableResult
    public static func write(
        _ view: StoreView, run: String, to folder: URL,
        bootstrapIterations: Int = Perplexity.bootstrapIterations
    ) throws -> [URL] {
        let report = try RunReport(view, run: run, bootstrapIterations: bootstrapIterations, comparing: false)
        return try HarnessExport(view: view, report: report, folder: folder).write()
    }

    private func write() throws -> [URL] {
        var shelf = DocumentShelf(view, benchmarks: report.benchmarks)
        let labels = ReductionLabels(report.cells.map(\.cell.reduction))
        let time = HarnessExport.timestamp(report.run.finished ?? report.run.created)
        var files: [URL] = []
        var names: Set<String> = []
        for group in report.groups {
            let name = HarnessExport.folderName(group[0].cell, labels, besides: names)
            names.insert(name)
            let target = folder.appendingPathComponent(name)
            try HarnessExport.reportingFailures(target) {
                try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            }
            var hashes: [(String, String)] = []
            for cell in group {
                let samples = HarnessSamples(try shelf.scores(of: cell.cell))
                hashes.append((cell.cell.benchmark, samples.taskHash))
                let file = target.appendingPathComponent("samples_\(cell.cell.benchmark)_\(time).jsonl")
                files.append(try HarnessExport.save(samples.text, to: file))
            }
            let results = HarnessResults(report: report, cells: group, taskHashes: hashes, name: name)
            let file = target.appendingPathComponent("results_\(time).json")
            files.append(try HarnessExport.save(results.text, to: file))
        }
        return files
    }

    private static func save(_ text: String, to file: URL) throws -> URL {
        try reportingFailures(file) { try Data(text.utf8).write(to: file, options: .atomic) }
        return file
    }

    private static func reportingFailures(_ url: URL, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as CocoaError {
            throw ReportError.notWritable(path: url.path, detail: error.localizedDescription)
        }
    }

    /// A folder's name without the characters that the harness replaces in a model's name, and unlike the others.
    private static func folderName(_ cell: CellRecord, _ labels: ReductionLabels, besides taken: Set<String>) -> String
    {
        let words = [cell.model, labels[cell.reduction], cell.precision].joined(separator: "__")
        let name = String(words.map { "\"<>:/|\\?*[] \n\t".contains($0) ? "_" : $0 })
        let candidates = [name] + (2...(taken.count + 2)).map { "\(name)-\($0)" }
        return candidates.first { !taken.contains($0) } ?? name
    }

    /// Universal time as in the harness's file names: `2024-05-01T12-34-56.123456`.
    private static func timestamp(_ seconds: Double) -> String {
        let whole = seconds.rounded(.down)
        let parts = Calendar.universal.dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: Date(timeIntervalSince1970: whole))
        return String(
            format: "%04d-%02d-%02dT%02d-%02d-%02d.%06d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0,
            parts.hour ?? 0, parts.minute ?? 0, parts.second ?? 0, Int((seconds - whole) * 1e6))
    }
}

extension Calendar {
    fileprivate static let universal: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()
}

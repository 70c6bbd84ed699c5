import Benchmarks
import Foundation
import Hashing

/// Fetches a benchmark's rows through the datasets server, page by page, and publishes them as JSON Lines.
struct BenchmarkFetch {
    let session: HubSession
    let name: BenchmarkName

    static let pageLength = 100

    func run() throws(HubError) -> Snapshot {
        let client = try session.client(session.settings.datasets)
        let (lines, revision) = try rows(of: configuration(client), client)
        let data = Data(lines.joined(separator: [0x0A]) + [0x0A])
        let sha256 = Hashing.sha256(data)
        let file = SnapshotRecord.File(
            name: "\(name.description.split).jsonl", size: data.count, sha256: sha256)
        let blob = session.cache.blob(sha256)
        if Disk.size(blob) != data.count { try Disk.write(data, to: blob) }
        chmod(blob.path, 0o444)
        let record = SnapshotRecord(
            source: name.description.hubDataset, revision: revision, files: [file], rows: lines.count)
        let writer = SnapshotWriter(session: session, subject: .benchmark(name), name: sha256)
        let snapshot = try writer.write(record) { folder, _ throws(HubError) in try check(folder, file) }
        try writer.refer(from: "main")
        return snapshot
    }

    /// Whether Molt reads the rows, before anyone relies on them.
    private func check(_ folder: URL, _ file: SnapshotRecord.File) throws(HubError) {
        do {
            _ = try documents(benchmark: name, data: folder.appendingPathComponent(file.name))
        } catch {
            let reason = "\(error)".replacingOccurrences(of: folder.path, with: "\(name.description.hubDataset)")
            throw HubError(.answer, "the rows of \(name.rawValue) came, but cannot be used: \(reason)")
        }
    }

    /// The data set's configuration; where the benchmark names none, the only one that has the split.
    private func configuration(_ client: HTTPClient) throws(HubError) -> String {
        if let configuration = name.description.hubConfiguration { return configuration }
        struct Answer: Decodable {
            struct Split: Decodable {
                var config: String
                var split: String
            }
            var splits: [Split]
        }
        let dataset = name.description.hubDataset
        let answer = try session.json("/splits?dataset=\(percentEncoded(dataset))", from: client, explain: explain)
        guard let splits = try? JSONDecoder().decode(Answer.self, from: Data(answer.bytes)).splits else {
            throw HubError(
                .answer, "the splits of \(dataset) are not the JSON that the datasets server's interface describes")
        }
        let matching = splits.filter { $0.split == name.description.split }.map(\.config)
        guard matching.count == 1, let configuration = matching.first else {
            throw HubError(
                .answer,
                "\(dataset) has \(matching.count) configurations with a split '\(name.description.split)', where one is "
                    + "expected; take the rows from \(name.description.origin) and name them with the job's key 'data'")
        }
        return configuration
    }

    /// All rows, one JSON object each, and the commit that the server read them from, where it says.
    private func rows(
        of configuration: String, _ client: HTTPClient
    ) throws(HubError) -> (lines: [[UInt8]], revision: String?) {
        let description = name.description
        let query =
            "/rows?dataset=\(percentEncoded(description.hubDataset))&config=\(percentEncoded(configuration))"
            + "&split=\(percentEncoded(description.split))"
        var lines: [[UInt8]] = []
        var revision: String?
        while lines.count < description.publishedCount {
            let answer = try session.json(
                "\(query)&offset=\(lines.count)&length=\(Self.pageLength)", from: client, explain: explain)
            let page = try RowPage(
                answer.bytes, offset: lines.count, columns: description.hubColumns, dataset: description.hubDataset)
            let stated = answer.head["x-revision"].flatMap { isCommit($0) ? $0 : nil }
            guard lines.isEmpty || stated == revision else {
                throw HubError(.answer, "\(description.hubDataset) changed while its rows were read; fetch it again")
            }
            revision = stated
            guard page.total == description.publishedCount else {
                throw HubError(
                    .answer,
                    "\(description.hubDataset) has \(page.total) rows in '\(description.split)', where "
                        + "\(description.publishedCount) were published; scores would not compare. Rows of your own go "
                        + "into the job's key 'data'")
            }
            guard !page.rows.isEmpty, lines.count + page.rows.count <= page.total else {
                throw HubError(
                    .answer,
                    "\(description.hubDataset) gives \(page.rows.count) rows from \(lines.count) on, of \(page.total)")
            }
            lines += page.rows
            session.report(.rows(benchmark: name.rawValue, have: lines.count, total: page.total))
        }
        return (lines, revision)
    }

    private func explain(_ answer: ErrorAnswer) -> HubError {
        let dataset = name.description.hubDataset
        return answer.explained(
            place: dataset, page: "\(session.settings.endpoint.text)/datasets/\(dataset)",
            hasToken: session.settings.token != nil,
            missing:
                "the datasets server has no rows of \(dataset); take them from \(name.description.origin) and name "
                + "them with the job's key 'data'")
    }
}

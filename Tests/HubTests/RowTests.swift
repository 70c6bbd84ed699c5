import Benchmarks
import Foundation
import Hub
import TestSupport
import Testing

@Suite("Rows from the hub")
struct RowTests {
    /// The rows of a data set that the server has, and how it gives them out.
    private struct Source: Sendable {
        var rows: [String]
        var columns: [String]
        var total: Int?
        var truncated: String = "[]"
        var shift = 0
        var isPartial = false
        var extra = ""

        func reply(_ asked: Asked, revision: String? = String(repeating: "c", count: 40)) -> Reply {
            let items = URLComponents(string: asked.path)?.queryItems ?? []
            let numbers = items.reduce(into: [String: Int]()) { $0[$1.name] = Int($1.value ?? "") }
            let offset = numbers["offset"] ?? 0
            let features = columns.enumerated().map { #"{"feature_idx":\#($0),"name":"\#($1)","type":{}}"# }
            let page = rows.indices.dropFirst(offset).prefix(numbers["length"] ?? 0).map {
                #"{"row_idx":\#($0 + shift),"row":\#(rows[$0]),"truncated_cells":\#(truncated)}"#
            }
            return .json(
                """
                {"features":[\(features.joined(separator: ","))], "rows": [\(page.joined(separator: " ,\n"))],
                "num_rows_total":\(total ?? rows.count),"num_rows_per_page":100,"partial":\(isPartial)\(extra)}
                """, revision.map { [("X-Revision", $0)] } ?? [])
        }
    }

    /// As many rows as were published of WinoGrande.
    private let winogrande = Source(
        rows: (0..<1267).map {
            #"{"sentence": "The _ \#($0) \"is\" [ré{d} \u00e9.", "option1":"cat","option2":"dog","answer":"1"}"#
        }, columns: ["sentence", "option1", "option2", "answer"])

    @Test("are put together from pages, as they are written there")
    func pages() throws {
        let server = try LocalServer { [winogrande] asked in
            asked.path.contains("offset=200") && asked.times == 0 ? .error(500) : winogrande.reply(asked)
        }
        let bench = try Bench()
        let snapshot = try bench.fetcher(server).fetch(.benchmark(.winogrande))
        #expect(snapshot.location.lastPathComponent == "validation.jsonl")
        #expect(snapshot.record.rows == 1267)
        #expect(snapshot.record.source == "allenai/winogrande")
        #expect(snapshot.record.revision == String(repeating: "c", count: 40))
        let lines = try String(contentsOf: snapshot.location, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 1267)
        #expect(
            lines[7] == #"{"sentence":"The _ 7 \"is\" [ré{d} \u00e9.","option1":"cat","option2":"dog","answer":"1"}"#)
        #expect(try documents(benchmark: .winogrande, data: snapshot.location).count == 1267)
        #expect(
            server.asked[1].path
                == "/rows?dataset=allenai%2Fwinogrande&config=winogrande_xl&split=validation&offset=100&length=100")
        #expect(server.asked.count == 14)
        #expect(bench.cache.benchmark(.winogrande) == snapshot.location)
        #expect(try bench.fetcher(nil, offline: true).fetch(.benchmark(.winogrande)) == snapshot)
    }

    @Test("keep the order of keys inside a column, which the harness hashes")
    func order() throws {
        let rows = (0..<1172).map {
            #"{"id":"q\#($0)","question":"Why?","choices":{"text":["a","b"],"label":["A","B"]},"answerKey":"B"}"#
        }
        let source = Source(rows: rows, columns: ["id", "question", "choices", "answerKey"])
        let server = try LocalServer { source.reply($0, revision: nil) }
        let bench = try Bench()
        let snapshot = try bench.fetcher(server).fetch(.benchmark(.arcChallenge))
        #expect(try bench.content(snapshot) == Array((rows.joined(separator: "\n") + "\n").utf8))
        #expect(snapshot.record.revision == nil)
    }

    @Test("of a data set without named configurations come from the one that has the split", arguments: [1, 2])
    func configuration(count: Int) throws {
        let rows = (0..<1838).map { #"{"goal":"go \#($0)","sol1":"a","sol2":"b","label":\#($0 % 2)}"# }
        let source = Source(rows: rows, columns: ["goal", "sol1", "sol2", "label"])
        let splits = (0..<count).map { #"{"dataset":"baber/piqa","config":"plain\#($0)","split":"validation"}"# }
        let server = try LocalServer { asked in
            asked.path == "/splits?dataset=baber%2Fpiqa"
                ? .json(#"{"splits":[{"dataset":"x","config":"y","split":"train"},\#(splits.joined(separator: ","))]}"#)
                : source.reply(asked)
        }
        let bench = try Bench()
        if count == 1 {
            #expect(try bench.fetcher(server).fetch(.benchmark(.piqa)).record.rows == 1838)
            #expect(server.asked("config=plain0").count == 19)
        } else {
            let error = failure { _ = try bench.fetcher(server).fetch(.benchmark(.piqa)) }
            #expect(error?.is(.answer, saying: "has 2 configurations") == true)
        }
    }

    enum Fault: CaseIterable {
        case fewer, cutCells, gap, column, partial, notAnObject, twice, notReadable, empty, changing, absent, page
    }

    @Test("are refused where they are not the published ones", arguments: Fault.allCases)
    func faults(fault: Fault) throws {
        let server = try LocalServer { [winogrande] asked in
            var source = winogrande
            switch fault {
            case .fewer: source.total = 1266
            case .cutCells: source.truncated = #"["sentence"]"#
            case .gap: source.shift = asked.path.contains("offset=100&") ? 1 : 0
            case .column: source.columns.removeLast()
            case .partial: source.isPartial = true
            case .notAnObject: source.rows[3] = "[1]"
            case .twice: source.extra = #","rows":[]"#
            case .notReadable: source.rows[3] = #"{"sentence":"a _ b","option1":"a","option2":"b","answer":"3"}"#
            case .empty: if asked.path.contains("offset=100&") { source.rows = Array(source.rows.prefix(100)) }
            case .changing:
                return source.reply(
                    asked, revision: String(repeating: asked.path.contains("=100&") ? "d" : "c", count: 40))
            case .absent: return .error(404, "DatasetNotFound")
            case .page: return Reply(headers: [("Content-Type", "text/html")], body: Array("<html>".utf8))
            }
            if fault == .empty { source.total = 1267 }
            return source.reply(asked)
        }
        let words =
            switch fault {
            case .fewer: "has 1266 rows in 'validation', where 1267 were published"
            case .cutCells: "shortened sentence of row 0"
            case .gap: "come as 101 where 100 should stand"
            case .column: "have no column 'answer'"
            case .partial: "are there in part only"
            case .notAnObject, .twice: "a row that is no object, or a key twice"
            case .notReadable: "allenai/winogrande/validation.jsonl:4: key 'answer' holds '3'"
            case .empty: "gives 0 rows from 100 on"
            case .changing: "changed while its rows were read"
            case .absent: "the datasets server has no rows of allenai/winogrande"
            case .page: "not with JSON"
            }
        let bench = try Bench()
        let error = failure { _ = try bench.fetcher(server).fetch(.benchmark(.winogrande)) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "no error")")
        #expect(bench.cache.benchmark(.winogrande) == nil)
    }

    @Test("of HellaSwag are not asked for")
    func hellaswag() throws {
        let server = try LocalServer { _ in .error(500) }
        let error = failure { _ = try Bench().fetcher(server).fetch(.benchmark(.hellaswag)) }
        #expect(error?.is(.refused, saying: "taken down on a rights holder's notice") == true)
        #expect(error?.description.contains("the job's key 'data'") == true)
        #expect(server.asked.isEmpty)
    }

    @Test("have no revision to choose")
    func revision() throws {
        let error = failure { _ = try Bench().fetcher(nil).fetch(.benchmark(.piqa), revision: "main") }
        #expect(error?.is(.setting, saying: "piqa has no --revision") == true)
    }
}

import Benchmarks
import Foundation
import Reports
import TestSupport
import Testing

@Suite("The paper's printed values")
struct PrintedTests {
    @Test("equal the shared copy field by field", .enabled(if: Shared.isAvailable, Shared.explanation))
    func shared() throws {
        let data = try Data(contentsOf: try Shared.url("paper/results.json"))
        let paper = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        func rows(_ key: String) throws -> [[String: Any]] { try #require(paper[key] as? [[String: Any]]) }
        var expected = try rows("table1_and_2").map {
            ($0["model"] as? String)?.hasPrefix("mamba2") == true ? (1, $0) : (2, $0)
        }
        for (table, key) in [
            (3, "table3_importance_metric"), (4, "table4_locations"), (5, "table5_design_choices"), (6, "table6_ltmp"),
        ] { expected += try rows(key).map { (table, $0) } }
        #expect(PrintedTables.rows.count == expected.count)

        for (row, (table, fields)) in zip(PrintedTables.rows, expected.sorted { $0.0 < $1.0 }) {
            let place = "Table \(table): \(fields)"
            #expect(row.table == table && row.model == fields["model"] as? String, "\(place)")
            #expect(row.method == fields["method"] as? String ?? "utrc", "\(place)")
            if let flops = fields["flops_reduction"] as? Double { #expect(row.flops == flops, "\(place)") }
            for column in PaperColumn.allCases {
                #expect(row[column] == fields[column.rawValue] as? Double, "\(place) \(column)")
            }
            #expect(row.design.importance == fields["metric"] as? String ?? "clip", "\(place)")
            #expect(row.design.layers == fields["layers"] as? [Int], "\(place)")
            #expect(row.design.hiddenPrune == share(fields["hidden"], otherwise: 0.5), "\(place)")
            #expect(row.design.residualPrune == share(fields["residual"], otherwise: 0), "\(place)")
        }
    }

    private func share(_ field: Any?, otherwise: Double) -> Double? {
        switch field as? String {
        case nil: otherwise
        case "merge": 0
        case "prune": 1
        case let text?: Double(text.dropFirst(2))
        }
    }

    static let utrc = """
        {"align":"tail","flops":0.3,"hidden_prune":0.5,"importance":"clip","method":"utrc","residual_prune":0,\
        "scope":"sequence","source":"ssm","variant":"paper"}
        """

    /// WinoGrande's figure that stands beside a full run of mamba2-2.7b.
    @Test(
        "stand beside a cell only when it is really the paper's",
        arguments: [
            (#"{"method":"none"}"#, "64"), (utrc, "63.9"),
            (utrc.replacingOccurrences(of: "paper", with: "released"), "63.9"),
            (utrc.replacingOccurrences(of: "\"flops\"", with: "\"layers\":[12,17,22,27,32,37,42],\"flops\""), "63.9"),
            (utrc.replacingOccurrences(of: "\"flops\"", with: "\"layers\":[1,2],\"flops\""), nil),
            (utrc.replacingOccurrences(of: "0.3", with: "0.25"), nil),
            (utrc.replacingOccurrences(of: "flops", with: "keep_ratio"), nil),
            (utrc.replacingOccurrences(of: "tail", with: "position"), nil),
            (utrc.replacingOccurrences(of: "ssm", with: "gated"), nil),
            (utrc.replacingOccurrences(of: "0.5", with: "0.4"), nil),
            (#"{"flops":0.3,"method":"utrc","scope":"context","variant":"paper"}"#, nil),
            (#"{"align":"tail","flops":0.1,"method":"ltmp","scope":"sequence","variant":"paper"}"#, "62.2"),
            (#"{"align":"tail","flops":0.1,"method":"front","scope":"sequence","variant":"paper"}"#, nil),
        ])
    func matches(reduction: String, printed: String?) throws {
        let documents = (0..<1267).map(Document.twoChoices)
        let sample = try SampleRun(
            [(.winogrande, documents)], reductions: [reduction], model: "mamba2-2.7b", shape: "mamba2-2.7b")
        try sample.score(cell: 0, [(0, [(-1, false), (-2, false)])])
        let expected = printed.map { "\"printed\": \($0)" } ?? "\"printed\": null"
        let text = try sample.report().json(indent: 1)
        #expect(text.contains(expected + (printed == "64" ? ".0" : "")))
        #expect(try sample.report().table().contains("printed, Table") == (printed != nil))
    }

    @Test(
        "stand beside no other model, shape, or part of a benchmark",
        arguments: [
            ("mamba2-2.7b", "mamba2-2.7b", 1266, nil), ("mamba2-2.7b", "mamba2-2.7b", 1267, 1267),
            ("mamba2-2.7b", "tiny", 1267, nil), ("mine", "mamba2-2.7b", 1267, nil),
        ] as [(String, String, Int, Int?)])
    func others(model: String, shape: String, documents: Int, limit: Int?) throws {
        let sample = try SampleRun(
            [(.winogrande, (0..<documents).map(Document.twoChoices))], model: model, shape: shape, limit: limit)
        try sample.score(cell: 0, [(0, [(-1, false), (-2, false)])])
        #expect(try !sample.report().table().contains("printed"))
    }

    @Test("come with what is odd about them")
    func misprints() throws {
        let sample = try SampleRun(
            [(.lambadaOpenAI, (0..<5153).map(Document.lastWord))], reductions: [Self.utrc], model: "mamba2-2.7b",
            shape: "mamba2-2.7b")
        try sample.score(cell: 0, [(0, [(-1, false)])])
        let note = "Table 1 prints 42.61 where Table 5 prints 40.61 for the same setting."
        let report = try sample.report()
        #expect(report.table().contains("42.61 [1]") && report.table().contains("[1] " + note))
        for text in [report.html(), report.latex(), report.csv(), report.json()] { #expect(text.contains(note)) }
    }
}

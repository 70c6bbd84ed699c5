import Benchmarks
import Foundation
import FoundationXML
import Reports
import Testing

@Suite("The formats for papers, spreadsheets and browsers")
struct FormatTests {
    static let reductions = [
        #"{"method":"none"}"#, #"{"flops":0.1,"method":"utrc","scope":"context","variant":"paper"}"#,
        #"{"flops":0.2,"method":"utrc","scope":"context","variant":"paper"}"#,
        #"{"flops":0.2,"method":"utrc","scope":"context","variant":"released"}"#,
    ]

    /// Six benchmarks of 8 documents; every reduction answers one more document wrongly, and `missing` of the last
    /// cell's are not there.
    func sample(model: String = "tiny", missing: Int = 0) throws -> SampleRun {
        let benchmarks = BenchmarkName.allCases.map { name in
            (name: name, documents: (0..<8).map(name == .lambadaOpenAI ? Document.lastWord : Document.twoChoices))
        }
        let sample = try SampleRun(benchmarks, reductions: Self.reductions, model: model)
        let cells = Self.reductions.count * benchmarks.count
        for cell in 0..<cells {
            let (reduction, benchmark) = (cell / benchmarks.count, cell % benchmarks.count)
            let documents = cell == cells - 1 ? 8 - missing : 8
            try sample.score(
                cell: cell, flopsReduction: [0, 0.1, 0.2, 0.2][reduction],
                (0..<documents).map { document in
                    let right = document >= reduction + 1
                    return benchmarks[benchmark].name == .lambadaOpenAI
                        ? (document, [(loglikelihood: right ? -1 : -3, greedy: right)])
                        : (document, [(right ? -1 : -9, false), (-5, false)])
                })
        }
        try sample.end(missing == 0 ? .complete : .incomplete)
        return sample
    }

    @Test("the average is the mean of six complete accuracies, with their combined error")
    func average() throws {
        let json = try JSONSerialization.jsonObject(with: Data(try sample().report().json().utf8))
        let rows = try #require((json as? [String: Any])?["paper_table"] as? [[String: Any]])
        let average = try #require(rows[1]["average"] as? [String: Any])
        #expect(average["value"] as? Double == 0.75)
        // √(0.75·0.25/7) for each of the six, over √6.
        let error = try #require(average["standard_error"] as? Double)
        #expect(abs(error - (0.75 * 0.25 / 7 / 6).squareRoot()) < 1e-15)
        let interval = try #require(average["interval"] as? [Double])
        for (end, sign) in zip(interval, [-1.0, 1]) {
            #expect(abs(end - (0.75 + sign * 1.959964 * error)) < 1e-6)
        }
    }

    @Test("without all documents there is no average, and the cell is marked in every format")
    func partial() throws {
        let report = try sample(missing: 1).report()
        for text in [report.table(), report.html(), report.latex()] {
            let marked = ["42.9*", "42.9 $\\pm$ 20.2*", "42.9 ± 20.2*"].contains { text.contains($0) }
            #expect(text.contains("5/6") && marked)
        }
        #expect(report.markdown().contains("42.9 ± 20.2\\*") && report.markdown().contains("5/6"))
        let csv = report.csv().split(separator: "\r\n")
        #expect(csv.count { $0.contains("winogrande") && $0.contains(",7,8,false,acc,true,") } == 1)
        #expect(csv.count { $0.contains(",average,") } == 3)
        #expect(report.json().contains("\"average\": null"))
    }

    @Test("CSV has a line for each figure, with every field in its place")
    func csv() throws {
        let lines = try sample(model: "a,\"b\"\nc").report().csv().components(separatedBy: "\r\n")
        #expect(lines[0] == RunReport.csvColumns.map(\.name).joined(separator: ","))
        // Per reduction: two metrics for LAMBADA, one for WinoGrande, two for each of four others, and the average.
        #expect(lines.count == 1 + 4 * 12 + 1 && lines.last == "")
        let fields = parsed(lines[1])
        #expect(fields.count == RunReport.csvColumns.count)
        let record = Dictionary(uniqueKeysWithValues: zip(RunReport.csvColumns.map(\.name), fields))
        #expect(record["model"] == "a,\"b\"\nc" && record["benchmark"] == "lambada_openai")
        #expect(record["metric"] == "perplexity" && record["documents"] == "8" && record["complete"] == "true")
        #expect(record["value"].flatMap(Double.init).map { abs($0 - 3.4903429574618414) < 1e-12 } == true)
    }

    /// The fields of an RFC 4180 line.
    private func parsed(_ line: String) -> [String] {
        var fields = [""]
        var quoted = false
        for character in line {
            switch character {
            case "\"": quoted.toggle()
            case "," where !quoted: fields.append("")
            default: fields[fields.count - 1].append(character)
            }
            // A quotation mark that opens again right after one that closed stands for itself.
            let isDoubled = character == "\"" && quoted && !fields[fields.count - 1].isEmpty
            if isDoubled { fields[fields.count - 1].append("\"") }
        }
        return fields
    }

    @Test("LaTeX has as many columns as it announces and balanced braces, whatever a model is called")
    func latex() throws {
        let text = try sample(model: #"50%_\evil{&}$#~^<é>"#, missing: 1).report().latex()
        let body = text.components(separatedBy: "\\toprule")[1].components(separatedBy: "\\bottomrule")[0]
        let rows = body.components(separatedBy: "\n").filter { $0.hasSuffix("\\\\") }
        #expect(rows.count == 5)
        for row in rows {
            #expect(row.replacingOccurrences(of: "\\&", with: "").count { $0 == "&" } == 13)
        }
        let bare = text.replacingOccurrences(of: "\\{", with: "").replacingOccurrences(of: "\\}", with: "")
        #expect(bare.count { $0 == "{" } == bare.count { $0 == "}" })
        let name = ##"50\%\_\textbackslash{}evil\{\&\}\$\#\textasciitilde{}\textasciicircum{}\textless{}é"##
        #expect(rows[1].hasPrefix(name))
        #expect(text.contains("{@{}llllrrrrrrrrrr@{}}"))
    }

    @Test("Markdown keeps the text of a store as text")
    func markdown() throws {
        let text = try sample(model: "a|b_<i>\n# c").report().markdown()
        #expect(text.contains(##"| a\|b\_\<i\> \# c | utrc | 20 % | released |"##))
        let table = text.components(separatedBy: "\n").filter { $0.hasPrefix("| a") }
        #expect(!table.isEmpty && !text.contains("<i>"))
    }

    @Test(
        "the page is well-formed, loads nothing and runs nothing, whatever a model is called",
        arguments: ["tiny", "<script>alert(1)</script>", #""><img src=x onerror="a">'&amp;"#, "\u{202E}\u{0}]]>"])
    func page(model: String) throws {
        let page = try sample(model: model, missing: 1).report().html()
        let parser = XMLParser(data: Data(page.utf8))
        #expect(parser.parse(), "\(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "")")
        for text in ["<script", "<img", "http://", "https://", "url(", "@import", "src=x onerror=\"a\""] {
            #expect(!page.contains(text), "\(text)")
        }
        for text in ["<caption>", "scope=\"col\"", "role=\"img\"", "prefers-color-scheme:dark", "@media print"] {
            #expect(page.contains(text), "\(text)")
        }
        let ids = page.components(separatedBy: " id=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
        #expect(Set(ids).count == ids.count)
    }

    @Test("the page lists some flips of many, and says where the others are")
    func flips() throws {
        let documents = (0..<200).map(Document.twoChoices)
        let sample = try SampleRun([(.piqa, documents)], reductions: Array(Self.reductions.prefix(2)))
        try sample.score(cell: 0, documents.map { ($0.id, [(-1, false), (-2, false)]) })
        try sample.score(cell: 1, documents.map { ($0.id, [(-2, false), (-1, false)]) })
        let page = try sample.report().html()
        let command = "coord compare r1 --between none &#39;utrc flops=0.1&#39; --flips"
        #expect(page.contains("60 of them, spread over all comparisons. All of a comparison, such as: \(command)"))
        #expect(page.components(separatedBy: "<td>lost</td>").count == 61)
        let run = try sample.comparable()
        let named = try ComparisonOfRuns(baseline: run, candidate: run, between: ("none", "utrc flops=0.1"))
        #expect(named.text(flips: true).components(separatedBy: "\n  lost: ").count == 201)
    }
}

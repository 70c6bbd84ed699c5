import Benchmarks
import Foundation
import Reports
import Testing

@Suite("Comparing runs")
struct ComparisonOfRunsTests {
    let other = String(repeating: "ef", count: 32)

    func compare(
        _ first: SampleRun, _ second: SampleRun, between: (baseline: String, candidate: String)? = nil
    ) throws -> ComparisonOfRuns {
        try ComparisonOfRuns(
            baseline: first.comparable(), candidate: second.comparable(), between: between, resamples: 0)
    }

    func error(_ body: () throws -> ComparisonOfRuns) -> ComparisonError? {
        do {
            _ = try body()
            return nil
        } catch { return error as? ComparisonError }
    }

    @Test("pairs cells of equal model, reduction and benchmark, and names those without a partner")
    func pairing() throws {
        let documents = (0..<4).map { Paired.document($0) }
        let first = try SampleRun([(.piqa, documents)], reductions: [Paired.none, Paired.utrc()], run: "a")
        let second = try SampleRun(
            [(.piqa, documents)], reductions: [Paired.utrc(), Paired.utrc(0.3)], run: "b")
        try first.score(cell: 1, Paired.rows([true, true, false, true]))
        try second.score(cell: 0, Paired.rows([true, false, false, true]))
        let comparison = try compare(first, second)
        #expect(comparison.families.map(\.title) == ["tiny, fp32: b against a"])
        let pair = try #require(comparison.families.first?.comparisons.first)
        #expect(pair.baseline.run == "a" && pair.candidate.run == "b" && pair.accuracy?.onlyBaseline == 1)
        #expect(pair.baseline.label == "utrc flops=0.2" && !comparison.isPartial)
        #expect(comparison.unmatched == ["a, tiny, none, fp32, piqa", "b, tiny, utrc flops=0.3, fp32, piqa"])
        #expect(comparison.text().contains("not compared: a, tiny, none, fp32, piqa"))
    }

    @Test("what each run has one of need not be equal: a reduction, a model, a precision")
    func single() throws {
        let documents = (0..<2).map { Paired.document($0) }
        let first = try SampleRun([(.piqa, documents)], run: "a")
        let second = try SampleRun(
            [(.piqa, documents)], reductions: [Paired.utrc()], run: "b", model: "small", modelSHA256: other,
            tokenizerSHA256: other, precision: "bf16")
        try first.score(cell: 0, Paired.rows([true, true]))
        try second.score(cell: 0, Paired.rows([true, false]))
        let comparison = try compare(first, second)
        #expect(comparison.families.map(\.title) == ["small against tiny, bf16 against fp32: b against a"])
        let pair = try #require(comparison.families.first?.comparisons.first)
        #expect(pair.documents == 2)
        #expect(pair.cautions == [.tokenizers(baseline: SampleRun.hash, candidate: other)])
    }

    @Test("joins on content, not on row numbers, and says that the data differ")
    func otherData() throws {
        let first = try SampleRun([(.piqa, (0..<3).map { Paired.document($0) })], run: "a")
        let second = try SampleRun(
            [(.piqa, [2, 5, 1].enumerated().map { Paired.document($0, content: $1) })], run: "b", dataSHA256: other)
        try first.score(cell: 0, Paired.rows([true, true, false]))
        try second.score(cell: 0, Paired.rows([true, true, true]))
        let pair = try #require(try compare(first, second).families.first?.comparisons.first)
        #expect(pair.documents == 2 && pair.baselineUnpaired == 1 && pair.candidateUnpaired == 1)
        #expect(pair.flips.map { [$0.baseline.document, $0.candidate.document] } == [[2, 0]])
        #expect(pair.cautions == [.data(benchmark: "piqa", baseline: SampleRun.hash, candidate: other)])
    }

    @Test("one model id with two weights, or two tokenizers, is refused")
    func identities() throws {
        let documents = [Paired.document(0)]
        let first = try SampleRun([(.piqa, documents)], run: "a")
        let weights = try SampleRun([(.piqa, documents)], run: "b", modelSHA256: other)
        let tokenizer = try SampleRun([(.piqa, documents)], run: "b", tokenizerSHA256: other)
        #expect(
            error { try compare(first, weights) }
                == .weights(model: "tiny", baseline: SampleRun.hash, candidate: other))
        #expect(
            error { try compare(first, tokenizer) }
                == .tokenizer(model: "tiny", benchmark: "piqa", baseline: SampleRun.hash, candidate: other))
    }

    @Test("two reductions of one run are named by label, method or canonical JSON")
    func between() throws {
        let sample = try SampleRun(
            [(.piqa, [Paired.document(0)])], reductions: [Paired.none, Paired.utrc(), Paired.utrc(0.3)])
        for cell in 0..<3 { try sample.score(cell: cell, Paired.rows([cell != 1])) }
        for name in ["utrc flops=0.2", Paired.utrc()] {
            let comparison = try compare(sample, sample, between: ("none", name))
            #expect(comparison.families.map(\.title) == ["tiny, fp32: utrc flops=0.2 against none"])
            #expect(comparison.families[0].comparisons.map(\.accuracy?.difference) == [-1])
        }
        // The method alone does not say which.
        let known = ["none", "utrc flops=0.2", "utrc flops=0.3"]
        let refused = error { try compare(sample, sample, between: ("none", "utrc")) }
        #expect(refused == .unknownReduction("utrc", run: "r1", known: known))
        #expect(refused?.description.contains("known: none; utrc flops=0.2; utrc flops=0.3") == true)
    }

    @Test("runs without a cell in common are refused, with what each has")
    func nothing() throws {
        let documents = [Paired.document(0)]
        let first = try SampleRun([(.piqa, documents)], reductions: [Paired.none, Paired.utrc()], run: "a")
        let second = try SampleRun([(.winogrande, documents)], run: "b")
        let refused = error { try compare(first, second) }
        #expect(
            refused
                == .nothingInCommon(
                    baseline: "a", candidate: "b", baselineCells: ["none", "utrc flops=0.2"], candidateCells: ["none"]))
    }

    @Test("in Markdown a run's and a model's names stay text, and the columns hold")
    func markdown() throws {
        let documents = (0..<2).map { Paired.document($0) }
        let odd = #"{"flops":0.2,"importance":"a|b","method":"utrc"}"#
        let sample = try SampleRun(
            [(.piqa, documents)], reductions: [Paired.none, odd, Paired.utrc()], model: "<i>|*m*")
        try sample.score(cell: 0, Paired.rows([true, true]))
        try sample.score(cell: 1, Paired.rows([true, false]))
        let text = try compare(sample, sample, between: ("none", odd)).text(heading: "## ", flips: true)
        #expect(text.hasPrefix(##"## \<i\>\|\*m\*, fp32: "##))
        #expect(text.contains(#"utrc flops=0.2 importance=a\|b against none: 1 flipped"#))
        let table = text.split(separator: "\n").filter { $0.hasPrefix("|") }
        #expect(table.count == 3)
        for row in table {
            #expect(row.replacing(#"\|"#, with: "").count { $0 == "|" } == 14)
        }
        #expect(Set(table.map(\.count)).count == 1)
    }

    @Test("the text lists flips when asked, and the JSON holds every one")
    func rendering() throws {
        let documents = (0..<3).map { Paired.document($0) }
        let sample = try SampleRun([(.piqa, documents)], reductions: [Paired.none, Paired.utrc()])
        try sample.score(cell: 0, Paired.rows([true, true, false]))
        try sample.score(cell: 1, Paired.rows([true, false, false]))
        let comparison = try compare(sample, sample, between: ("none", "utrc"))
        let line = "  lost: document 1, \(Paired.hash(1).prefix(12)), choice 0 → 1, right 0, margin 2.0000 → 2.0000\n"
        #expect(comparison.text(flips: true).contains(line) && !comparison.text().contains(line))
        #expect(comparison.text(heading: "## ").hasPrefix("## tiny, fp32: "))
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(comparison.json().utf8)) as? [String: Any])
        let family = try #require((object["families"] as? [[String: Any]])?.first)
        let pair = try #require((family["comparisons"] as? [[String: Any]])?.first)
        #expect((pair["accuracy"] as? [String: Any])?["lost"] as? Int == 1 && pair["perplexity"] is NSNull)
        let flip = try #require((pair["flips"] as? [[String: Any]])?.first)
        #expect(flip["hash"] as? String == Paired.hash(1) && flip["choices"] as? [Int] == [0, 1])
    }
}

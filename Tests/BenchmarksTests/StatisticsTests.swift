import Benchmarks
import Testing

/// Expected values come from CPython 3.11: `random.Random(i).choices`, `math.exp` and `sum`.
struct StatisticsTests {
    @Test("three chunks of the design's check have the harness's bits")
    func check() {
        let values = (0..<50).map { -Double($0 % 7) * 0.5 - 0.25 }
        let perplexity = Perplexity(loglikelihoods: values, bootstrapIterations: 3000)
        #expect(perplexity.value == 5.584528464276054)
        #expect(perplexity.standardError == 0.7973262201716143)
    }

    @Test(
        "any number of resamples has the harness's bits",
        arguments: [
            (2, 3.1328621588615095), (7, 1.6944620767379852), (1000, 3.2371130167450284), (2500, 3.336510622961113),
            (5000, 3.322190075753915), (13000, 3.324945635690594),
        ])
    func chunks(iterations: Int, standardError: Double) {
        let values = (0..<997).map { -Double(($0 * 37) % 101) / 13 }
        let perplexity = Perplexity(loglikelihoods: values, bootstrapIterations: iterations)
        #expect(perplexity.value == 46.72966985413599)
        #expect(perplexity.standardError == standardError)
    }

    @Test("the default is the harness's hundred thousand")
    func defaultIterations() {
        #expect(Perplexity(loglikelihoods: [-1.5, -2.25]).standardError == 1.7861453148476523)
    }

    @Test("several cells have the bits of each alone, whatever their sizes")
    func together() {
        let cells = [997, 40, 1, 997, 40, 2, 997].enumerated().map { cell, count in
            (0..<count).map { -Double(($0 * 37 + cell) % 101) / 13 }
        }
        for iterations in [0, 1, 2500] {
            let together = Perplexity.all(cells, bootstrapIterations: iterations)
            #expect(together == cells.map { Perplexity(loglikelihoods: $0, bootstrapIterations: iterations) })
            #expect(together.count { $0.standardError != nil } == (iterations > 1 ? 6 : 0))
        }
        #expect(Perplexity.all(Array(repeating: cells[1], count: 20), bootstrapIterations: 1000).count == 20)
    }

    @Test("no resamples leave perplexity without an error")
    func none() {
        #expect(Perplexity(loglikelihoods: [-1, -2], bootstrapIterations: 0).standardError == nil)
        #expect(Perplexity(loglikelihoods: [-1, -2], bootstrapIterations: 1).standardError == nil)
    }

    @Test("a mean has the sample's standard error")
    func mean() {
        let mean = Mean((1..<12).map { 0.1 * Double($0) })
        #expect(mean.value == 0.6000000000000001)
        #expect(mean.standardError == 0.10000000000000002)
        #expect(Mean([3]).standardError == nil)
    }
}

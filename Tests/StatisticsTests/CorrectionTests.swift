import Statistics
import Testing

@Suite("Corrections and intervals")
struct CorrectionTests {
    @Test("Holm keeps the order, never lowers a value and gives equal values equal corrections")
    func order() {
        let values = [0.02, 0.6, 0.001, 0.02, 0.3, 0.001]
        let adjusted = Holm.adjusted(values)
        #expect(zip(values, adjusted).allSatisfy { $0 <= $1 && $1 <= 1 })
        for one in values.indices {
            for other in values.indices where values[one] <= values[other] {
                #expect(adjusted[one] <= adjusted[other])
            }
        }
        #expect(abs(adjusted[2] - 0.006) < 1e-15 && abs(adjusted[0] - 0.08) < 1e-15 && adjusted[1] == 0.6)
    }

    @Test("one test needs no correction, and none is fine")
    func few() {
        #expect(Holm.adjusted([0.04]) == [0.04] && Holm.adjusted([]) == [])
    }

    @Test("Wilson's interval stays in 0…1 and keeps its width at the ends")
    func wilsonEnds() throws {
        #expect(ConfidenceInterval.wilson(successes: 0, trials: 0) == nil)
        let none = try #require(ConfidenceInterval.wilson(successes: 0, trials: 20))
        let all = try #require(ConfidenceInterval.wilson(successes: 20, trials: 20))
        #expect(none.lower == 0 && none.upper > 0.1 && all.upper == 1 && abs(all.lower - (1 - none.upper)) < 1e-15)
    }

    @Test("the percentile interval leaves a fortieth of the resamples at or beyond each end")
    func percentile() {
        let resamples = (1...1000).map(Double.init).shuffled()
        #expect(ConfidenceInterval.percentile(of: resamples) == ConfidenceInterval(lower: 25, upper: 976))
        #expect(ConfidenceInterval.percentile(of: []) == nil && ConfidenceInterval.percentile(of: [1, .nan]) == nil)
    }

    @Test("the quantile undoes the cumulative probability, far into the tails", arguments: [1e-300, 1e-12, 0.025, 0.5])
    func inverse(probability: Double) {
        #expect(abs(Normal.cumulative(Normal.quantile(probability)) / probability - 1) < 1e-11)
        #expect(Normal.quantile(0) == -.infinity && Normal.quantile(1) == .infinity)
    }
}

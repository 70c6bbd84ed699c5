import Foundation
import Statistics
import Testing

@Suite("Paired comparisons")
struct PairedTests {
    @Test("exchanging the sides mirrors every figure", arguments: [(3, 9, 40), (0, 7, 12), (120, 100, 2000)])
    func mirror(lost: Int, gained: Int, documents: Int) {
        let one = PairedAccuracy(lost: lost, gained: gained, of: documents)
        let other = PairedAccuracy(lost: gained, gained: lost, of: documents)
        #expect(one.difference == -other.difference && one.pValue == other.pValue)
        #expect(one.interval.lower == -other.interval.upper && one.interval.upper == -other.interval.lower)
        #expect(one.minimumDetectableDifference == other.minimumDetectableDifference)
        #expect(one.standardError == other.standardError)
    }

    @Test("without a discordant document nothing is claimed", arguments: [1, 2, 100, 12_000])
    func concordant(documents: Int) {
        let paired = PairedAccuracy(bothRight: 0, onlyBaseline: 0, onlyCandidate: 0, bothWrong: documents)
        #expect(paired.difference == 0 && paired.pValue == 1 && paired.baselineAccuracy == 0)
        #expect(paired.interval == ConfidenceInterval(lower: 0, upper: 0))
        #expect(paired.standardError == (documents == 1 ? nil : 0))
        // What could have been found still says how little that is.
        #expect((paired.minimumDetectableDifference == nil) == (documents < 6))
    }

    @Test("a tie in counts is no evidence, and one document more on a side never lowers it")
    func evidence() {
        #expect(PairedAccuracy.mcNemar(lost: 40, gained: 40) == 1)
        var last = 1.0
        for gained in 5..<60 {
            let value = PairedAccuracy.mcNemar(lost: 5, gained: gained)
            #expect(value <= last && value > 0)
            last = value
        }
    }

    @Test("the test has a power of 0.8 at the smallest detectable difference and less below it")
    func power() throws {
        let smallest = try #require(DetectableDifference.minimum(documents: 1172, discordantShare: 0.2))
        func power(_ difference: Double) -> Double {
            DetectableDifference.power(documents: 1172, discordantShare: 0.2, difference: difference)
        }
        #expect(abs(power(smallest) - 0.8) < 1e-6)
        #expect(power(smallest * 0.9) < 0.8 && power(smallest * 1.1) > 0.8)
        #expect(power(0) <= DetectableDifference.significance)
    }

    @Test("more documents and fewer disagreements let smaller differences be found")
    func resolution() {
        func smallest(_ documents: Int, _ share: Double) -> Double {
            DetectableDifference.minimum(documents: documents, discordantShare: share) ?? 1
        }
        #expect(smallest(10_042, 0.1) < smallest(1267, 0.1) && smallest(1267, 0.1) < smallest(1267, 0.3))
    }

    @Test("equal differences give an equal interval, and one that mirrors where they do")
    func determinism() throws {
        let values = (0..<500).map { Double(($0 * 7919) % 101) / 50 - 0.9 }
        let one = try #require(PairedMean(differences: values).interval)
        #expect(PairedMean(differences: values).interval == one)
        let other = try #require(PairedMean(differences: values.map { -$0 }).interval)
        #expect(one.lower == -other.upper && one.upper == -other.lower)
        #expect(one.contains(values.reduce(0, +) / 500))
    }

    @Test("a mean of one, or of what is not finite, has no interval", arguments: [[0.5], [1, -.infinity], [.nan, 0]])
    func noInterval(differences: [Double]) {
        let mean = PairedMean(differences: differences)
        #expect(mean.interval == nil && mean.standardError == nil)
    }

    @Test("the expanded interval lies within the Monte Carlo error of many drawn ones", arguments: [1.0, 2, 3])
    func expansion(power: Double) throws {
        // From symmetric to skewed with long tails.
        let values = (1...1500).map { place in
            let quantile = Normal.quantile(Double(place) / 1501)
            return power == 1 ? quantile : pow(abs(quantile), power) * (quantile < 0 ? -0.5 : 1)
        }
        let expanded = try #require(PairedMean.expandedInterval(of: values))
        let drawn = try #require(PairedMean.drawnInterval(of: values, resamples: 100_000))
        let error = try #require(PairedMean(differences: values).standardError)
        // Four deviations of a quantile at 2.5 % of 100,000 draws.
        let allowed = 4 * (0.025 * 0.975 / 100_000).squareRoot() / 0.05845 * error
        #expect(abs(expanded.lower - drawn.lower) < allowed && abs(expanded.upper - drawn.upper) < allowed)
        #expect(PairedMean(differences: values).interval == expanded)
        #expect(PairedMean.expandedInterval(of: Array(values.prefix(199))) == nil)
    }

    @Test("values too few, too skewed or all the same are drawn")
    func drawing() {
        let rare = (0..<2000).map { $0 == 0 ? 1000.0 : Double($0 % 2) }
        for values in [rare, Array(repeating: 0.5, count: 300), [1, 2, 4, 8]] {
            #expect(PairedMean.expandedInterval(of: values) == nil)
            let drawn = PairedMean.drawnInterval(of: values, resamples: 2000)
            #expect(drawn != nil && PairedMean(differences: values, resamples: 2000).interval == drawn)
        }
    }

    @Test("no resamples leave the interval out")
    func noResamples() {
        let mean = PairedMean(differences: [1, 2, 4], resamples: 0)
        #expect(mean.interval == nil && mean.standardError != nil)
    }
}

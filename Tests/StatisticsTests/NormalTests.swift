import Statistics
import Testing

@Suite("The normal distribution")
struct NormalTests {
    @Test("the quantile undoes the cumulative probability, far into the tails", arguments: [1e-300, 1e-12, 0.025, 0.5])
    func inverse(probability: Double) {
        #expect(abs(Normal.cumulative(Normal.quantile(probability)) / probability - 1) < 1e-11)
    }
}

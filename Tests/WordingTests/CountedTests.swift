import Testing
import Wording

@Suite("Counted nouns")
struct CountedTests {
    @Test(
        "one is one, and everything else are several",
        arguments: [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (-1, "-1 rows"), (1_234, "1234 rows")])
    func regular(number: Int, text: String) {
        #expect(counted(number, "row") == text)
    }

    @Test("a plural of its own is taken, with its verb")
    func irregular() {
        #expect(counted(1, "batch", "batches") == "1 batch" && counted(3, "batch", "batches") == "3 batches")
        #expect(counted(UInt64(1), "row was", "rows were") == "1 row was")
    }

    @Test(
        "group marks stand before each three digits",
        arguments: [
            (0, "0"), (999, "999"), (1_000, "1,000"), (10_042, "10,042"), (-1_234_567, "−1,234,567"),
            (Int.min, "−9,223,372,036,854,775,808"),
        ])
    func groups(number: Int, text: String) {
        #expect(grouped(number) == text)
        #expect(counted(2_048, "token", isGrouped: true) == "2,048 tokens")
    }
}

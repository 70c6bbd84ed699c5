/// A row of one of the paper's tables.
public struct PrintedRow: Sendable, Equatable {
    /// What a row of UTRC is made with, where it is not the main tables' choice.
    public struct Design: Sendable, Equatable {
        /// How tokens are ranked.
        public let importance: String
        /// The layers after which tokens go, from 0; nil for the paper's schedule.
        public let layers: [Int]?
        /// The share of matched rows that the hidden branch prunes.
        public let hiddenPrune: Double
        /// The share of matched rows that the residual branch prunes.
        public let residualPrune: Double

        init(
            importance: String = "clip", layers: [Int]? = nil, hiddenPrune: Double = 0.5, residualPrune: Double = 0
        ) {
            self.importance = importance
            self.layers = layers
            self.hiddenPrune = hiddenPrune
            self.residualPrune = residualPrune
        }
    }

    /// 1…6.
    public let table: Int
    /// The model in Molt's names, such as `mamba2-2.7b`.
    public let model: String
    public let method: String
    /// The target, 0…1; 0 for `none`.
    public let flops: Double
    public let design: Design
    let figures: [PaperColumn: Double]

    /// The printed figure of a column: percent, or a perplexity.
    public subscript(column: PaperColumn) -> Double? { figures[column] }

    /// The mean of the six printed accuracies, where all are printed.
    var meanAccuracy: Double? {
        let accuracies = PaperColumn.accuracies.compactMap { figures[$0] }
        guard accuracies.count == PaperColumn.accuracies.count else { return nil }
        return accuracies.reduce(0, +) / Double(accuracies.count)
    }
}

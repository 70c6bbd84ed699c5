/// ARC: answer a school question of science, in its easy and its challenge set.
struct ARC: Benchmark {
    let description: BenchmarkDescription

    static let easy = ARC(set: "Easy", paperMetric: .accuracy, count: 2376)
    static let challenge = ARC(set: "Challenge", paperMetric: .normalizedAccuracy, count: 1172)

    private init(set: String, paperMetric: Metric, count: Int) {
        description = BenchmarkDescription(
            title: "ARC-\(set)", version: 1.0, outputType: .multipleChoice, metrics: [.accuracy, .normalizedAccuracy],
            paperMetric: paperMetric, split: "test", publishedCount: count, hubDataset: "allenai/ai2_arc",
            hubConfiguration: "ARC-\(set)", hubColumns: ["id", "question", "choices", "answerKey"],
            origin: "https://huggingface.co/datasets/allenai/ai2_arc, ARC-\(set), test split, as JSON Lines")
    }

    /// Three to five choices; their labels are letters or digits.
    func document(_ row: Row) throws -> Document {
        let context = try "Question: " + row.string("question") + "\nAnswer:"
        let texts = try row.strings("choices", "text")
        let labels = try row.strings("choices", "label")
        guard texts.count == labels.count else {
            throw row.error("key 'choices' holds \(texts.count) texts and \(labels.count) labels")
        }
        guard texts.count >= 2 else {
            throw row.error("key 'choices' holds fewer than two choices")
        }
        return row.document(
            columns: description.hubColumns, gold: try row.label("answerKey", among: labels),
            requests: texts.map { Request(context: context, continuation: " " + $0) })
    }
}

/// PIQA: choose the way that works in the physical world.
struct PIQA: Benchmark {
    let description = BenchmarkDescription(
        title: "PIQA", version: 1.0, outputType: .multipleChoice, metrics: [.accuracy, .normalizedAccuracy],
        paperMetric: .accuracy, split: "validation", publishedCount: 1838, hubDataset: "baber/piqa",
        hubConfiguration: nil, hubColumns: ["goal", "sol1", "sol2", "label"],
        origin: "https://yonatanbisk.com/piqa/data/valid.jsonl and valid-labels.lst")

    let labelKey: LabelKey? = LabelKey(
        name: "label", labels: ["0", "1"], kind: .integer, origin: "the publisher's valid-labels.lst")

    func document(_ row: Row) throws -> Document {
        let context = try "Question: " + row.string("goal") + "\nAnswer:"
        let solutions = try [row.string("sol1"), row.string("sol2")]
        return row.document(
            columns: description.hubColumns, gold: try row.label("label", among: ["0", "1"]),
            requests: solutions.map { Request(context: context, continuation: " " + $0) })
    }
}

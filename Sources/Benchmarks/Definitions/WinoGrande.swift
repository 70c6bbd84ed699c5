/// WinoGrande: which of two names fits the blank? Scored by how likely the rest of the sentence is after each.
struct WinoGrande: Benchmark {
    let description = BenchmarkDescription(
        title: "WinoGrande", version: 1.0, outputType: .multipleChoice, metrics: [.accuracy], paperMetric: .accuracy,
        split: "validation", publishedCount: 1267, hubDataset: "allenai/winogrande",
        hubConfiguration: "winogrande_xl", hubColumns: ["sentence", "option1", "option2", "answer"],
        origin: "dev.jsonl of https://winogrande.allenai.org")

    let labelKey: LabelKey? = LabelKey(
        name: "answer", labels: ["1", "2"], kind: .string, origin: "the publisher's dev-labels.lst")

    func document(_ row: Row) throws -> Document {
        let sentence = try Array(row.string("sentence").utf8)
        guard let blank = sentence.firstIndex(of: UInt8(ascii: "_")) else {
            throw row.error("key 'sentence' has no blank '_'")
        }
        let before = String(decoding: sentence[..<blank], as: UTF8.self)
        let after = String(decoding: sentence[(blank + 1)...], as: UTF8.self).stripped
        let options = try [row.string("option1"), row.string("option2")]
        return row.document(
            columns: description.hubColumns, gold: try row.label("answer", among: ["1", "2"]),
            requests: options.map { Request(context: before + $0, continuation: " " + after) }, target: after)
    }
}

/// HellaSwag: choose the sentence that goes on with a scene or an instruction.
struct HellaSwag: Benchmark {
    let description = BenchmarkDescription(
        title: "HellaSwag", version: 1.0, outputType: .multipleChoice, metrics: [.accuracy, .normalizedAccuracy],
        paperMetric: .normalizedAccuracy, split: "validation", publishedCount: 10042, hubDataset: "Rowan/hellaswag",
        hubConfiguration: nil,
        hubColumns: [
            "ind", "activity_label", "ctx_a", "ctx_b", "ctx", "endings", "source_id", "split", "split_type", "label",
        ],
        origin: "your own copy of the publisher's hellaswag_val.jsonl, or the hub's validation split as JSON Lines;"
            + " Molt does not distribute it")

    private static let labels = ["0", "1", "2", "3"]

    func document(_ row: Row) throws -> Document {
        let opening = try row.string("ctx_a") + " " + row.string("ctx_b").capitalizedLikePython
        let query = try Self.clean(row.string("activity_label") + ": " + opening)
        let endings = try row.strings("endings")
        guard endings.count == Self.labels.count else {
            throw row.error("key 'endings' holds \(endings.count) endings, not \(Self.labels.count)")
        }
        let choices = endings.map(Self.clean)
        let gold = try row.label("label", among: Self.labels)
        return withTextLabel(row, gold: gold).document(
            columns: description.hubColumns,
            adding: [
                .init(key: "query", value: .string(query)),
                .init(key: "choices", value: .array(choices.map { .string($0) })),
                .init(key: "gold", value: .integer(String(gold))),
            ],
            gold: gold, requests: choices.map { Request(context: query, continuation: " " + $0) })
    }

    /// Text without wikiHow's tags: strip, `[title]` to a full stop, other tags out, double spaces to single ones.
    static func clean(_ text: String) -> String {
        text.stripped.replacingEach(" [title]", with: ". ").withoutBracketedTags.replacingEach("  ", with: " ")
    }

    /// The publisher's file has numbers where the hub, whose columns it shares, has strings.
    private func withTextLabel(_ row: Row, gold: Int) -> Row {
        guard row.fields.projected(onto: description.hubColumns) != nil else { return row }
        var row = row
        row.fields["label"] = .string(Self.labels[gold])
        return row
    }
}

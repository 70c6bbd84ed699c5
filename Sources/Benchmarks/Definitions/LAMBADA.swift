/// LAMBADA in OpenAI's form: guess the last word of a passage.
struct LAMBADA: Benchmark {
    let description = BenchmarkDescription(
        title: "LAMBADA (OpenAI)", version: 1.0, outputType: .loglikelihood, metrics: [.perplexity, .accuracy],
        paperMetric: .accuracy, split: "test", publishedCount: 5153, hubDataset: "EleutherAI/lambada_openai",
        hubConfiguration: "default", hubColumns: ["text"],
        origin: "https://huggingface.co/datasets/EleutherAI/lambada_openai, test split, as JSON Lines with the key text"
    )

    /// The text up to its last space, and that space with what follows.
    func document(_ row: Row) throws -> Document {
        let text = try row.string("text")
        guard !text.isEmpty else { throw row.error("key 'text' is empty") }
        let bytes = Array(text.utf8)
        let space = bytes.lastIndex(of: 0x20)
        let context = String(decoding: bytes[..<(space ?? 0)], as: UTF8.self)
        let word = String(decoding: bytes[(space.map { $0 + 1 } ?? 0)...], as: UTF8.self)
        let request = Request(context: context, continuation: " " + word)
        return row.document(
            columns: description.hubColumns, gold: nil, requests: [request], target: request.continuation)
    }
}

/// Cuts a cell's examples into jobs of similar cost.
///
/// A job is large enough that handing it out costs nothing against it, and small enough that a lost one is no loss.
struct Shards {
    /// Input tokens × parameters of a job, about: 16,384 tokens of a model of 130 million parameters, half a minute
    /// on two cores.
    static let work = 16_384.0 * 130e6
    static let maximumExamples = 128

    /// - Parameter parameters: of the model.
    static func cut(_ examples: [PlannedExample], parameters: Int) -> [PlannedShard] {
        let tokenLimit = max(1, Int(work / Double(max(1, parameters))))
        var shards: [PlannedShard] = []
        var start = 0
        var tokens = 0
        for (index, example) in examples.enumerated() {
            let isFull = tokens + example.tokens > tokenLimit || index - start >= maximumExamples
            if index > start, isFull {
                shards.append(PlannedShard(examples: start..<index, tokens: tokens))
                start = index
                tokens = 0
            }
            tokens += example.tokens
        }
        if start < examples.count { shards.append(PlannedShard(examples: start..<examples.count, tokens: tokens)) }
        return shards
    }
}

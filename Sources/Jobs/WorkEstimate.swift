import Benchmarks
import Mamba
import ModelFiles
import Scoring

/// What a cell costs before it has run: the products and scans that the scorer will do, shared contexts counted once.
enum WorkEstimate {
    /// - Returns: floating-point operations.
    static func flops(
        _ examples: [PlannedExample], _ configuration: ModelConfiguration, _ reduction: Reduction
    ) throws -> Double {
        let costs = FLOPs(configuration)
        var known: [Int: Int] = [:]
        func layers(entering rows: Int) throws -> Int {
            if let cost = known[rows] { return cost }
            let counts = try reduction.tokens(entering: rows, layerCount: configuration.layerCount)
            let cost = costs.total(counts, includingHead: false)
            known[rows] = cost
            return cost
        }
        let isShared = reduction.method == .none || reduction.scope == .context
        return try examples.reduce(0.0) { sum, example in
            var contexts: Set<[Int32]> = []
            return try example.requests.reduce(sum) { sum, request in
                let scored = request.continuation.count
                let whole = min(request.context.count + scored - 1, ScoringRequest.maximumInput)
                let head = scored * costs.head
                guard isShared else { return sum + Double(try layers(entering: whole) + head) }
                let context = contexts.insert(request.context).inserted ? try layers(entering: whole - scored) : 0
                return sum + Double(context + scored * costs.layerCount * costs.layer.total + head)
            }
        }
    }
}

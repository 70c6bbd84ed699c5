import Benchmarks
import Mamba
import ModelFiles
import Scoring

/// What a cell costs before it has run: the products and scans that the scorer will do, shared rows counted once.
enum WorkEstimate {
    /// - Returns: floating-point operations.
    static func flops(
        _ examples: [PlannedExample], _ configuration: ModelConfiguration, _ reduction: Reduction
    ) throws -> Double {
        let costs = FLOPs(configuration)
        var work = ScoringWork(configuration, reduction)
        for example in examples {
            try work.add(
                example.requests.map {
                    ScoringRequest(id: "", context: $0.context, continuations: [$0.continuation])
                })
        }
        return Double(work.layerRows) * Double(costs.layer.total) + Double(work.headRows) * Double(costs.head)
    }

    /// What a measure's passes cost, the unreduced ones beside them included.
    static func flops(
        _ measure: Measure, _ configuration: ModelConfiguration, _ reduction: Reduction
    ) throws -> Double {
        let costs = FLOPs(configuration)
        func pass(_ reduction: Reduction) throws -> Double {
            let counts = try reduction.tokens(
                entering: measure.promptTokens, layerCount: configuration.layerCount)
            let reading = Double(costs.total(counts, includingHead: measure.logits == .all))
            let step = Double(costs.layer.total * configuration.layerCount + costs.head)
            return Double(measure.batch) * (reading + step * Double(measure.newTokens ?? 0))
        }
        guard let repeats = measure.repeats else { return try pass(reduction) }
        return Double(repeats) * (try pass(reduction) + (reduction.method == .none ? 0 : pass(.none)))
    }
}

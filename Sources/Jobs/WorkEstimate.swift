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
}

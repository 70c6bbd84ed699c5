import Benchmarks

/// What the paper's Figures 3–6 print of UTRC: Zhan et al., EMNLP 2024 (arXiv 2410.14725).
enum PrintedFigures {
    /// How a kind of figure was measured.
    static func setup(_ kind: Measure.Kind) -> String {
        switch kind {
        case .memory: "2,048 tokens, batch 96, A100 80 GB"
        case .throughput: "prompt 2,048, batch 16, 100 generated tokens, A100 80 GB"
        }
    }

    /// The share of peak memory that is saved, or how many times as fast a generation is; nil where nothing is printed.
    ///
    /// - Parameters:
    ///   - model: a published model's name.
    ///   - flops: the target, 0…1.
    static func value(of kind: Measure.Kind, model: String, flops: Double) -> Double? {
        guard let place = targets.firstIndex(where: { abs($0 - flops) < 1e-9 }) else { return nil }
        switch kind {
        case .memory: return memory[model]?[place]
        case .throughput: return speedUp[model]?[place]
        }
    }

    private static let targets = [0.1, 0.2, 0.3]

    private static let memory = [
        "mamba-1.4b": [0.152, 0.291, 0.447], "mamba-2.8b": [0.144, 0.277, 0.400],
        "mamba2-1.3b": [0.119, 0.239, 0.429], "mamba2-2.7b": [0.114, 0.203, 0.306],
    ]

    private static let speedUp = [
        "mamba-1.4b": [1.08, 1.15, 1.26], "mamba-2.8b": [1.07, 1.17, 1.29],
        "mamba2-1.3b": [1.10, 1.19, 1.35], "mamba2-2.7b": [1.10, 1.22, 1.37],
    ]
}

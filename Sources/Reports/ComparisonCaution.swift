/// A difference between two sides beyond the one that is compared.
public enum ComparisonCaution: Equatable, Sendable, CustomStringConvertible {
    /// The rows come from different files, of which only the equal documents are compared.
    case data(benchmark: String, baseline: String, candidate: String)
    /// Two models with different tokenizers: log-likelihoods are over different tokens.
    case tokenizers(baseline: String, candidate: String)
    /// Different product versions.
    case builds(baseline: String, candidate: String)
    /// Different engines computed the rows.
    case engines(baseline: [String], candidate: [String])

    public var description: String {
        switch self {
        case .data(let benchmark, let baseline, let candidate):
            "\(benchmark): the data files differ (\(baseline.prefix(12))… and \(candidate.prefix(12))…); "
                + "only documents of equal content are compared"
        case .tokenizers(let baseline, let candidate):
            "the models' tokenizers differ (\(baseline.prefix(12))… and \(candidate.prefix(12))…)"
        case .builds(let baseline, let candidate):
            "the builds differ (\(baseline) and \(candidate))"
        case .engines(let baseline, let candidate):
            "the engines differ (\(baseline.joined(separator: ", ")) and \(candidate.joined(separator: ", ")))"
        }
    }
}

/// Why two cells or runs cannot be compared.
public enum ComparisonError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One model id stands for different weights.
    case weights(model: String, baseline: String, candidate: String)
    /// One model was asked with different tokenizers.
    case tokenizer(model: String, benchmark: String, baseline: String, candidate: String)
    /// No cells of the two runs belong together.
    case nothingInCommon(baseline: String, candidate: String, baselineCells: [String], candidateCells: [String])
    /// A run has no reduction of that label.
    case unknownReduction(String, run: String, known: [String])

    public var description: String {
        switch self {
        case .weights(let model, let baseline, let candidate):
            "model '\(model)' has other weights on each side (\(baseline.prefix(12))… and \(candidate.prefix(12))…); "
                + "to compare two models, give them two ids in the job files"
        case .tokenizer(let model, let benchmark, let baseline, let candidate):
            "model '\(model)', \(benchmark): asked with different tokenizers "
                + "(\(baseline.prefix(12))… and \(candidate.prefix(12))…); run one side again with the other's tokenizer"
        case .nothingInCommon(let baseline, let candidate, let baselineCells, let candidateCells):
            "\(baseline) and \(candidate) have no cells to pair: \(baseline) has "
                + "\(baselineCells.joined(separator: "; ")), \(candidate) has \(candidateCells.joined(separator: "; ")); "
                + "name one reduction of each with --between"
        case .unknownReduction(let label, let run, let known):
            "run \(run) has no reduction '\(label)'; known: \(known.joined(separator: "; "))"
        }
    }
}

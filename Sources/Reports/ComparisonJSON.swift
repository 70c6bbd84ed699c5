import Benchmarks
import OrderedJSON
import Statistics

extension ComparisonFamily {
    /// The family as one JSON object.
    var json: JSONText {
        .object([
            ("question", .string(question.rawValue)), ("title", .string(title)),
            ("baseline", .string(baselineDescription)), ("tests", .integer(tests)),
            ("comparisons", .array(comparisons.map(\.json))),
        ])
    }
}

extension Comparison {
    /// The comparison as one JSON object; figures that need a paired document are null without one.
    var json: JSONText {
        .object([
            ("benchmark", .string(benchmark.rawValue)), ("metric", .string(metric.rawValue)),
            ("baseline", baseline.json), ("candidate", candidate.json), ("documents", .integer(documents)),
            ("baseline_unpaired", .integer(baselineUnpaired)), ("candidate_unpaired", .integer(candidateUnpaired)),
            ("partial", .bool(isPartial)), ("accuracy", .optional(accuracy, json)),
            ("perplexity", .optional(perplexities, \.json)), ("ties", .integer(ties)),
            ("near_ties", .integer(nearTies)), ("flips", .array(flips.map(\.json))),
            ("cautions", .array(cautions.map { .string($0.description) })),
        ])
    }

    private func json(_ accuracy: PairedAccuracy) -> JSONText {
        .object([
            ("baseline", .double(accuracy.baselineAccuracy)), ("candidate", .double(accuracy.candidateAccuracy)),
            ("difference", .double(accuracy.difference)),
            ("stderr", .optional(accuracy.standardError, JSONText.double)), ("interval", accuracy.interval.json),
            ("both_right", .integer(accuracy.bothRight)), ("lost", .integer(accuracy.onlyBaseline)),
            ("gained", .integer(accuracy.onlyCandidate)), ("both_wrong", .integer(accuracy.bothWrong)),
            ("p", .double(accuracy.pValue)), ("p_holm", .optional(adjustedPValue, JSONText.double)),
            (
                "minimum_detectable_difference",
                .optional(accuracy.minimumDetectableDifference, JSONText.double)
            ),
        ])
    }
}

extension Comparison.Side {
    fileprivate var json: JSONText {
        .object([
            ("run", .string(run)), ("model", .string(model)), ("model_sha256", .string(modelSHA256)),
            ("reduction", .raw(reduction)), ("label", .string(label)), ("precision", .string(precision)),
            ("data_sha256", .string(dataSHA256)), ("tokenizer_sha256", .string(tokenizerSHA256)),
            ("build", .string(build)), ("engines", .array(engines.map(JSONText.string))),
            ("flops_reduction", .optional(flopsReduction, JSONText.double)), ("examples", .integer(rows)),
            ("examples_expected", .integer(rowsExpected)), ("ties", .integer(ties.tied.count)),
            ("near_ties", .integer(ties.nearlyTied.count)),
        ])
    }
}

extension Comparison.Perplexities {
    fileprivate var json: JSONText {
        .object([
            ("baseline", .double(baseline)), ("candidate", .double(candidate)), ("ratio", .double(ratio)),
            ("ratio_interval", .optional(ratioInterval, \.json)),
            ("loglikelihood_difference", .double(loglikelihood.difference)),
            ("loglikelihood_stderr", .optional(loglikelihood.standardError, JSONText.double)),
            ("loglikelihood_interval", .optional(loglikelihood.interval, \.json)),
        ])
    }
}

extension Flip {
    fileprivate var json: JSONText {
        .object([
            ("document", .integer(baseline.document)), ("candidate_document", .integer(candidate.document)),
            ("hash", .string(documentHash)), ("direction", .string(direction.rawValue)),
            ("gold", .optional(gold, JSONText.integer)),
            ("choices", .array([baseline, candidate].map { .optional($0.decision.choice, JSONText.integer) })),
            ("margins", .array([baseline, candidate].map { .double($0.decision.margin) })),
            ("near_tie", .bool(isNearTie)),
        ])
    }
}

extension CellReport {
    /// The 95 % intervals of the metrics that have one.
    var intervalsJSON: JSONText {
        .object(
            aggregate.entries.compactMap { entry in
                interval(of: entry.metric).map { (entry.metric.rawValue, $0.json) }
            })
    }
}

extension Ties {
    /// The documents by kind as one JSON object.
    var json: JSONText {
        .object([
            ("tied", .array(tied.map(JSONText.integer))), ("nearly_tied", .array(nearlyTied.map(JSONText.integer))),
        ])
    }
}

extension ConfidenceInterval {
    /// `[lower, upper]`.
    var json: JSONText { .array([.double(lower), .double(upper)]) }
}

import Operations

extension Reduction {
    /// The methods that are known; to add one, write its ``ReductionMethod`` and give it a line in both lists.
    public enum Method: String, Sendable, Codable, CaseIterable {
        case none, utrc, evit, pumer, ltmp

        /// The method's rule.
        public var rule: any ReductionMethod {
            switch self {
            case .none: KeepAll()
            case .utrc: UTRC()
            case .evit: EViT()
            case .pumer: PuMer()
            case .ltmp: LTMP()
            }
        }

        /// Methods that are named in the design and not available yet.
        static let planned = ["front", "random"]

        init(name: String) throws {
            if let method = Method(rawValue: name) {
                self = method
            } else if Method.planned.contains(name) {
                throw ReductionError.methodUnavailable(name)
            } else {
                throw ReductionError.unknownMethod(name)
            }
        }
    }
}

/// The method `none`.
struct KeepAll: ReductionMethod {
    let keys: Set<Reduction.Key> = []

    func keptCount(of rows: Int, keepRatio: Double) -> Int { rows }

    func keptShare(keepRatio: Double) -> Double { 1 }

    func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision {
        let all = RowReduction(kept: Array(0..<rows.count))
        return ReductionDecision(hidden: all, residual: all)
    }
}

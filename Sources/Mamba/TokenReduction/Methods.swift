import Operations

extension Reduction {
    /// The methods that are known; to add one, write its ``ReductionMethod`` and give it a case and a line in `rules`.
    public enum Method: String, Sendable, Codable, CaseIterable {
        case none, utrc, evit, pumer, ltmp, front, random

        /// The method's rule as the paper defines it, and as its published code does where that differs.
        private var rules: (paper: any ReductionMethod, released: (any ReductionMethod)?) {
            switch self {
            case .none: (KeepAll(), nil)
            case .utrc: (UTRC(), ReleasedUTRC())
            case .evit: (EViT(), ReleasedEViT())
            case .pumer: (PuMer(), ReleasedPuMer())
            case .ltmp: (LTMP(), nil)
            case .front: (Front(), nil)
            case .random: (Random(), nil)
            }
        }

        /// The variants that there are of the method.
        public var variants: [Variant] { rules.released == nil ? [.paper] : Variant.allCases }

        /// The method's rule in a variant; where there is only one, that.
        public func rule(_ variant: Variant = .paper) -> any ReductionMethod {
            switch variant {
            case .paper: rules.paper
            case .released: rules.released ?? rules.paper
            }
        }
    }

    /// The rule that chooses rows.
    public var rule: any ReductionMethod { method.rule(variant) }
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

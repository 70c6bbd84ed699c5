import Operations

/// Which tokens a model sheds, after which layers and how: the specification that a job, a request and a report carry.
public struct Reduction: Hashable, Sendable {
    /// How much is shed.
    public enum Amount: Hashable, Sendable {
        /// The share of rows that each scheduled layer keeps: ceil(N·ratio) of N.
        case keepRatio(Double)
        /// The share of the layers' FLOPs to save; the keep ratio is solved at each sequence's own length.
        case flops(Double)
    }

    /// The features that importance and similarity read.
    public enum Source: String, Sendable, Codable, CaseIterable {
        /// The scan's output with the D skip, before the gate: the paper's eq. 4–5.
        case ssm
        /// The output projection's input.
        case gated
        /// The output projection's output, which the published code reads.
        case block
    }

    /// The rows of a request that are reduced.
    public enum Scope: String, Sendable, Codable, CaseIterable {
        /// The context but for its last token; the rows that are scored follow from its states, unreduced.
        case context
        /// Context and continuation together, as in the paper.
        case sequence
    }

    /// Which target a surviving row is scored against, in sequence scope.
    public enum Alignment: String, Sendable, Codable, CaseIterable {
        /// The last rows against the first targets, as published.
        case tail
        /// A row of original index p against token p + 1.
        case position
    }

    /// Whose definition of the method.
    public enum Variant: String, Sendable, Codable, CaseIterable {
        /// What the paper says.
        case paper
        /// What its published code does.
        case released
    }

    public let method: Method
    /// Ascending layers, from 0, each of which still processes all its tokens; nil for the paper's schedule.
    public let layers: [Int]?
    public let amount: Amount
    public let importance: Importance
    public let source: Source
    /// What `random` draws by, besides the tokens; at most 2⁵³ − 1, which every reader of JSON keeps exactly.
    public let seed: Int
    /// The share of the matched rows that the hidden branch prunes rather than merges.
    public let hiddenPrune: Double
    /// The share of the matched rows that the residual branch prunes rather than merges.
    public let residualPrune: Double
    public let scope: Scope
    /// Always `tail` in context scope, which needs no alignment.
    public let align: Alignment
    public let variant: Variant

    /// Keeps every token.
    public static let none = Reduction()

    /// Drops or merges tokens by a method; what the method does not read, and `none` reads nothing, takes its default.
    ///
    /// - Parameter source: nil for the first of the method's ``ReductionMethod/sources``.
    /// - Throws: ``ReductionError`` naming the key and the values that are allowed.
    public init(
        method: Method, layers: [Int]? = nil, amount: Amount, importance: Importance = .clip, source: Source? = nil,
        hiddenPrune: Double = 0.5, residualPrune: Double = 0, seed: Int = 0, scope: Scope = .context,
        align: Alignment = .tail, variant: Variant = .paper
    ) throws {
        try Reduction.check(amount, method: method)
        try Reduction.check(layers, method: method)
        try Reduction.check(hiddenPrune, key: .hiddenPrune)
        try Reduction.check(residualPrune, key: .residualPrune)
        try Reduction.check(seed)
        guard method != .none else {
            self = .none
            return
        }
        guard method.variants.contains(variant) else { throw ReductionError.noVariant(variant, method: method) }
        let reads = method.rule(variant).keys
        self.method = method
        self.layers = layers
        self.amount = amount
        self.importance = reads.contains(.importance) ? importance : .clip
        self.source = try Reduction.choose(source, method: method, variant: variant)
        self.seed = reads.contains(.seed) ? seed : 0
        self.hiddenPrune = reads.contains(.hiddenPrune) ? hiddenPrune : 0.5
        self.residualPrune = reads.contains(.residualPrune) ? residualPrune : 0
        self.scope = scope
        self.align = scope == .context ? .tail : align
        self.variant = variant
    }

    private init() {
        method = .none
        layers = nil
        amount = .keepRatio(1)
        importance = .clip
        source = .ssm
        seed = 0
        hiddenPrune = 0.5
        residualPrune = 0
        scope = .context
        align = .tail
        variant = .paper
    }

    /// The keep ratio, unless a FLOPs target was given.
    public var keepRatio: Double? { if case .keepRatio(let ratio) = amount { ratio } else { nil } }

    /// The FLOPs target, unless a keep ratio was given.
    public var flops: Double? { if case .flops(let target) = amount { target } else { nil } }
}

extension Reduction {
    private static func check(_ amount: Amount, method: Method) throws {
        switch amount {
        case .keepRatio(let ratio):
            guard ratio > 0, ratio <= 1 else {
                throw ReductionError.outOfRange(.keepRatio, "\(ratio)", allowed: "above 0 and at most 1")
            }
            guard method != .none || ratio == 1 else { throw ReductionError.contradictsNone(.keepRatio, "\(ratio)") }
        case .flops(let target):
            guard target > 0, target < 1 else {
                throw ReductionError.outOfRange(.flops, "\(target)", allowed: "above 0 and below 1, such as 0.2")
            }
            guard method != .none else { throw ReductionError.contradictsNone(.flops, "\(target)") }
        }
    }

    private static func check(_ layers: [Int]?, method: Method) throws {
        guard let layers else { return }
        if method != .none, layers.isEmpty { throw ReductionError.noLayers }
        if let negative = layers.first(where: { $0 < 0 }) {
            throw ReductionError.outOfRange(.layers, "\(negative)", allowed: "0 for the first layer, and up")
        }
        guard zip(layers, layers.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw ReductionError.layersUnordered(layers)
        }
    }

    private static func check(_ seed: Int) throws {
        guard (0..<1 << 53).contains(seed) else {
            throw ReductionError.outOfRange(.seed, "\(seed)", allowed: "a whole number from 0 to \((1 << 53) - 1)")
        }
    }

    /// The source that a rule reads, by default its first.
    private static func choose(_ source: Source?, method: Method, variant: Variant) throws -> Source {
        let rule = method.rule(variant)
        let first = rule.sources.first ?? .ssm
        guard let source, rule.keys.contains(.source) else { return first }
        guard rule.sources.contains(source) else {
            throw ReductionError.sourceNotRead(source, method: method, variant: variant)
        }
        return source
    }

    private static func check(_ share: Double, key: Key) throws {
        guard share >= 0, share <= 1 else {
            throw ReductionError.outOfRange(key, "\(share)", allowed: "from 0 (merge all) to 1 (prune all)")
        }
    }
}

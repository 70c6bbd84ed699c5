import Mamba
import Operations
import OrderedJSON

extension JobKeys {
    /// The keys of a reduction; where several values make sense, a list of them sweeps.
    static let reduction = Reduction.Key.allCases.map { key in
        JobKey(name: key.rawValue, text: text(key), value: swept(value(key)), isRequired: key == .method)
    }

    /// A value, or a list of values, each of which makes a reduction of its own.
    private static func swept(_ value: JSONText) -> JSONText {
        let list: JSONText = ["type": "array", "items": value, "minItems": 1, "uniqueItems": true]
        return ["anyOf": [value, list]]
    }

    private static func text(_ key: Reduction.Key) -> String {
        switch key {
        case .method: "The rule by which tokens go."
        case .layers:
            "The layers, from 0, after which tokens go, ascending; a list of lists sweeps. "
                + "Without it, the paper's for models of 48 and 64 layers."
        case .flops:
            "The share of the layers' work to save; the keep ratio is solved at each sequence's own length."
        case .keepRatio: "The share of rows that each of the layers keeps."
        case .importance: "How important a row of features is: mean(max(0, y)), mean(y), mean|y| or the norm."
        case .source:
            "The features that importance and similarity read: the scan's output, the gated one, or the block's, "
                + "which is all that released variants read."
        case .seed: "What random draws by, besides the tokens."
        case .hiddenPrune: "The share of the matched rows that the hidden branch prunes rather than merges."
        case .residualPrune: "The share of the matched rows that the residual branch prunes rather than merges."
        case .scope: "Reduce the context alone, or context and continuation together as the paper does."
        case .align: "In sequence scope, whether the last rows rate the first targets, or each row the token after it."
        case .variant: "What the paper says, or what its published code does."
        }
    }

    private static func value(_ key: Reduction.Key) -> JSONText {
        let standard = Reduction.standard
        let share: JSONText = ["type": "number", "minimum": 0, "maximum": 1]
        return switch key {
        case .method: names(Reduction.Method.self)
        case .layers:
            ["type": "array", "items": ["type": "integer", "minimum": 0], "minItems": 1, "uniqueItems": true]
        case .flops: ["type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1]
        case .keepRatio: ["type": "number", "exclusiveMinimum": 0, "maximum": 1]
        case .importance: names(Importance.self, standard: standard?.importance)
        case .source: names(Reduction.Source.self)
        case .seed: ["type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991, "default": 0]
        case .hiddenPrune: share.adding(["default": .double(standard?.hiddenPrune ?? 0)])
        case .residualPrune: share.adding(["default": .double(standard?.residualPrune ?? 0)])
        case .scope: names(Reduction.Scope.self, standard: standard?.scope)
        case .align: names(Reduction.Alignment.self, standard: standard?.align)
        case .variant: names(Reduction.Variant.self, standard: standard?.variant)
        }
    }
}

extension Reduction {
    /// A reduction with every setting left at its default.
    fileprivate static let standard = try? Reduction(method: .utrc, amount: .keepRatio(1))
}

extension Reduction.Method {
    /// What holds where a reduction's methods include this one, as JSON Schema: the keys and values that are read.
    var conditions: [JSONText] {
        let named: JSONText = ["properties": ["method": Self.some(rawValue)], "required": ["method"]]
        guard self != .none else {
            let kept: JSONText = ["properties": ["flops": false, "keep_ratio": Self.each(["const": 1])]]
            return [["if": named, "then": kept]]
        }
        let amount: JSONText = ["oneOf": [["required": ["flops"]], ["required": ["keep_ratio"]]]]
        let common = variants == Reduction.Variant.allCases ? amount : amount.adding(["properties": variantsOnly])
        return [["if": named, "then": common]] + variants.compactMap { condition(named, $0) }
    }

    private var variantsOnly: JSONText {
        ["variant": Self.each(["enum": .texts(variants.map(\.rawValue))])]
    }

    /// What holds in one variant.
    private func condition(_ named: JSONText, _ variant: Reduction.Variant) -> JSONText? {
        let rule = rule(variant)
        let common: Set<Reduction.Key> = [.method, .layers, .flops, .keepRatio, .scope, .align, .variant]
        var values = Reduction.Key.allCases.filter { !common.contains($0) && !rule.keys.contains($0) }
            .map { ($0.rawValue, JSONText.bool(false)) }
        if rule.keys.contains(.source), rule.sources != Reduction.Source.allCases {
            let sources: JSONText = ["enum": .texts(rule.sources.map(\.rawValue))]
            values.append((Reduction.Key.source.rawValue, Self.each(sources)))
        }
        guard !values.isEmpty else { return nil }
        let chosen: JSONText = ["properties": ["variant": Self.some(variant.rawValue)]]
        let present: JSONText = variant == .paper ? chosen : chosen.adding(["required": ["variant"]])
        return ["if": ["allOf": [named, present]], "then": ["properties": .object(values)]]
    }

    /// What holds for a value, or for each of a list.
    private static func each(_ value: JSONText) -> JSONText {
        ["anyOf": [value, ["type": "array", "items": value]]]
    }

    /// That a name is the value, or in its list.
    private static func some(_ name: String) -> JSONText {
        ["anyOf": [["const": .string(name)], ["type": "array", "contains": ["const": .string(name)]]]]
    }
}

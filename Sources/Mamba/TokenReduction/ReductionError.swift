/// A reduction that cannot be: what is wrong with it, and what would be right.
public enum ReductionError: Error, Equatable, CustomStringConvertible {
    case notJSON(String)
    case notAnObject
    case unknownKey(String)
    case missingMethod
    case unknownMethod(String)
    case noVariant(Reduction.Variant, method: Reduction.Method)
    case unknownValue(Reduction.Key, String, known: [String])
    case wrongType(Reduction.Key, expected: String)
    case outOfRange(Reduction.Key, String, allowed: String)
    case keyNotRead(Reduction.Key, method: Reduction.Method, variant: Reduction.Variant)
    case sourceNotRead(Reduction.Source, method: Reduction.Method, variant: Reduction.Variant)
    case contradictsNone(Reduction.Key, String)
    case noAmount(Reduction.Method)
    case twoAmounts
    case noLayers
    case layersUnordered([Int])
    case layerOutOfModel(Int, layerCount: Int)
    case noSchedule(layerCount: Int)
    case targetOutOfReach(target: Double, layers: [Int], layerCount: Int, most: Double)

    public var description: String { "reduction: " + reason }

    /// The key that is to blame, as it is written; nil where it is one that lacks.
    public var key: String? {
        switch self {
        case .unknownKey(let key): key
        case .unknownMethod: Reduction.Key.method.rawValue
        case .noVariant: Reduction.Key.variant.rawValue
        case .sourceNotRead: Reduction.Key.source.rawValue
        case .unknownValue(let key, _, _), .wrongType(let key, _), .outOfRange(let key, _, _),
            .keyNotRead(let key, _, _), .contradictsNone(let key, _):
            key.rawValue
        case .twoAmounts, .targetOutOfReach: Reduction.Key.flops.rawValue
        case .noLayers, .layersUnordered, .layerOutOfModel: Reduction.Key.layers.rawValue
        case .notJSON, .notAnObject, .missingMethod, .noAmount, .noSchedule: nil
        }
    }

    private var reason: String {
        switch self {
        case .notJSON(let reason): "not JSON: \(reason)"
        case .notAnObject: "must be a JSON object such as {\"method\":\"utrc\",\"flops\":0.2}, or \"none\""
        case .unknownKey(let key): "unknown key '\(key)'; known: \(list(Reduction.Key.allCases.map(\.rawValue)))"
        case .missingMethod: "no method; known: \(list(Reduction.Method.allCases.map(\.rawValue)))"
        case .unknownMethod(let name):
            "unknown method '\(name)'; known: \(list(Reduction.Method.allCases.map(\.rawValue)))"
        case .noVariant(let variant, let method):
            "\(method.rawValue) has no variant '\(variant.rawValue)'; leave variant out"
        case .unknownValue(let key, let value, let known):
            "unknown \(key.rawValue) '\(value)'; known: \(list(known))"
        case .wrongType(let key, let expected): "\(key.rawValue) must be \(expected)"
        case .outOfRange(let key, let value, let allowed):
            "\(key.rawValue) \(value) is out of range; allowed: \(allowed)"
        case .keyNotRead(let key, let method, let variant):
            "\(name(method, variant)) does not read \(key.rawValue); leave it out"
        case .sourceNotRead(let source, let method, let variant):
            "\(name(method, variant)) does not read source '\(source.rawValue)', only "
                + "\(list(method.rule(variant).sources.map(\.rawValue))); leave source out"
        case .contradictsNone(let key, let value):
            "method none keeps every token, which \(key.rawValue) \(value) contradicts; leave it out or name a method"
        case .noAmount(let method): "\(method.rawValue) needs keep_ratio or flops, such as \"flops\":0.2"
        case .twoAmounts: "keep_ratio and flops are both given; choose one"
        case .noLayers: "layers is empty; leave it out for the paper's schedule, or use method none"
        case .layersUnordered(let layers): "layers \(layers) must ascend, each layer once"
        case .layerOutOfModel(let layer, let count):
            "layer \(layer) is not in the model, whose layers are 0 to \(count - 1)"
        case .noSchedule(let count):
            "the paper has no schedule for \(count) layers, only for "
                + "\(list(Reduction.paperSchedules.keys.sorted().map(String.init))); "
                + "give layers, such as \"layers\":[1,3]"
        case .targetOutOfReach(let target, let layers, let count, let most):
            "flops \(target) is out of reach: after layers \(layers) of \(count), at most \(most) can be saved; "
                + "ask for less, or reduce after earlier or more layers"
        }
    }

    private func name(_ method: Reduction.Method, _ variant: Reduction.Variant) -> String {
        variant == .paper ? method.rawValue : "\(method.rawValue) as \(variant.rawValue)"
    }

    private func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}

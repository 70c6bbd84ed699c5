import Foundation
import Operations

extension Reduction: Codable {
    /// The keys of a reduction in JSON and YAML.
    public enum Key: String, CodingKey, CaseIterable, Sendable {
        case method, layers, flops, importance, source, seed, scope, align, variant
        case keepRatio = "keep_ratio"
        case hiddenPrune = "hidden_prune"
        case residualPrune = "residual_prune"
    }

    /// Reads JSON such as `{"method":"utrc","layers":[1,3],"keep_ratio":0.7}`, or the bare name `"none"`.
    ///
    /// - Throws: ``ReductionError``, whose text says what would be right.
    public init(json: Data) throws {
        do {
            self = try JSONDecoder().decode(Reduction.self, from: json)
        } catch let error as ReductionError {
            throw error
        } catch DecodingError.dataCorrupted(let context) {
            throw ReductionError.notJSON(context.underlyingError.map { "\($0)" } ?? context.debugDescription)
        } catch is DecodingError {
            throw ReductionError.notAnObject
        }
    }

    public init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            let method = try Method(named: name)
            guard method == .none else { throw ReductionError.noAmount(method) }
            self = .none
            return
        }
        guard let container = try? decoder.container(keyedBy: AnyKey.self) else { throw ReductionError.notAnObject }
        let fields = Fields(container: container)
        try fields.checkKeys()
        guard let name = try fields.value(.method, String.self, expected: "a name") else {
            throw ReductionError.missingMethod
        }
        let method = try Method(named: name)
        let variant = try fields.name(.variant) ?? Variant.paper
        try fields.checkReadBy(method, variant)
        try self.init(
            method: method,
            layers: fields.value(.layers, [Int].self, expected: "a list of layer numbers, such as [12, 17]"),
            amount: fields.amount(of: method),
            importance: fields.name(.importance) ?? .clip,
            source: fields.name(.source),
            hiddenPrune: fields.value(.hiddenPrune, Double.self, expected: "a number") ?? 0.5,
            residualPrune: fields.value(.residualPrune, Double.self, expected: "a number") ?? 0,
            seed: fields.value(.seed, Int.self, expected: "a whole number") ?? 0,
            scope: fields.name(.scope) ?? .context,
            align: fields.name(.align) ?? .tail,
            variant: variant)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for (key, value) in fields {
            switch value {
            case .name(let name): try container.encode(name, forKey: key)
            case .number(let number): try container.encode(number, forKey: key)
            case .layers(let layers): try container.encode(layers, forKey: key)
            }
        }
    }

    /// JSON with sorted keys and every default filled in; equal reductions have equal text, and only they do.
    public var canonicalJSON: String {
        let members = fields.map { key, value in "\"\(key.rawValue)\":\(value.json)" }
        return "{" + members.sorted().joined(separator: ",") + "}"
    }
}

extension Reduction {
    /// A value as JSON writes it.
    private enum Field {
        case name(String)
        case number(Double)
        case layers([Int])

        var json: String {
            switch self {
            case .name(let name): "\"\(name)\""
            case .number(let number): number == number.rounded() ? "\(Int(number))" : "\(number)"
            case .layers(let layers): "[" + layers.map(String.init).joined(separator: ",") + "]"
            }
        }
    }

    /// The keys that mean something here, with their values: those that the method reads.
    private var fields: [(Key, Field)] {
        var fields: [(Key, Field)] = [(.method, .name(method.rawValue))]
        guard method != .none else { return fields }
        if let layers { fields.append((.layers, .layers(layers))) }
        switch amount {
        case .keepRatio(let ratio): fields.append((.keepRatio, .number(ratio)))
        case .flops(let target): fields.append((.flops, .number(target)))
        }
        fields.append((.scope, .name(scope.rawValue)))
        if scope == .sequence { fields.append((.align, .name(align.rawValue))) }
        fields.append((.variant, .name(variant.rawValue)))
        let optional: [(Key, Field)] = [
            (.importance, .name(importance.rawValue)), (.source, .name(source.rawValue)),
            (.hiddenPrune, .number(hiddenPrune)), (.residualPrune, .number(residualPrune)),
            (.seed, .number(Double(seed))),
        ]
        return fields + optional.filter { rule.keys.contains($0.0) }
    }
}

extension Reduction.Method {
    fileprivate init(named name: String) throws {
        guard let method = Self(rawValue: name) else { throw ReductionError.unknownMethod(name) }
        self = method
    }
}

/// A decoded object whose values are still to be checked.
private struct Fields {
    let container: KeyedDecodingContainer<AnyKey>

    func checkKeys() throws {
        let unknown = container.allKeys.map(\.stringValue).filter { Reduction.Key(rawValue: $0) == nil }
        if let key = unknown.min() { throw ReductionError.unknownKey(key) }
    }

    /// Refuses a key that the method pays no heed to; `none` may keep the keys that it is switched off from.
    func checkReadBy(_ method: Reduction.Method, _ variant: Reduction.Variant) throws {
        guard method != .none, method.variants.contains(variant) else { return }
        let optional: [Reduction.Key] = [.importance, .source, .hiddenPrune, .residualPrune, .seed]
        for key in optional where !method.rule(variant).keys.contains(key) && has(key) {
            throw ReductionError.keyNotRead(key, method: method, variant: variant)
        }
    }

    func has(_ key: Reduction.Key) -> Bool {
        container.contains(AnyKey(key)) && (try? container.decodeNil(forKey: AnyKey(key))) == false
    }

    func value<T: Decodable>(_ key: Reduction.Key, _ type: T.Type, expected: String) throws -> T? {
        guard has(key) else { return nil }
        guard let value = try? container.decode(type, forKey: AnyKey(key)) else {
            throw ReductionError.wrongType(key, expected: expected)
        }
        return value
    }

    func name<T: RawRepresentable<String> & CaseIterable>(_ key: Reduction.Key) throws -> T? {
        let known = T.allCases.map(\.rawValue)
        guard let text = try value(key, String.self, expected: "one of \(known.joined(separator: ", "))") else {
            return nil
        }
        guard let value = T(rawValue: text) else { throw ReductionError.unknownValue(key, text, known: known) }
        return value
    }

    func amount(of method: Reduction.Method) throws -> Reduction.Amount {
        let ratio = try value(.keepRatio, Double.self, expected: "a number")
        let flops = try value(.flops, Double.self, expected: "a number")
        switch (ratio, flops) {
        case (let ratio?, nil): return .keepRatio(ratio)
        case (nil, let flops?): return .flops(flops)
        case (nil, nil) where method == .none: return .keepRatio(1)
        case (nil, nil): throw ReductionError.noAmount(method)
        default: throw ReductionError.twoAmounts
        }
    }
}

/// Any key of an object, so that an unknown one is seen.
private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ key: Reduction.Key) { stringValue = key.rawValue }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

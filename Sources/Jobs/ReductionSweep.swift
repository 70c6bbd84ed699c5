import Foundation
import Mamba
import Yams

/// Expands the `reductions` of a job file: each is `none` or a mapping of a reduction's keys, in which a list of values
/// stands for one reduction a value. `layers` is a list already, so that a list of lists sweeps it.
struct ReductionSweep {
    /// A bound on what one job may list, over all its models.
    static let maximumReductions = 1024

    let file: String
    /// What was expanded so far.
    private var count = 0

    init(file: String) { self.file = file }

    /// A list's reductions in the order written, the first key of each varying slowest.
    ///
    /// - Parameter common: those that are evaluated anyhow, which the list must not repeat.
    mutating func expand(_ nodes: [Node], besides common: [Reduction] = []) throws -> [Reduction] {
        var found: [(reduction: Reduction, line: Int?)] = []
        for node in nodes {
            for choices in try combinations(node) {
                let reduction = try reduction(choices, at: node.mark?.line)
                if common.contains(reduction) {
                    throw error("the reduction \(reduction) is listed for every model already", at: node)
                }
                if let first = found.first(where: { $0.reduction == reduction }) {
                    let place = first.line.map { ", first in line \($0)" } ?? ""
                    throw error("the reduction \(reduction) is listed twice\(place)", at: node)
                }
                found.append((reduction, node.mark?.line))
            }
        }
        return found.map(\.reduction)
    }

    /// A key's value in one reduction, with where both were written.
    private struct Choice {
        let name: String
        let key: Node
        let node: Node
        let value: any Sendable
    }

    /// Every choice of one value a key.
    private mutating func combinations(_ node: Node) throws -> [[Choice]] {
        if let scalar = node.scalar {
            try take(1, at: node)
            return [[Choice(name: Reduction.Key.method.rawValue, key: node, node: node, value: scalar.string)]]
        }
        guard let mapping = node.mapping else {
            throw error("a reduction is 'none' or a mapping with a 'method'; found \(node.kind)", at: node)
        }
        var combinations: [[Choice]] = [[]]
        for (key, value) in mapping {
            if let refusal = refusalOfMergeKey(key.name) { throw error(refusal, at: key) }
            let alternatives = try alternatives(of: value, for: key)
            guard combinations.count * alternatives.count <= Self.maximumReductions else { throw tooMany(at: key) }
            combinations = combinations.flatMap { combination in alternatives.map { combination + [$0] } }
        }
        try take(combinations.count, at: node)
        return combinations
    }

    /// The values that a key sweeps over.
    private func alternatives(of node: Node, for key: Node) throws -> [Choice] {
        let nodes: [Node]
        if let sequence = node.sequence,
            key.name != Reduction.Key.layers.rawValue || sequence.contains(where: { $0.sequence != nil })
        {
            guard !sequence.isEmpty else { throw error("'\(key.name)' sweeps over an empty list", at: node) }
            nodes = Array(sequence)
        } else {
            nodes = [node]
        }
        return try nodes.map { Choice(name: key.name, key: key, node: $0, value: try json($0)) }
    }

    private mutating func take(_ more: Int, at node: Node) throws {
        count += more
        if count > Self.maximumReductions { throw tooMany(at: node) }
    }

    /// A node as JSON's types.
    private func json(_ node: Node) throws -> any Sendable {
        if let sequence = node.sequence { return try sequence.map { try json($0) } }
        guard let scalar = node.scalar else {
            throw error("a reduction's values are scalars or lists; found \(node.kind)", at: node)
        }
        if scalar.style == .plain {
            if let integer = node.int { return integer }
            if let number = node.float, number.isFinite { return number }
        }
        return scalar.string
    }

    private func reduction(_ choices: [Choice], at line: Int?) throws -> Reduction {
        let keys = Dictionary(choices.map { ($0.name, $0.value) }) { first, _ in first }
        do {
            return try Reduction(json: JSONSerialization.data(withJSONObject: keys))
        } catch let error as ReductionError {
            let blamed = choices.first { $0.name == error.key }
            let node = error.blamesKeyItself ? blamed?.key : blamed?.node
            throw JobFileError(file: file, line: node?.mark?.line ?? line, message: "\(error)\(error.suggestion)")
        }
    }

    private func error(_ message: String, at node: Node) -> JobFileError {
        JobFileError(file: file, line: node.mark?.line, message: message)
    }

    private func tooMany(at node: Node) -> JobFileError {
        error("the job expands to more than \(Self.maximumReductions) reductions; split it", at: node)
    }
}

extension ReductionError {
    /// Whether the key should not be there, whatever its value.
    fileprivate var blamesKeyItself: Bool {
        switch self {
        case .unknownKey, .keyNotRead, .twoAmounts: true
        default: false
        }
    }

    /// What a misspelt name may have meant.
    fileprivate var suggestion: String {
        switch self {
        case .unknownKey(let key): Jobs.suggestion(for: key, among: Reduction.Key.allCases.map(\.rawValue))
        case .unknownMethod(let name): Jobs.suggestion(for: name, among: Reduction.Method.allCases.map(\.rawValue))
        case .unknownValue(_, let value, let known): Jobs.suggestion(for: value, among: known)
        default: ""
        }
    }
}

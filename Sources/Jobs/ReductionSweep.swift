import Foundation
import Mamba
import Yams

/// Expands the `reductions` of a job file: each is `none` or a mapping of a reduction's keys, in which a list of values
/// stands for one reduction a value. `layers` is a list already, so that a list of lists sweeps it.
enum ReductionSweep {
    /// A bound on what one job may expand to.
    static let maximumReductions = 1024

    static func expand(_ nodes: [Node], file: String) throws -> [Reduction] {
        var result: [Reduction] = []
        for node in nodes {
            for reduction in try expand(node, file: file) {
                guard !result.contains(reduction) else {
                    throw JobFileError(
                        file: file, line: node.mark?.line,
                        message: "the reduction \(reduction) is listed twice")
                }
                result.append(reduction)
                guard result.count <= maximumReductions else {
                    throw JobFileError(
                        file: file, line: node.mark?.line,
                        message: "the sweep expands to more than \(maximumReductions) reductions; split the job")
                }
            }
        }
        return result
    }

    private static func expand(_ node: Node, file: String) throws -> [Reduction] {
        if let scalar = node.scalar {
            return [try reduction(["method": scalar.string], at: node.mark?.line, file: file)]
        }
        guard let mapping = node.mapping else {
            throw JobFileError(
                file: file, line: node.mark?.line, message: "a reduction is 'none' or a mapping with a 'method'")
        }
        var combinations: [[String: Any]] = [[:]]
        for (key, value) in mapping {
            let name = key.string ?? "?"
            let alternatives = try choices(of: value, for: name, file: file)
            guard combinations.count * alternatives.count <= maximumReductions else {
                throw JobFileError(
                    file: file, line: key.mark?.line,
                    message: "the sweep expands to more than \(maximumReductions) reductions; split the job")
            }
            combinations = combinations.flatMap { combination in
                alternatives.map { combination.merging([name: $0]) { _, new in new } }
            }
        }
        return try combinations.map { keys in
            do {
                return try reduction(keys, at: node.mark?.line, file: file)
            } catch let error as JobFileError {
                let keys = mapping.map { ($0.key, $0.key.string ?? "?") }
                let blamed =
                    keys.first { error.message.contains("'\($0.1)'") }
                    ?? keys.first { error.message.contains("\($0.1) ") }
                throw JobFileError(file: file, line: blamed?.0.mark?.line ?? error.line, message: error.message)
            }
        }
    }

    /// The values that a key sweeps over.
    private static func choices(of node: Node, for key: String, file: String) throws -> [Any] {
        guard let sequence = node.sequence else { return [try json(node, file: file)] }
        let isSweep = key != "layers" || sequence.contains { $0.sequence != nil }
        guard isSweep else { return [try json(node, file: file)] }
        guard !sequence.isEmpty else {
            throw JobFileError(file: file, line: node.mark?.line, message: "'\(key)' sweeps over an empty list")
        }
        return try sequence.map { try json($0, file: file) }
    }

    /// A node as JSON's types.
    private static func json(_ node: Node, file: String) throws -> Any {
        if let sequence = node.sequence { return try sequence.map { try json($0, file: file) } }
        guard let scalar = node.scalar else {
            throw JobFileError(file: file, line: node.mark?.line, message: "a reduction's values are scalars or lists")
        }
        if scalar.style == .plain {
            if let integer = node.int { return integer }
            if let number = node.float, number.isFinite { return number }
        }
        return scalar.string
    }

    private static func reduction(_ keys: [String: Any], at line: Int?, file: String) throws -> Reduction {
        do {
            return try Reduction(json: JSONSerialization.data(withJSONObject: keys))
        } catch {
            throw JobFileError(file: file, line: line, message: "\(error)")
        }
    }
}

import Operations
import Testing

/// One operation on seeded inputs of one shape, for any backend.
protocol Operation: Sendable, CustomTestStringConvertible {
    /// What the backend makes of the inputs, states included.
    func run<B: Backend>(on backend: B) throws -> [Outcome]
    /// How near to the definition the result has to be.
    var tolerance: Tolerance { get }
}

extension Operation {
    var testDescription: String { "\(self)" }
    /// A few roundings of float32 (2⁻²⁴ each), and functions within 4e−7.
    var tolerance: Tolerance { Tolerance(relative: 2e-6) }
}

struct Project: Operation {
    var rows: Int
    var inputs: Int
    var outputs: Int
    var offset = 0

    func run<B: Backend>(on backend: B) throws -> [Outcome] {
        var numbers = Numbers(seed: 1)
        let columns = offset + inputs + offset / 2
        let x = backend.matrix(numbers.floats(rows * columns), rows: rows, columns: columns)
        let weight = try backend.weight(numbers.floats(outputs * inputs), outputs, inputs)
        return [try backend.outcome("y", backend.project(x, columns: offset..<offset + inputs, by: weight))]
    }

    /// The rounding errors of a chain of K sums add up like a random walk, √K·2⁻²⁴ of the partial sums.
    var tolerance: Tolerance { Tolerance(relative: 1e-6 * Float(inputs + 16).squareRoot(), absolute: 1e-5) }
}

struct Embed: Operation {
    var vocabulary: Int
    var dimension: Int

    func run<B: Backend>(on backend: B) throws -> [Outcome] {
        var numbers = Numbers(seed: 2)
        let table = try backend.weight(numbers.floats(vocabulary * dimension), vocabulary, dimension)
        let tokens = [0, vocabulary - 1, vocabulary / 2, 0].map(Int32.init)
        return try [tokens, []].map { try backend.outcome("x", backend.embed($0, table: table)) }
    }

    var tolerance: Tolerance { Tolerance(relative: 0, absolute: 0) }
}

/// gather, stack, reduce and add.
struct Rows: Operation {
    var rows: Int
    var columns: Int

    func run<B: Backend>(on backend: B) throws -> [Outcome] {
        var numbers = Numbers(seed: 3)
        let x = backend.matrix(numbers.floats(rows * columns), rows: rows, columns: columns)
        let picked = backend.gather(rows == 0 ? [] : [rows - 1, 0, 0], from: x)
        var sum = backend.matrix(numbers.floats(rows * columns), rows: rows, columns: columns)
        backend.add(x, into: &sum)
        let pieces = [
            MatrixPiece(sum, rows: rows / 2..<rows), MatrixPiece(x, rows: 0..<rows), MatrixPiece(x, rows: 0..<0),
        ]
        var outcomes = [
            try backend.outcome("gathered", picked), try backend.outcome("sum", sum),
            try backend.outcome("stacked", backend.stack(pieces)),
        ]
        if rows >= 6 {
            // Rows 1, 2 and 5 go: 5 and 1, in that order, into 3, and 2 nowhere.
            let kept = (0..<rows).filter { ![1, 2, 5].contains($0) }
            let merge = RowReduction.Merge(destination: 3, sources: [5, 1])
            outcomes.append(
                try backend.outcome("reduced", backend.reduce(x, by: RowReduction(kept: kept, merges: [merge]))))
        }
        return outcomes
    }
}

/// reduce, of a merge that takes the largest values only.
struct MergeLargest: Operation {
    var sources: Int
    var taken: Int
    var columns: Int
    /// How many values there are to choose from; few make many ties.
    var alphabet = Int.max

    func run<B: Backend>(on backend: B) throws -> [Outcome] {
        var numbers = Numbers(seed: 9)
        let rows = 2 * sources + 2
        let values = numbers.integers(rows * columns, below: alphabet).map { Float($0 % 20_001) / 10_000 - 1 }
        let x = backend.matrix(values, rows: rows, columns: columns)
        let gone = (0..<sources).map { 2 * $0 }
        let reduction = RowReduction(
            kept: (0..<rows).filter { !gone.contains($0) },
            merges: [.init(destination: 1, sources: gone, taking: .largest(taken))])
        return [try backend.outcome("reduced", backend.reduce(x, by: reduction))]
    }

    /// A sum of up to `taken` values in float32.
    var tolerance: Tolerance { Tolerance(relative: 1e-6 * Float(taken + 1).squareRoot()) }
}

struct Normalize: Operation {
    var rows: Int
    var columns: Int
    var scale: Float = 1

    func run<B: Backend>(on backend: B) throws -> [Outcome] {
        var numbers = Numbers(seed: 4)
        let x = backend.matrix(numbers.floats(rows * columns, in: -scale...scale), rows: rows, columns: columns)
        let weight = try backend.vector(numbers.floats(columns))
        return [try backend.outcome("y", backend.normalize(x, weight: weight, epsilon: 1e-5))]
    }
}

/// gate and gatedNormalize.
struct Gate: Operation {
    var rows: Int
    var columns: Int
    var group: Int
    var range: ClosedRange<Float> = -4...4

    func run<B: Backend>(on backend: B) throws -> [Outcome] {
        var numbers = Numbers(seed: 5)
        let y = backend.matrix(numbers.floats(rows * columns), rows: rows, columns: columns)
        let z = backend.matrix(numbers.floats(rows * (columns + 5), in: range), rows: rows, columns: columns + 5)
        let weight = try backend.vector(numbers.floats(columns))
        let gated = backend.gate(y, by: z, columns: 3..<columns + 3)
        let normalized = backend.gatedNormalize(
            y, by: z, columns: 3..<columns + 3, weight: weight, epsilon: 1e-5, groupSize: group)
        return [try backend.outcome("gated", gated), try backend.outcome("normalized", normalized)]
    }
}

struct Importances: Operation {
    var rows: Int
    var columns: Int
    var metric: Importance

    func run<B: Backend>(on backend: B) throws -> [Outcome] {
        var numbers = Numbers(seed: 6)
        let y = backend.matrix(numbers.floats(rows * columns), rows: rows, columns: columns)
        let range = rows / 3..<rows
        let values = try backend.importance(of: y, rows: range, metric: metric)
        return [Outcome(name: "importance", columns: 1, values: values)]
    }
}

struct Matches: Operation {
    var sources: Int
    var destinations: Int
    var columns: Int
    var rectified = false

    func run<B: Backend>(on backend: B) throws -> [Outcome] {
        var numbers = Numbers(seed: 7)
        let rows = sources + destinations
        let y = backend.matrix(numbers.floats(rows * columns), rows: rows, columns: columns)
        let split = (0..<rows).sorted { ($0 * 7919 % 101, $0) < ($1 * 7919 % 101, $1) }
        let matches = try backend.bestMatches(
            of: y, sources: Array(split[..<sources]), destinations: Array(split[sources...]), rectified: rectified)
        return [
            Outcome(name: "destination", columns: 1, values: matches.map { Float($0.destination) }),
            Outcome(name: "similarity", columns: 1, values: matches.map(\.similarity)),
        ]
    }

    var tolerance: Tolerance { Tolerance(relative: 2e-6, absolute: 2e-6) }
}

struct Score: Operation {
    var rows: Int
    var dimension: Int
    var vocabulary: Int

    func run<B: Backend>(on backend: B) throws -> [Outcome] {
        var numbers = Numbers(seed: 8)
        let hidden = backend.matrix(numbers.floats(rows * dimension), rows: rows, columns: dimension)
        let head = try backend.weight(numbers.floats(vocabulary * dimension), vocabulary, dimension)
        let targets = numbers.integers(rows, below: vocabulary).map(Int32.init)
        let scores = try backend.score(hidden, head: head, targets: targets)
        return [
            Outcome(name: "log probability", columns: 1, values: scores.map { Float($0.logProbability) }),
            Outcome(name: "greedy", columns: 1, values: scores.map { $0.isGreedy ? 1 : 0 }),
            Outcome(name: "margin", columns: 1, values: scores.map(\.margin)),
        ]
    }

    var tolerance: Tolerance { Tolerance(relative: 1e-6, absolute: 1e-5) }
}

struct Choose: Operation {
    var rows: Int
    var dimension: Int
    var vocabulary: Int

    func run<B: Backend>(on backend: B) throws -> [Outcome] {
        var numbers = Numbers(seed: 9)
        let hidden = backend.matrix(numbers.floats(rows * dimension), rows: rows, columns: dimension)
        let head = try backend.weight(numbers.floats(vocabulary * dimension), vocabulary, dimension)
        let choices = try backend.choose(hidden, head: head)
        return [
            Outcome(name: "token", columns: 1, values: choices.map { Float($0.token) }),
            Outcome(name: "log probability", columns: 1, values: choices.map { Float($0.logProbability) }),
            Outcome(name: "margin", columns: 1, values: choices.map(\.margin)),
        ]
    }

    var tolerance: Tolerance { Tolerance(relative: 1e-6, absolute: 1e-5) }
}

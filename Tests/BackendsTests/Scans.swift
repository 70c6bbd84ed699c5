import Operations

/// Where every segment is split in a prefix and its continuation, by its length.
struct Cut {
    let place: (Int) -> Int
    /// Whether continuations run in the same pass, in what the prefixes leave; else in a second one, from the states.
    var isWithinPass = false
}

/// The operations along time, each over segments of the given lengths, whole or cut.
protocol TimeOperation: Operation {
    var lengths: [Int] { get }
    /// The results for all segments at once: per row, then the states.
    func run<B: Backend>(on backend: B, cut: Cut?) throws -> [Outcome]
}

extension TimeOperation {
    func run<B: Backend>(on backend: B) throws -> [Outcome] { try run(on: backend, cut: nil) }

    /// Walks `step` over the whole or over both halves, and puts the halves' rows back in order.
    func walk<B: Backend>(
        on backend: B, cut: Cut?, state: B.Matrix, step: ([Int], Segments, inout B.Matrix) -> B.Matrix
    ) throws -> [Outcome] {
        let whole = Segments(lengths: lengths)
        var state = state
        guard let cut else {
            let y = step(Array(0..<whole.rowCount), whole, &state)
            return [try backend.outcome("y", y), try backend.outcome("state", state)]
        }
        let halves = [
            (0..<whole.count).map { whole[$0].prefix(cut.place(whole[$0].count)) },
            (0..<whole.count).map { whole[$0].dropFirst(cut.place(whole[$0].count)) },
        ]
        var passes = halves.map { ranges in (ranges, Segments(lengths: ranges.map(\.count))) }
        if cut.isWithinPass {
            let none = [Int?](repeating: nil, count: whole.count)
            let lengths = halves.joined().map(\.count)
            passes = [(halves.flatMap { $0 }, Segments(lengths: lengths, after: none + Array(0..<whole.count)))]
            // What a segment with a parent finds in its own state is of no account.
            state = backend.gather(Array(0..<whole.count) + (0..<whole.count).reversed(), from: state)
        }
        var y = Outcome(name: "y", columns: 0, values: [])
        for (ranges, segments) in passes {
            let rows = ranges.flatMap { Array($0) }
            let part = try backend.outcome("y", step(rows, segments, &state))
            if y.values.isEmpty {
                y = Outcome(
                    name: "y", columns: part.columns,
                    values: [Float](repeating: .nan, count: whole.rowCount * part.columns))
            }
            for (i, row) in rows.enumerated() {
                y.values.replaceSubrange(
                    row * part.columns..<(row + 1) * part.columns,
                    with: part.values[i * part.columns..<(i + 1) * part.columns])
            }
        }
        if cut.isWithinPass { state = backend.gather(Array(whole.count..<2 * whole.count), from: state) }
        return [y, try backend.outcome("state", state)]
    }
}

struct Convolve: TimeOperation {
    var lengths: [Int]
    var channels: Int
    var width = 4
    var offset = 0

    func run<B: Backend>(on backend: B, cut: Cut?) throws -> [Outcome] {
        var numbers = Numbers(seed: 11)
        let (rows, columns) = (lengths.reduce(0, +), offset + channels + offset)
        let x = backend.matrix(numbers.floats(rows * columns), rows: rows, columns: columns)
        let weight = try backend.vector(numbers.floats(channels * width))
        let bias = try backend.vector(numbers.floats(channels))
        let state = backend.matrix(
            numbers.floats(lengths.count * channels * width), rows: lengths.count, columns: channels * width)
        return try walk(on: backend, cut: cut, state: state) { rows, segments, state in
            backend.convolve(
                backend.gather(rows, from: x), columns: offset..<offset + channels, weight: weight, bias: bias,
                width: width, state: &state, segments: segments)
        }
    }
}

/// What the steps before softplus look like.
enum Steps: Sendable {
    /// As in trained models, Δ from 0.002 to 0.1.
    case usual
    /// −∞, denormals, both sides of softplus's threshold, and steps so large that every state is forgotten.
    case extreme

    func values(_ count: Int, _ numbers: inout Numbers) -> [Float] {
        switch self {
        case .usual: return numbers.floats(count, in: -6 ... -2)
        case .extreme:
            let hostile: [Float] = [
                -.infinity, -1e30, -120, -88, -20, -0x1p-133, 0, 0x1p-149, 0x1p-133, 1, 19.9999, 20, 20.0001, 300, 1e4,
                1e18,
            ]
            return numbers.integers(count, below: hostile.count).map { hostile[$0] }
        }
    }
}

struct SelectiveScan: TimeOperation {
    var lengths: [Int]
    var channels: Int
    var states: Int
    var steps = Steps.usual

    func run<B: Backend>(on backend: B, cut: Cut?) throws -> [Outcome] {
        var numbers = Numbers(seed: 12)
        let (rows, columns) = (lengths.reduce(0, +), 3 + 2 * states)
        let x = backend.matrix(numbers.floats(rows * channels), rows: rows, columns: channels)
        let dt = backend.matrix(steps.values(rows * channels, &numbers), rows: rows, columns: channels)
        let bc = backend.matrix(numbers.floats(rows * columns), rows: rows, columns: columns)
        let bias = try backend.vector(numbers.floats(channels, in: -0.1...0.1))
        let a = try backend.vector(numbers.floats(channels * states, in: -16 ... -0.01))
        let d = try backend.vector(numbers.floats(channels))
        let state = backend.matrix(
            numbers.floats(lengths.count * channels * states), rows: lengths.count, columns: channels * states)
        return try walk(on: backend, cut: cut, state: state) { rows, segments, state in
            backend.selectiveScan(
                x: backend.gather(rows, from: x), dt: backend.gather(rows, from: dt), dtBias: bias, a: a,
                bc: backend.gather(rows, from: bc), bColumns: 3..<3 + states, cColumns: 3 + states..<3 + 2 * states,
                d: d, state: &state, segments: segments)
        }
    }

    /// A state's error is carried on by decays near 1, so it grows with the number of steps it remembers.
    var tolerance: Tolerance { Tolerance(relative: 1e-5, absolute: 1e-6) }
}

struct HeadScan: TimeOperation {
    var lengths: [Int]
    var shape: HeadScanShape
    var steps = Steps.usual
    var limit: ClosedRange<Float> = 0 ... .infinity

    func run<B: Backend>(on backend: B, cut: Cut?) throws -> [Outcome] {
        var numbers = Numbers(seed: 13)
        let (rows, heads) = (lengths.reduce(0, +), shape.heads)
        let channels = heads * shape.headDimension
        let columns = channels + 2 * shape.groups * shape.stateDimension
        let xbc = backend.matrix(numbers.floats(rows * columns), rows: rows, columns: columns)
        let dt = numbers.floats(rows * 2) + steps.values(rows * heads, &numbers)
        let projected = backend.matrix(interleave(dt, rows, 2, heads), rows: rows, columns: 2 + heads)
        let bias = try backend.vector(numbers.floats(heads, in: -0.1...0.1))
        let a = try backend.vector(numbers.floats(heads, in: -16 ... -0.01))
        let d = try backend.vector(numbers.floats(heads))
        let width = channels * shape.stateDimension
        let state = backend.matrix(numbers.floats(lengths.count * width), rows: lengths.count, columns: width)
        return try walk(on: backend, cut: cut, state: state) { rows, segments, state in
            backend.headScan(
                xbc: backend.gather(rows, from: xbc), projected: backend.gather(rows, from: projected),
                dtColumns: 2..<2 + heads, dtBias: bias, dtLimit: limit, a: a, d: d, shape: shape, state: &state,
                segments: segments)
        }
    }

    /// Rows of `left` values and then `right` values each, from all the left values followed by all the right ones.
    private func interleave(_ values: [Float], _ rows: Int, _ left: Int, _ right: Int) -> [Float] {
        var mixed: [Float] = []
        for row in 0..<rows {
            let first = rows * left + row * right
            mixed += values[row * left..<row * left + left]
            mixed += values[first..<first + right]
        }
        return mixed
    }

    var tolerance: Tolerance { Tolerance(relative: 1e-5, absolute: 1e-6) }
}

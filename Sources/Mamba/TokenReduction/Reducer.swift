import Operations

/// What one reduced layer did to one sequence.
public struct ReductionStep: Sendable, Equatable {
    /// The layer, from 0, after which the sequence was reduced.
    public let layer: Int
    /// The sequence's segment.
    public let segment: Int
    /// How many rows entered the layer.
    public let rows: Int
    /// What was decided, and by what; rows count from the sequence's first row in this layer.
    public let decision: ReductionDecision
}

/// Applies a reduction to packed sequences, each on its own rows, and keeps account of the rows that survive: at once
/// where the host chooses them, at the end of the pass where the device does.
struct Reducer {
    /// For each segment, the original row of each surviving row.
    private(set) var positions: [[Int]]
    private(set) var steps: [ReductionStep] = []
    private let reduction: Reduction
    private let rule: any ReductionMethod
    private let layers: Set<Int>
    private let keepRatios: [Double]
    private let tokens: [Int32]
    private let original: Segments
    private let spared: [Int]
    /// What the device chose and the account has not yet.
    private var unread: [(layer: Int, choices: [RowChoice], record: any ChoiceRecord)] = []

    /// - Parameter spared: how many rows at each segment's end take no part in the reduction; none unless given.
    init(
        _ reduction: Reduction, layerCount: Int, tokens: [Int32], segments: Segments, sparing spared: [Int]? = nil
    ) throws {
        let spared = spared ?? Array(repeating: 0, count: segments.count)
        self.reduction = reduction
        self.tokens = tokens
        self.spared = spared
        rule = reduction.rule
        layers = Set(try reduction.resolvedLayers(layerCount: layerCount))
        keepRatios = try reduction.keepRatios(
            rows: zip(segments.lengths, spared).map { $0 - $1 }, layerCount: layerCount)
        positions = segments.lengths.map { Array(0..<$0) }
        original = segments
    }

    /// What a scheduled layer's mixer is to hand over; nil after the other layers.
    func source(afterLayer layer: Int) -> Reduction.Source? {
        layers.contains(layer) ? reduction.source : nil
    }

    /// Takes from the two branches [L, D] what each segment is to lose, by its own rows of the features [L, C], all but
    /// those that are spared; returns the segments that are left.
    mutating func reduce<B: Backend>(
        _ hidden: inout B.Matrix, _ residual: inout B.Matrix, afterLayer layer: Int, features: B.Matrix,
        segments: Segments, on backend: B
    ) throws -> Segments {
        if let rule = rule as? any ChoosingMethod {
            let choices = segments.lengths.indices.map { segment in
                let range = segments[segment].dropLast(spared[segment])
                let choice = rule.choice(of: range.count, keepRatio: keepRatios[segment], reduction: reduction)
                return SequenceChoice(first: range.lowerBound, spared: spared[segment], choice: choice)
            }
            if let reduced = backend.reduce(hidden: hidden, residual: residual, by: choices, of: features) {
                (hidden, residual) = (reduced.hidden, reduced.residual)
                unread.append((layer, choices.map(\.choice), reduced.record))
                return Segments(lengths: choices.map { $0.choice.keptCount + $0.spared })
            }
        }
        let left = try decide(afterLayer: layer, features: features, segments: segments, on: backend)
        guard left.hidden.kept.count < segments.rowCount else { return segments }
        hidden = backend.reduce(hidden, by: left.hidden)
        residual = backend.reduce(residual, by: left.residual)
        return Segments(lengths: positions.map(\.count))
    }

    /// Takes into account what the device chose; waits until it has.
    mutating func finish() throws {
        for layer in unread {
            for (segment, chosen) in try layer.record.read().enumerated() where layer.choices[segment].rows > 0 {
                let choice = layer.choices[segment]
                note(ReductionDecision(choice, chosen), of: segment, rows: choice.rows, afterLayer: layer.layer)
            }
        }
        unread = []
    }

    /// Decides for each segment on its own rows of the features.
    private mutating func decide<B: Backend>(
        afterLayer layer: Int, features: B.Matrix, segments: Segments, on backend: B
    ) throws -> (hidden: RowReduction, residual: RowReduction) {
        var hidden = RowReduction(kept: [])
        var residual = RowReduction(kept: [])
        for segment in 0..<segments.count {
            let range = segments[segment].dropLast(spared[segment])
            if !range.isEmpty {
                let rows = SequenceRows(
                    features: features, range: range, tokens: tokens[original[segment].dropLast(spared[segment])],
                    afterLayer: layer, on: backend)
                let decision = try backend.deciding {
                    try rule.decide(rows, keepRatio: keepRatios[segment], reduction: reduction)
                }
                hidden.append(decision.hidden, shiftedBy: range.lowerBound)
                residual.append(decision.residual, shiftedBy: range.lowerBound)
                note(decision, of: segment, rows: rows.count, afterLayer: layer)
            }
            let last = segments[segment].suffix(spared[segment])
            hidden.kept += last
            residual.kept += last
        }
        return (hidden, residual)
    }

    private mutating func note(_ decision: ReductionDecision, of segment: Int, rows: Int, afterLayer layer: Int) {
        let kept = decision.hidden.kept.map { positions[segment][$0] }
        positions[segment] = kept + positions[segment].suffix(spared[segment])
        steps.append(ReductionStep(layer: layer, segment: segment, rows: rows, decision: decision))
    }
}

extension RowReduction {
    /// Adds a segment's rows, which begin at `offset` in the packed matrix.
    fileprivate mutating func append(_ other: RowReduction, shiftedBy offset: Int) {
        kept += other.kept.map { $0 + offset }
        merges += other.merges.map { merge in
            Merge(
                destination: merge.destination + offset, sources: merge.sources.map { $0 + offset },
                taking: merge.taking)
        }
    }
}

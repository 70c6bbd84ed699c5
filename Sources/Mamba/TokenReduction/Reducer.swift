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

/// Applies a reduction to packed sequences, each on its own rows, and keeps account of the rows that survive.
struct Reducer {
    /// What the packed matrices lose after a layer, and the segments that are left.
    struct PackedRows {
        var hidden: RowReduction
        var residual: RowReduction
        var segments: Segments
        var dropsAny: Bool
    }

    /// For each segment, the original row of each surviving row.
    private(set) var positions: [[Int]]
    private(set) var steps: [ReductionStep] = []
    private let reduction: Reduction
    private let rule: any ReductionMethod
    private let layers: Set<Int>
    private let keepRatios: [Double]
    private let tokens: [Int32]
    private let original: Segments

    init(_ reduction: Reduction, layerCount: Int, tokens: [Int32], segments: Segments) throws {
        self.reduction = reduction
        self.tokens = tokens
        rule = reduction.rule
        layers = Set(try reduction.resolvedLayers(layerCount: layerCount))
        keepRatios = try reduction.keepRatios(rows: segments.lengths, layerCount: layerCount)
        positions = segments.lengths.map { Array(0..<$0) }
        original = segments
    }

    /// What a scheduled layer's mixer is to hand over; nil after the other layers.
    func source(afterLayer layer: Int) -> Reduction.Source? {
        layers.contains(layer) ? reduction.source : nil
    }

    /// Decides for each segment on its own rows of the features [L, C].
    mutating func decide<B: Backend>(
        afterLayer layer: Int, features: B.Matrix, segments: Segments, on backend: B
    ) throws -> PackedRows {
        var hidden = RowReduction(kept: [])
        var residual = RowReduction(kept: [])
        for segment in 0..<segments.count where !segments[segment].isEmpty {
            let rows = SequenceRows(
                features: features, range: segments[segment], tokens: tokens[original[segment]],
                afterLayer: layer, on: backend)
            let decision = try backend.deciding {
                try rule.decide(rows, keepRatio: keepRatios[segment], reduction: reduction)
            }
            hidden.append(decision.hidden, shiftedBy: segments[segment].lowerBound)
            residual.append(decision.residual, shiftedBy: segments[segment].lowerBound)
            positions[segment] = decision.hidden.kept.map { positions[segment][$0] }
            steps.append(ReductionStep(layer: layer, segment: segment, rows: rows.count, decision: decision))
        }
        return PackedRows(
            hidden: hidden, residual: residual, segments: Segments(lengths: positions.map(\.count)),
            dropsAny: hidden.kept.count < segments.rowCount)
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

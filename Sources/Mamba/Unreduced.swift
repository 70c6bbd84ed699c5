import Operations

/// Rows that have come as far as a scheduled layer's mixer, with all that the layer's reduction needs of them.
///
/// Up to here nothing depends on a reduction, so that sequences which begin alike can share their rows.
public struct Unreduced<B: Backend> {
    /// The layer whose mixer was the last to run.
    let layer: Int
    /// What entered the layer. [L, D]
    var residual: B.Matrix
    /// What the layer's mixer made of it.
    var output: MixerOutput<B>

    /// Rows of one or more passes, one under another, in the order given; each pass went as far as the same layer.
    public static func stack(_ pieces: [(rows: Unreduced, range: Range<Int>)], on backend: B) -> Unreduced? {
        guard let layer = pieces.first?.rows.layer else { return nil }
        precondition(pieces.allSatisfy { $0.rows.layer == layer }, "rows of different layers")
        let residual = backend.stack(pieces.map { MatrixPiece($0.rows.residual, rows: $0.range) })
        let hidden = backend.stack(pieces.map { MatrixPiece($0.rows.output.hidden, rows: $0.range) })
        let features = pieces.compactMap { piece in
            piece.rows.output.features.map { MatrixPiece($0, rows: piece.range) }
        }
        return Unreduced(
            layer: layer, residual: residual,
            output: MixerOutput(hidden: hidden, features: features.isEmpty ? nil : backend.stack(features)))
    }
}

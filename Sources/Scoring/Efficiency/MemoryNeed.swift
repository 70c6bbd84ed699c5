import Mamba
import ModelFiles
import Operations

/// What a model and its work take at most, in bytes, known before any of it is allocated.
///
/// The weights are counted as the products read them. Activations are those of a layer's widest point, for as many rows as
/// enter it under the reduction, with what is kept of them for that, or the logits that are held at the end.
public struct MemoryNeed: Sendable, Equatable {
    public let weights: Int
    /// Activations and states.
    public let activations: Int

    public var total: Int { weights + activations }

    /// Of one pass over `batch` sequences of `promptTokens` each.
    ///
    /// - Parameters:
    ///   - holdsLogits: whether those of every row that is left are held at once.
    ///   - scan: see ``ScoringBudget/bytesPerState(_:scan:)``.
    public static func pass(
        _ model: ModelConfiguration, precision: Precision, promptTokens: Int, batch: Int, reduction: Reduction,
        holdsLogits: Bool, scan: Int? = nil
    ) throws -> MemoryNeed {
        let counts = try reduction.tokens(entering: promptTokens, layerCount: model.layerCount)
        let layers = batch * (counts.perLayer.max() ?? promptTokens) * row(model)
        let head = batch * (holdsLogits ? counts.remaining : 1) * 4 * (3 * model.modelDimension + model.vocabularySize)
        // A reduced pass keeps the states before it until it can no longer fail.
        let states = 2 * batch * ScoringBudget.bytesPerState(model, scan: scan)
        return MemoryNeed(weights: weights(model, precision), activations: max(layers, head) + states)
    }

    /// Of generating from `batch` prompts, which are read up to `rowsTogether` rows at a time.
    public static func generation(
        _ model: ModelConfiguration, precision: Precision, promptTokens: Int, batch: Int, rowsTogether: Int,
        scan: Int? = nil
    ) -> MemoryNeed {
        let rows = max(rowsTogether, promptTokens)
        let states = 3 * batch * ScoringBudget.bytesPerState(model, scan: scan)
        return MemoryNeed(
            weights: weights(model, precision), activations: rows * row(model) + states)
    }

    /// Of one row: at the widest point, and what a reduction, or a product of halves, keeps beside it.
    private static func row(_ model: ModelConfiguration) -> Int {
        ScoringBudget.bytesPerRow(model) + ScoringBudget.bytesPerKeptRow(model)
    }

    private static func weights(_ model: ModelConfiguration, _ precision: Precision) -> Int {
        model.parameterCount * precision.bytesPerWeight
    }
}

/// What lies in a backend's memory, in bytes.
///
/// Counted is what was asked for, on a GPU up to the next 256 bytes; what waits for reuse is not, so that the same work
/// counts the same whatever ran before.
public struct MemoryUse: Sendable, Equatable {
    /// Parameters of the models that are there.
    public var weights: Int
    /// Activations, states and what operations need for their length.
    public var activations: Int
    /// The most that `activations` ever was since ``CountsMemory/beginPeak()``.
    public var activationsPeak: Int

    public init(weights: Int, activations: Int, activationsPeak: Int) {
        self.weights = weights
        self.activations = activations
        self.activationsPeak = activationsPeak
    }
}

/// A backend that counts what it holds: `backend as? any CountsMemory`.
public protocol CountsMemory: Sendable {
    /// What is held now, and was at most.
    var memoryUse: MemoryUse { get }
    /// Begins the activations' peak anew, from what they take now.
    func beginPeak()
}

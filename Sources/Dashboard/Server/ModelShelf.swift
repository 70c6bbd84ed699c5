import ModelFiles

/// Models that are given out to workers, found by their content alone.
public protocol ModelShelf: Sendable {
    /// The model whose checkpoint has the hash; nil for one that no run names.
    ///
    /// - Throws: ``ModelRefusal`` where its files are not what the run named.
    func model(sha256: String) async throws -> LocalCheckpoint?
}

/// Why a model that a run names cannot be given out.
public struct ModelRefusal: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

import Daemons
import Dashboard
import ModelFiles

/// The models of a coordinator's runs as its dashboard gives them out.
struct RunModels: ModelShelf {
    let models: SharedModels

    func model(sha256: String) async throws -> LocalCheckpoint? {
        do {
            return try await models.model(sha256: sha256)
        } catch {
            throw ModelRefusal("the coordinator cannot give this model out: \(error)")
        }
    }
}

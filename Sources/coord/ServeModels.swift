import Daemons
import Dashboard

/// The models of a coordinator's runs as its dashboard gives them out.
struct RunModels: ModelShelf {
    let models: SharedModels

    func model(sha256: String) async throws -> SharedModel? {
        do {
            return try await models.model(sha256: sha256).map { model in
                SharedModel(
                    id: model.id, sha256: model.sha256,
                    files: model.files.map {
                        SharedModel.File(name: $0.name, size: $0.size, sha256: $0.sha256, path: $0.path)
                    })
            }
        } catch {
            throw ModelRefusal("the coordinator cannot give this model out: \(error)")
        }
    }
}

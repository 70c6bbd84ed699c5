import Foundation

enum TorchArchive {
    static func read(_ url: URL) throws(ModelFileError) -> [StoredTensor] {
        throw ModelFileError(file: url.path, reason: "torch archives are not read yet")
    }
}

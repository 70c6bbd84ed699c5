import Foundation
import ModelFiles
import Wording

extension CheckpointListing {
    private static let fileLimit = 2_000

    /// What a coordinator answers of a model's files; it is trusted with nothing.
    init(answer json: [UInt8], of sha256: String) throws(HubError) {
        func refusal(_ reason: String) -> HubError {
            HubError(.answer, "the coordinator's listing of model \(sha256.prefix(16))… \(reason)")
        }
        do {
            self = try JSONDecoder().decode(CheckpointListing.self, from: Data(json))
        } catch {
            throw refusal("is not what a coordinator writes; update the older of both")
        }
        guard self.sha256 == sha256 else { throw refusal("is of another model") }
        guard (1...Self.fileLimit).contains(files.count) else { throw refusal("has \(counted(files.count, "file"))") }
        guard Set(files.map(\.name)).count == files.count else { throw refusal("has a file twice") }
        for file in files {
            guard isFileName(file.name), file.name != SnapshotRecord.name, isSHA256(file.sha256) else {
                throw refusal("names '\(file.name.prefix(80))', which is no file of a model")
            }
            guard (0...Listing.fileSizeLimit).contains(file.size) else {
                throw refusal("gives \(file.name) an impossible size, \(file.size) bytes")
            }
        }
    }

    var size: Int { files.reduce(0) { $0 + $1.size } }
    /// For messages.
    var title: String { "model \(id.prefix(80).filter { !$0.isNewline && $0 >= " " }) (\(sha256.prefix(12)))" }
}

import Foundation
import Wording

/// The files of a repository at a commit, as `GET /api/models/OWNER/NAME/revision/REVISION?blobs=true` lists them.
struct Listing: Sendable {
    let repository: Repository
    /// The commit that the revision stands for.
    let commit: String
    /// Files at the top of the repository.
    let files: [RemoteFile]

    /// Larger than any model that Molt can run.
    static let fileSizeLimit = 256 << 30
    private static let fileLimit = 20_000

    private struct Answer: Decodable {
        struct Sibling: Decodable {
            struct LargeFile: Decodable {
                var sha256: String
                var size: Int
            }
            var rfilename: String
            var size: Int?
            var blobId: String?
            var lfs: LargeFile?
        }
        var sha: String
        var siblings: [Sibling]
    }

    /// - Parameter revision: what was asked for; a commit must come back as itself.
    init(_ json: [UInt8], of repository: Repository, revision: String) throws(HubError) {
        func refusal(_ reason: String) -> HubError { HubError(.answer, "the hub's listing of \(repository) \(reason)") }
        let answer: Answer
        do {
            answer = try JSONDecoder().decode(Answer.self, from: Data(json))
        } catch {
            throw refusal("is not the JSON that its interface describes")
        }
        guard isCommit(answer.sha), answer.sha.utf8.count == 40 else { throw refusal("names no commit") }
        guard !isCommit(revision) || answer.sha == revision else {
            throw refusal("is of commit \(answer.sha), where \(revision) was asked for")
        }
        guard answer.siblings.count <= Self.fileLimit else {
            throw refusal("has \(counted(answer.siblings.count, "file"))")
        }
        var files: [RemoteFile] = []
        var names: Set<String> = []
        for sibling in answer.siblings where isFileName(sibling.rfilename) {
            guard names.insert(sibling.rfilename).inserted else { throw refusal("has \(sibling.rfilename) twice") }
            // A file without size or hash is refused when it is wanted.
            guard let size = sibling.lfs?.size ?? sibling.size, let hash = Self.hash(sibling) else { continue }
            guard (0...Self.fileSizeLimit).contains(size), sibling.lfs == nil || sibling.size ?? size == size else {
                throw refusal("gives \(sibling.rfilename) an impossible size, \(sibling.size ?? size) bytes")
            }
            files.append(
                RemoteFile(
                    repository: repository, commit: answer.sha, name: sibling.rfilename, size: size, hash: hash))
        }
        self.repository = repository
        commit = answer.sha
        self.files = files
    }

    private static func hash(_ sibling: Answer.Sibling) -> ContentHash? {
        if let large = sibling.lfs { return isSHA256(large.sha256) ? .sha256(large.sha256) : nil }
        return sibling.blobId.flatMap { isCommit($0) && $0.utf8.count == 40 ? .gitBlob($0) : nil }
    }

    subscript(name: String) -> RemoteFile? { files.first { $0.name == name } }

    /// A file that must be there.
    func file(_ name: String) throws(HubError) -> RemoteFile {
        guard let file = self[name] else {
            throw HubError(
                .notFound,
                "\(repository) has no \(name) with a size and a hash at \(commit.prefix(12)); is it the right one?"
            )
        }
        return file
    }
}

/// A text as one segment of a path or one value of a query.
func percentEncoded(_ text: String) -> String {
    let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    return text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
}

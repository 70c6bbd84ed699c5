import Foundation

/// One file on its way into the cache: resumed where it stopped, checked for size and hash, then moved in one step.
final class BlobDownload: BodyReceiver {
    private let file: RemoteFile
    private let session: HubSession
    private let partial: PartialFile
    private let tagFile: URL
    private var hash: RunningHash
    /// Whether some of the content came in an earlier attempt, so that a wrong hash may be that attempt's.
    private var isResumed = false

    private init(_ file: RemoteFile, _ session: HubSession) throws(HubError) {
        let folder = session.cache.root.appendingPathComponent("partial")
        try Disk.makeFolder(folder)
        self.file = file
        self.session = session
        partial = try PartialFile(folder.appendingPathComponent(file.hash.key))
        tagFile = folder.appendingPathComponent("\(file.hash.key).etag")
        hash = RunningHash(for: file.hash, size: file.size)
    }

    /// Brings a file into the cache unless it is there; returns its SHA-256.
    ///
    /// Of several threads and processes that ask for one content, one downloads and the others wait.
    static func fetch(
        _ file: RemoteFile, from client: HTTPClient, session: HubSession, explain: (ErrorAnswer) -> HubError
    ) throws(HubError) -> String {
        if let sha256 = try present(file, session) { return sha256 }
        let lock = try session.lock(file.hash.key) {
            session.report(.note("\(file.title) is being fetched by another process; waiting for it"))
        }
        return try withExtendedLifetime(lock) { () throws(HubError) in
            if let sha256 = try present(file, session) { return sha256 }
            let download = try BlobDownload(file, session)
            return try download.run(client, explain)
        }
    }

    /// The SHA-256 of a content that is in the cache already; one of the wrong length is removed.
    private static func present(_ file: RemoteFile, _ session: HubSession) throws(HubError) -> String? {
        guard case .sha256(let sha256) = file.hash else { return nil }
        let blob = session.cache.blob(sha256)
        guard let size = Disk.size(blob) else { return nil }
        if size == file.size { return sha256 }
        session.report(
            .note("\(file.title) in the cache has \(size) bytes instead of \(file.size); fetching it again"))
        guard unlink(blob.path) == 0 || errno == ENOENT else { throw Disk.failure("remove", blob) }
        return nil
    }

    private func run(_ client: HTTPClient, _ explain: (ErrorAnswer) -> HubError) throws(HubError) -> String {
        try takeUp()
        session.report(.began(file: file.name, size: file.size, have: partial.count))
        while true {
            let received = { self.partial.count }
            try session.persistently(explain: explain, progress: received) { () throws(Failure) in
                try self.attempt(client)
            }
            let found = hash.content(like: file.hash)
            if found == file.hash { break }
            let wasResumed = isResumed
            try discard()
            guard wasResumed else {
                throw HubError(
                    .corrupt,
                    "\(file.title) came with \(found.text), where the server lists \(file.hash.text); nothing of it is kept"
                )
            }
            session.report(.note("\(file.title) is damaged where it was resumed; fetching it from its start"))
        }
        return try publish()
    }

    /// Hashes what an earlier process left.
    private func takeUp() throws(HubError) {
        if partial.count > file.size { try discard() }
        guard partial.count > 0 else { return }
        isResumed = true
        try partial.read { bytes in hash.update(bytes) }
    }

    private func attempt(_ client: HTTPClient) throws(Failure) {
        guard partial.count < file.size else { return }
        var headers: [String] = []
        if partial.count > 0 {
            isResumed = true
            headers.append("Range: bytes=\(partial.count)-")
            if let tag = try? String(contentsOf: tagFile, encoding: .utf8) { headers.append("If-Range: \(tag)") }
        }
        do {
            try client.get(file.path, headers: headers, into: self)
        } catch {
            guard case .status(let answer) = error, answer.status == 416 else { throw error }
            try discardOrFail()
            throw .passing(HubError(.answer, "\(answer.host) cannot resume \(file.title)"), wait: .zero)
        }
        guard partial.count == file.size else {
            throw .passing(
                HubError(.corrupt, "\(file.title) ended after \(partial.count) of \(file.size) bytes"), wait: nil)
        }
    }

    func begin(_ head: HTTPHead) throws(Failure) {
        guard head.status == 200 || head.status == 206 else {
            throw .final(HubError(.answer, "the server answers \(head.status) to a request for \(file.title)"))
        }
        guard head["content-encoding"] ?? "identity" == "identity" else {
            throw .final(HubError(.answer, "the server encodes \(file.title) without being asked to"))
        }
        if head.status == 200 {
            try discardOrFail()
        } else if head.contentRange.map({ $0 != (partial.count, file.size) }) ?? true {
            throw .final(
                HubError(
                    .corrupt,
                    "the server sends '\(head["content-range"]?.prefix(60) ?? "")' of \(file.title), where \(partial.count) "
                        + "of \(file.size) bytes were there"))
        }
        if let length = head.contentLength, length != file.size - partial.count {
            let isPage = head.contentType == "text/html"
            throw .final(
                HubError(
                    isPage ? .answer : .corrupt,
                    "the server sends \(isPage ? "a web page of " : "")\(length) bytes as \(file.title), where the server "
                        + "lists \(file.size)\(partial.count > 0 ? " and \(partial.count) were there" : "")"))
        }
        if let tag = head.strongETag {
            do { try Disk.write(Data(tag.utf8), to: tagFile) } catch { throw .final(error) }
        } else {
            unlink(tagFile.path)
        }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard partial.count + bytes.count <= file.size else {
            try discardOrFail()
            throw .final(
                HubError(
                    .corrupt, "the server sends more of \(file.title) than the \(file.size) bytes that it lists"))
        }
        do { try partial.append(bytes) } catch { throw .final(error) }
        hash.update(bytes)
        session.report(.received(file: file.name, have: partial.count))
    }

    private func discard() throws(HubError) {
        try partial.clear()
        unlink(tagFile.path)
        hash = RunningHash(for: file.hash, size: file.size)
        isResumed = false
    }

    private func discardOrFail() throws(Failure) {
        do { try discard() } catch { throw .final(error) }
    }

    /// Moves the content to its place, read-only, for many links lead to it.
    private func publish() throws(HubError) -> String {
        try partial.synchronize()
        let sha256 = hash.sha256Text
        let blob = session.cache.blob(sha256)
        try Disk.makeFolder(blob.deletingLastPathComponent())
        guard rename(partial.url.path, blob.path) == 0 else { throw Disk.failure("write", blob) }
        chmod(blob.path, 0o444)
        try Disk.synchronize(folder: blob.deletingLastPathComponent())
        unlink(tagFile.path)
        session.report(.finished(file: file.name))
        return sha256
    }
}

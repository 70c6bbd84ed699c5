import HTTPTypes
import Hummingbird
import ModelFiles

/// Models for workers: `/models/MODEL` lists a model's files, `/models/MODEL/FILE` is one of them; both names are SHA-256.
///
/// Nothing of a request becomes part of a path: a hash is looked up among those of models that runs name.
extension Site {
    private static let pieceBytes = 256 << 10

    func addModels(_ router: Router<BasicRequestContext>, of shelf: any ModelShelf) {
        let files = FileIO()
        router.get("models/:model") { request, context in
            let model = try await model(RequestFields(request, context).path("model"), on: shelf)
            return try Answer.json(model.listing, for: request)
        }
        router.get("models/:model/:file") { request, context in
            let fields = try RequestFields(request, context)
            let (model, hash) = try await (model(fields.path("model"), on: shelf), fields.path("file"))
            guard let file = model.listing.files.first(where: { $0.sha256 == hash }) else {
                throw Refusal(.notFound, "model \(model.listing.id) has no file of that content")
            }
            return try await answer(file, at: model.path(of: file), request, context, files)
        }
    }

    private func model(_ sha256: String, on shelf: any ModelShelf) async throws -> LocalCheckpoint {
        do {
            guard let model = try await shelf.model(sha256: sha256) else {
                throw Refusal(.notFound, "no run names a model of that content")
            }
            return model
        } catch let refusal as ModelRefusal {
            throw Refusal(.conflict, refusal.description)
        }
    }

    /// The file, or the part of it that is asked for.
    private func answer(
        _ file: CheckpointListing.File, at path: String, _ request: Request, _ context: BasicRequestContext,
        _ files: FileIO
    ) async throws -> Response {
        let tag = "\"\(file.sha256)\""
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .eTag: tag, .acceptRanges: "bytes",
            .cacheControl: "private, no-transform",
        ]
        var range: ClosedRange<Int>?
        if let asked = request.headers[.range], [nil, tag].contains(request.headers[.ifRange]) {
            guard let found = ByteRange(asked, of: file.size) else {
                headers[.contentRange] = "bytes */\(file.size)"
                return Response(status: .rangeNotSatisfiable, headers: headers)
            }
            range = found.bytes
        }
        guard file.size > 0 else { return Response(status: .ok, headers: headers) }
        let bytes = range ?? 0...file.size - 1
        if range != nil { headers[.contentRange] = "bytes \(bytes.lowerBound)-\(bytes.upperBound)/\(file.size)" }
        let body = try await files.loadFile(
            path: path, range: bytes, context: context, chunkLength: Self.pieceBytes)
        return Response(status: range == nil ? .ok : .partialContent, headers: headers, body: body)
    }
}

/// What a Range field asks for.
struct ByteRange {
    /// Nil for the whole: a field of another form, or of several parts, may be passed over.
    let bytes: ClosedRange<Int>?

    /// Nil for a part that begins behind the end.
    init?(_ field: String, of size: Int) {
        let parts = field.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
        guard field.hasPrefix("bytes="), parts.count == 2, let first = Int(parts[0]), first >= 0,
            parts[1].isEmpty || Int(parts[1]).map({ $0 >= first }) == true
        else {
            bytes = nil
            return
        }
        guard first < size else { return nil }
        bytes = first...min(Int(parts[1]) ?? size - 1, size - 1)
    }
}

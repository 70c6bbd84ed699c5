import Foundation
import HTTPTypes
import Hummingbird

/// Answers of each kind, with the fields that every one has.
enum Answer {
    /// JSON as the interface writes it: snake case, keys in order.
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    static func json(_ value: some Encodable, for request: Request) throws -> Response {
        text(try encode(value), type: "application/json", for: request)
    }

    static func json(_ rendered: Rendered, for request: Request) -> Response {
        answer(rendered, type: "application/json", for: request)
    }

    static func page(_ page: Page, for request: Request) -> Response {
        self.page(Rendered(Array(page.markup.utf8)), for: request)
    }

    static func page(_ page: Rendered, for request: Request) -> Response {
        answer(page, type: "text/html; charset=utf-8", for: request)
    }

    /// Bytes with an entity tag.
    static func text(_ bytes: [UInt8], type: String, for request: Request) -> Response {
        answer(Rendered(bytes), type: type, for: request)
    }

    /// Nothing but the tag where the client has the bytes already.
    private static func answer(_ rendered: Rendered, type: String, for request: Request) -> Response {
        var headers = HTTPFields()
        headers[.eTag] = rendered.tag
        headers[.cacheControl] = "no-cache"
        let known = request.headers[.ifNoneMatch]?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        if let known, known.contains(where: { $0 == rendered.tag || $0 == "W/\(rendered.tag)" || $0 == "*" }) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = type
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: rendered.bytes))
    }

    /// Plain text that no one keeps.
    static func plain(_ text: String, status: HTTPResponse.Status = .ok, type: String = "text/plain; charset=utf-8")
        -> Response
    {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// To another page.
    static func redirect(to path: String) -> Response { Response(status: .seeOther, headers: [.location: path]) }

    /// A refusal as RFC 9457 has it, or for a browser as a page.
    static func refusal(_ refusal: Refusal, asPage: Bool) -> Response {
        let bytes: [UInt8]
        let type: String
        if asPage {
            bytes = Array(Page.refusal(refusal).markup.utf8)
            type = "text/html; charset=utf-8"
        } else {
            bytes = (try? encode(Problem(refusal))) ?? []
            type = "application/problem+json"
        }
        var headers: HTTPFields = [.contentType: type, .cacheControl: "no-store"]
        if refusal.status == .unauthorized { headers[.wwwAuthenticate] = "Bearer realm=\"molt\"" }
        if refusal.status == .serviceUnavailable { headers[.retryAfter] = "5" }
        if refusal.status == .methodNotAllowed { headers[.allow] = "GET, HEAD" }
        return Response(
            status: refusal.status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

/// Why a request is not answered.
struct Refusal: Error {
    let status: HTTPResponse.Status
    /// What would be right.
    let detail: String

    init(_ status: HTTPResponse.Status, _ detail: String) {
        self.status = status
        self.detail = detail
    }
}

/// A refusal as RFC 9457 writes it.
struct Problem: Encodable {
    let type = "about:blank"
    let title: String
    let status: Int
    let detail: String

    init(_ refusal: Refusal) {
        title = refusal.status.reasonPhrase
        status = refusal.status.code
        detail = refusal.detail
    }

    static let schema = Schema.object([
        .init("type", .string), .init("title", .string), .init("status", .integer), .init("detail", .string),
    ])
}

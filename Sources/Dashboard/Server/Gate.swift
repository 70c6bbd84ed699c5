import HTTPTypes
import Hummingbird
import NIOCore
import Store

/// What every request passes: bounds, access, and the fields that keep a browser safe; every error becomes an answer.
struct Gate: RouterMiddleware {
    typealias Context = BasicRequestContext

    let options: DashboardOptions
    let traffic: Traffic

    /// Nothing but what this server sends is loaded or run, and nobody frames it.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    private static let fields = [
        ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ].compactMap { name, value in HTTPField.Name(name).map { HTTPField(name: $0, value: value) } }

    /// What anybody may see: whether it lives, and how to come in.
    private static let open: Set<String> = [
        "/healthz", "/login", "/assets/style.css", "/assets/script.js", "/assets/icon.svg",
    ]

    func handle(
        _ request: Request, context: BasicRequestContext, next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            try check(request)
            if let refused = admit(request) {
                response = refused
            } else {
                response = try await next(request, context)
            }
        } catch {
            response = answer(to: error, request, context)
        }
        for field in Self.fields { response.headers[field.name] = field.value }
        traffic.answered(response.status.code)
        return response
    }

    private func check(_ request: Request) throws {
        guard request.uri.string.utf8.count <= options.limits.target else {
            throw Refusal(.uriTooLong, "a path with its query has at most \(options.limits.target) bytes")
        }
        let isForm = request.method == .post && request.uri.path == "/login"
        guard request.method == .get || request.method == .head || isForm else {
            throw Refusal(.methodNotAllowed, "everything here is only read: GET or HEAD")
        }
        // A name that a foreign page's address was made to mean would carry that page's requests here.
        guard options.token != nil || isOurs(request.head.authority ?? "") else {
            throw Refusal(.misdirectedRequest, "this dashboard is called localhost or 127.0.0.1; or give it a token")
        }
    }

    private func isOurs(_ authority: String) -> Bool {
        let host =
            authority.hasPrefix("[")
            ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
        return host == "localhost" || host == "::1"
            || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
    }

    /// Nil for who may come in.
    private func admit(_ request: Request) -> Response? {
        guard let token = options.token, !Self.open.contains(request.uri.path) else { return nil }
        if let shown = request.headers[.authorization], shown.hasPrefix("Bearer "), token.matches(shown.dropFirst(7)) {
            return nil
        }
        let cookies = request.headers[values: .cookie].flatMap { $0.split(separator: ";") }
        for cookie in cookies {
            let cookie = cookie.drop { $0 == " " }
            if cookie.hasPrefix(Login.cookie + "="), token.matches(cookie.dropFirst(Login.cookie.count + 1)) {
                return nil
            }
        }
        if isPage(request) { return Answer.redirect(to: "/login") }
        return Answer.refusal(
            Refusal(.unauthorized, "show the dashboard's token as 'Authorization: Bearer …'"), asPage: false)
    }

    private func isPage(_ request: Request) -> Bool {
        let path = request.uri.path
        return !path.hasPrefix("/api/") && path != "/metrics" && path != "/readyz"
            && !path.hasPrefix("/models/")
    }

    private func answer(to error: any Error, _ request: Request, _ context: BasicRequestContext) -> Response {
        let refusal: Refusal
        switch error {
        case let known as Refusal: refusal = known
        case StoreError.unknownRun(let run, _): refusal = Refusal(.notFound, "there is no run '\(run.prefix(80))'")
        case is NIOTooManyBytesError:
            refusal = Refusal(.contentTooLarge, "a form has at most \(options.limits.body) bytes")
        case let error as HTTPError where error.status == .notFound:
            refusal = Refusal(.notFound, "there is nothing at \(request.uri.path.prefix(200))")
        case let error as any HTTPResponseError:
            refusal = Refusal(error.status, "the request cannot be answered")
        default:
            options.log.error("a request failed: \(error)", metadata: ["path": "\(request.uri.path.prefix(200))"])
            refusal = Refusal(.internalServerError, "the coordinator's log says why")
        }
        return Answer.refusal(refusal, asPage: isPage(request))
    }
}

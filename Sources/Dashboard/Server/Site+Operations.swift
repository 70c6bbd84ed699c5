import HTTPTypes
import Hummingbird
import Synchronization

/// What operators and programs ask: life, readiness, metrics, assets, and the way in.
extension Site {
    func addOperations(_ router: Router<BasicRequestContext>) {
        router.get("healthz") { _, _ in Answer.plain("ok\n") }
        router.get("readyz") { _, _ in
            do {
                _ = try await store.read { try $0.incarnation() }
                _ = try await source.status()
            } catch {
                throw Refusal(.serviceUnavailable, "the coordinator or its store does not answer: \(error)")
            }
            return Answer.plain("ok\n")
        }
        router.get("metrics") { _, _ in
            let status = try? await source.status()
            return Answer.plain(
                Metrics(status: status, moment: feed.moment, traffic: traffic, viewers: feed.viewers).text,
                type: "text/plain; version=0.0.4; charset=utf-8")
        }
        router.get("assets/style.css") { request, _ in
            Answer.text(Array(Style.text.utf8), type: "text/css; charset=utf-8", for: request)
        }
        router.get("assets/script.js") { request, _ in
            Answer.text(Array(Script.text.utf8), type: "text/javascript; charset=utf-8", for: request)
        }
        router.get("assets/icon.svg") { request, _ in
            Answer.text(Array(Style.icon.utf8), type: "image/svg+xml", for: request)
        }
        router.get("login") { request, _ in Answer.page(Login.page(isWrong: false), for: request) }
        router.post("login") { request, _ in
            let body = try await request.body.collect(upTo: options.limits.body)
            let form = try RequestFields.form(String(buffer: body))
            guard let token = options.token else { return Answer.redirect(to: "/") }
            guard let shown = form.first(where: { $0.name == "token" })?.value, token.matches(shown) else {
                var response = Answer.page(Login.page(isWrong: true), for: request)
                response.status = .unauthorized
                return response
            }
            var response = Answer.redirect(to: "/")
            response.headers[.setCookie] = "\(Login.cookie)=\(shown); Path=/; HttpOnly; SameSite=Strict; Max-Age=604800"
            return response
        }
        router.get("api/v1/stream") { request, context in
            let fields = try RequestFields(request, context)
            // A browser sends back what it was sent; what is no number is from elsewhere, and nothing was missed.
            let shown = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }
            let last = try shown.flatMap { Int64($0) } ?? fields.number("after", in: 0...Int.max).map(Int64.init)
            guard let stream = feed.viewers.join() else {
                throw Refusal(.serviceUnavailable, "there are too many viewers: load the page again in a while")
            }
            let greeting = try await feed.greeting(after: last)
            return Response(
                status: .ok,
                headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
                body: ResponseBody { writer in
                    for message in greeting { try await writer.write(message) }
                    for await message in stream { try await writer.write(message) }
                    // Who was too slow loads its page anew; who comes back later is told what it missed.
                    try await writer.write(LiveMessage.reload)
                    try await writer.finish(nil)
                })
        }
    }
}

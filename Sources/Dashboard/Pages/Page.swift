import HTTPTypes
import Reports

/// A page: the frame that all have around its own part.
struct Page: Sendable {
    /// The pages that every page leads to.
    enum Place: String, CaseIterable {
        case runs = "/"
        case workers = "/workers"
        case compare = "/compare"
        case events = "/events"

        var title: String {
            switch self {
            case .runs: "Runs"
            case .workers: "Workers"
            case .compare: "Compare"
            case .events: "Events"
            }
        }
    }

    let markup: String

    /// - Parameters:
    ///   - listens: the key of what the page waits for, besides the status; nil for a page that stays as it is.
    init(_ title: String, at place: Place?, listens: String? = nil, _ content: (inout Markup) -> Void) {
        var page = Markup()
        page.append("<!DOCTYPE html>\n")
        page.element("html", ["lang": "en"]) { page in
            page.element("head") { page in
                page.leaf("meta", ["charset": "utf-8"])
                page.leaf("meta", ["name": "viewport", "content": "width=device-width,initial-scale=1"])
                page.leaf("meta", ["name": "color-scheme", "content": "light dark"])
                page.element("title", "\(title) – Molt")
                page.leaf("link", ["rel": "icon", "type": "image/svg+xml", "href": "/assets/icon.svg"])
                page.leaf("link", ["rel": "stylesheet", "href": "/assets/style.css"])
                page.element("script", ["src": "/assets/script.js", "defer": "defer"], "")
            }
            page.element("body", ["data-listens": listens ?? "", "data-live": listens == nil ? "no" : "yes"]) { page in
                page.element("a", ["class": "skip", "href": "#main"], "To the content")
                page.element("header", ["class": "top"]) { page in
                    page.element("a", ["class": "brand", "href": "/"], "Molt")
                    page.element("nav", ["aria-label": "Pages"]) { page in
                        for other in Place.allCases {
                            page.link(other.rawValue, other.title, isCurrent: other == place)
                        }
                    }
                    page.element("p", ["id": "link", "role": "status", "aria-live": "polite"], "")
                    page.element("p", ["id": "news", "class": "unseen", "role": "status", "aria-live": "polite"], "")
                }
                page.append("\n")
                page.element("main", ["id": "main"]) { content(&$0) }
            }
        }
        page.append("\n")
        markup = page.text
    }

    /// What a browser shows instead of an answer.
    static func refusal(_ refusal: Refusal) -> Page {
        Page(refusal.status.reasonPhrase, at: nil) { page in
            page.element("p", ["class": "kicker"], "\(refusal.status.code)")
            page.element("h1", refusal.status.reasonPhrase)
            page.element("p", refusal.detail)
            page.element("p") { $0.element("a", ["href": "/"], "To the runs") }
        }
    }
}

/// How a viewer comes in where a token is asked for.
enum Login {
    static let cookie = "molt_viewer"

    static func page(isWrong: Bool) -> Page {
        Page("Sign in", at: nil) { page in
            page.element("h1", "Sign in")
            page.element("p", "This dashboard is read with a token, which who runs the coordinator can tell you.")
            page.element("form", ["method": "post", "action": "/login", "class": "filters"]) { page in
                page.element("label") { page in
                    page.write("Token")
                    page.leaf(
                        "input",
                        [
                            "type": "password", "name": "token", "required": "required",
                            "autocomplete": "current-password",
                        ])
                }
                page.element("button", ["type": "submit"], "Sign in")
            }
            if isWrong { page.element("p", ["class": "bad", "role": "alert"], "That is not the token.") }
        }
    }
}

extension Markup {
    mutating func link(_ path: String, _ text: String, isCurrent: Bool = false) {
        if isCurrent {
            element("a", ["href": path, "aria-current": "page"], text)
        } else {
            element("a", ["href": path], text)
        }
    }

    /// A part that is replaced when the page is looked at again.
    mutating func live(_ id: String, _ content: (inout Markup) -> Void) {
        element("div", ["id": id, "data-part": "yes"], content)
    }

    /// How much of something is there; `share` is 0…1.
    mutating func bar(_ share: Double?, isWhole: Bool) {
        let width = Show.decimals((share ?? 0) * 100, 1)
        element("svg", ["class": isWhole ? "bar" : "bar part", "aria-hidden": "true"]) { svg in
            svg.leaf("rect", ["width": "\(width)%", "height": "100%"])
        }
    }

    /// A name and its value, of a list of facts.
    mutating func fact(_ name: String, _ value: String, isBad: Bool = false) {
        element("div") { page in
            page.element("dt", name)
            page.element("dd", ["class": isBad ? "bad" : ""], value)
        }
    }

    /// Choices of a form, one of them taken.
    mutating func choice(
        _ name: String, _ label: String, _ options: [(value: String, text: String)], taken: String
    ) {
        element("label") { page in
            page.write(label)
            page.element("select", ["name": name]) { page in
                for option in options {
                    if option.value == taken {
                        page.element("option", ["value": option.value, "selected": "selected"], option.text)
                    } else {
                        page.element("option", ["value": option.value], option.text)
                    }
                }
            }
        }
    }
}

import Benchmarks
import Reports
import Store

/// What a list of examples is made of.
struct ExamplesList {
    let run: String
    let cell: CellHead
    let label: String
    /// The cells of the same benchmark with their names.
    let rivals: [(cell: CellHead, label: String)]
    let search: ExampleSearch
    let found: ExamplePage

    /// The address of this list, with another beginning.
    func path(after: Int?) -> String {
        var fields = ["filter=\(search.filter.rawValue)"]
        if let other = search.other { fields.append("against=\(other.ordinal)") }
        if !search.text.isEmpty { fields.append("q=\(search.text.percentEncoded)") }
        if let after { fields.append("after=\(after)") }
        return "/runs/\(run.percentEncoded)/cells/\(cell.ordinal)/examples?" + fields.joined(separator: "&")
    }
}

extension Page {
    /// The scored examples of a cell, filtered.
    static func examples(_ list: ExamplesList) -> Page {
        let title = BenchmarkName(rawValue: list.cell.benchmark)?.description.title ?? list.cell.benchmark
        return Page("\(title), \(list.label)", at: .runs) { page in
            page.element("p", ["class": "kicker"]) { page in
                page.element("a", ["href": "/"], "Runs")
                page.write(" / ")
                page.element("a", ["href": "/runs/\(list.run.percentEncoded)"], list.run)
            }
            page.element("h1") { page in
                page.write(title)
                page.element("small", " \(list.cell.model), \(list.label)")
            }
            form(list, &page)
            guard !list.found.examples.isEmpty else {
                page.element(
                    "p", ["class": "empty"],
                    list.found.nextAfter == nil
                        ? "No scored document is like that." : "None among the documents looked through so far.")
                more(list, &page)
                return
            }
            table(list, &page)
            more(list, &page)
        }
    }

    private static func form(_ list: ExamplesList, _ page: inout Markup) {
        let path = "/runs/\(list.run.percentEncoded)/cells/\(list.cell.ordinal)/examples"
        page.element("form", ["class": "filters", "method": "get", "action": path, "role": "search"]) { page in
            page.choice(
                "filter", "Show", ExampleFilter.allCases.map { ($0.rawValue, $0.title) },
                taken: list.search.filter.rawValue)
            page.choice(
                "against", "Compared with",
                [("", "nothing")] + list.rivals.map { ("\($0.cell.ordinal)", $0.label) },
                taken: list.search.other.map { "\($0.ordinal)" } ?? "")
            page.element("label") { page in
                page.write("Text")
                page.leaf(
                    "input",
                    [
                        "type": "search", "name": "q", "value": list.search.text, "maxlength": "200",
                        "placeholder": "any",
                    ])
            }
            page.element("button", ["type": "submit"], "Show")
        }
    }

    private static func table(_ list: ExamplesList, _ page: inout Markup) {
        let compares = list.search.other != nil
        page.element("div", ["class": "scroll", "role": "region", "aria-label": "Examples", "tabindex": "0"]) { page in
            page.element("table", ["class": "list examples"]) { page in
                page.element("thead") { page in
                    page.element("tr") { page in
                        page.element("th", ["scope": "col", "class": "n"], "No.")
                        page.element("th", ["scope": "col"], "Answer")
                        if compares { page.element("th", ["scope": "col"], "Compared") }
                        page.element("th", ["scope": "col", "class": "n extra"], "Chose")
                        page.element("th", ["scope": "col", "class": "n extra"], "Right")
                        page.element("th", ["scope": "col", "class": "n extra"], "Margin")
                        page.element("th", ["scope": "col", "class": "excerpt"], "Document")
                    }
                }
                page.element("tbody") { page in
                    for judged in list.found.examples { row(judged, list, compares: compares, &page) }
                }
            }
        }
    }

    private static func row(
        _ judged: JudgedExample, _ list: ExamplesList, compares: Bool, _ page: inout Markup
    ) {
        let number = judged.example.example
        let decision = judged.answer.decision
        page.element("tr") { page in
            page.element("th", ["scope": "row", "class": "n"]) { page in
                page.link("/runs/\(list.run.percentEncoded)/cells/\(list.cell.ordinal)/examples/\(number)", "\(number)")
            }
            page.element("td") { verdict(judged.answer, &$0) }
            if compares {
                page.element("td", ["class": "other"]) { page in
                    if let other = judged.other { verdict(other, &page) } else { page.write("–") }
                }
            }
            page.element("td", ["class": "n extra"], decision.choice.map { "\($0)" } ?? "–")
            page.element("td", ["class": "n extra"], judged.example.gold.map { "\($0)" } ?? "–")
            page.element("td", ["class": "n extra"], Show.decimals(decision.margin, 3))
            page.element("td", ["class": "excerpt"], Excerpt.of(judged.document))
        }
    }

    /// Right or wrong in a word, and what makes it doubtful.
    static func verdict(_ answer: JudgedAnswer, _ page: inout Markup) {
        let isRight = answer.decision.isRight
        page.element("span", ["class": isRight ? "verdict right" : "verdict wrong"], isRight ? "right" : "wrong")
        if answer.decision.isTie {
            page.element("small", "tie")
        } else if answer.decision.isNearTie {
            page.element("small", "near-tie")
        }
    }

    private static func more(_ list: ExamplesList, _ page: inout Markup) {
        guard list.search.after >= 0 || list.found.nextAfter != nil else { return }
        page.element("nav", ["class": "pager", "aria-label": "More examples"]) { page in
            if list.search.after >= 0 { page.link(list.path(after: nil), "From the first") }
            if let next = list.found.nextAfter { page.link(list.path(after: next), "Next") }
        }
    }
}

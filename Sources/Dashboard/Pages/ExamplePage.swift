import Benchmarks
import Reports
import Scoring
import Store

/// A reduction that is shown, or why it is not.
enum ShownReduction {
    case trace(ReductionTrace, texts: [String]?)
    case refused(String)
}

/// What the page of one example shows.
struct ExampleView {
    let facts: ExampleFacts
    /// The cell and choice whose reduction is looked at.
    let method: Int?
    let choice: Int
    let reduction: ShownReduction?

    /// The address of this example with a reduction.
    func path(method: Int, choice: Int) -> String {
        "/runs/\(facts.run.percentEncoded)/cells/\(facts.cell.ordinal)/examples/\(facts.document.index)"
            + "?method=\(method)&choice=\(choice)#reduction"
    }

    var isMultipleChoice: Bool { facts.document.prompts.count > 1 }
}

extension Page {
    /// One example: its text, every method's log-likelihoods, and what a reduction did to its tokens.
    static func example(_ view: ExampleView) -> Page {
        let facts = view.facts
        let title = BenchmarkName(rawValue: facts.cell.benchmark)?.description.title ?? facts.cell.benchmark
        let cellPath = "/runs/\(facts.run.percentEncoded)/cells/\(facts.cell.ordinal)/examples"
        return Page("\(title) \(facts.document.index)", at: .runs) { page in
            page.element("p", ["class": "kicker"]) { page in
                page.element("a", ["href": "/runs/\(facts.run.percentEncoded)"], facts.run)
                page.write(" / ")
                page.element("a", ["href": cellPath], "\(title), \(facts.label)")
            }
            page.element("h1") { page in
                page.write("\(title) \(facts.document.index)")
                page.element("small", " \(facts.cell.model)")
            }
            text(facts, &page)
            answers(view, &page)
            reduction(view, &page)
            page.element("details") { page in
                page.element("summary", "The document as it was read")
                page.element("pre", ["class": "text mono"], facts.document.document)
                page.element("p", ["class": "note mono"], "doc_hash \(facts.document.documentHash)")
            }
        }
    }

    private static func text(_ facts: ExampleFacts, _ page: inout Markup) {
        let prompts = facts.document.prompts
        let shared = prompts.first.map { first in prompts.allSatisfy { $0.context == first.context } } ?? false
        page.element("section", ["aria-labelledby": "text"]) { page in
            page.element("h2", ["id": "text"], "Text")
            if shared, let first = prompts.first { page.element("p", ["class": "text"], first.context) }
            page.element("ol", ["class": "choices", "start": "0"]) { page in
                for (place, prompt) in prompts.enumerated() {
                    let isGold = prompts.count == 1 || place == facts.document.gold
                    page.element("li", ["class": isGold ? "gold" : ""]) { page in
                        if !shared { page.element("span", ["class": "context"], prompt.context) }
                        page.element("span", ["class": "continuation"], prompt.continuation)
                        if isGold { page.element("small", prompts.count == 1 ? "target" : "right") }
                    }
                }
            }
        }
    }

    private static func answers(_ view: ExampleView, _ page: inout Markup) {
        let facts = view.facts
        page.element("section", ["aria-labelledby": "answers"]) { page in
            page.element("h2", ["id": "answers"], "Log-likelihoods")
            page.element(
                "p", ["class": "note"],
                "In nats, and beneath them per character; each method's best is bold. A margin says how far the answer "
                    + "was from another.")
            page.table(caption: "Every choice under every method.") { page in
                page.element("thead") { page in
                    page.element("tr") { page in
                        page.element("th", ["scope": "col", "class": "pin"], "Method")
                        for (place, prompt) in facts.document.prompts.enumerated() {
                            page.element("th", ["scope": "col", "class": "n"]) { page in
                                page.write(view.isMultipleChoice ? "Choice \(place)" : "Target")
                                let words = prompt.continuation.prefix(24)
                                page.element(
                                    "small", words.count < prompt.continuation.count ? words + "…" : "\(words)")
                            }
                        }
                        page.element("th", ["scope": "col"], "Answer")
                        page.element("th", ["scope": "col", "class": "n"], "Margin")
                        page.element("th", ["scope": "col", "class": "n"], "FLOPs saved")
                    }
                }
                page.element("tbody") { page in for score in facts.scores { row(score, facts, &page) } }
            }
            if !facts.missing.isEmpty {
                page.element("p", ["class": "note"], "Not scored yet: \(facts.missing.joined(separator: "; ")).")
            }
        }
    }

    private static func row(_ score: ExampleFacts.Score, _ facts: ExampleFacts, _ page: inout Markup) {
        let best = score.answer.decision.choice
        page.element("tr", ["class": score.cell.id == facts.cell.id ? "here" : ""]) { page in
            page.element("th", ["scope": "row", "class": "pin"], score.label)
            for (place, choice) in score.answer.choices.enumerated() {
                page.element("td", ["class": place == best ? "n best" : "n"]) { page in
                    page.write(Show.decimals(choice.loglikelihood, 3))
                    let characters = place < facts.document.prompts.count ? facts.document.prompts[place].characters : 1
                    page.element(
                        "span", ["class": "i"], Show.decimals(choice.loglikelihood / Double(max(1, characters)), 4))
                }
            }
            page.element("td") { verdict(score.answer, &$0) }
            page.element("td", ["class": "n"], Show.decimals(score.answer.decision.margin, 4))
            page.element("td", ["class": "n"], score.score.flopsReduction.map { Show.percent($0) } ?? "–")
        }
    }

    private static func reduction(_ view: ExampleView, _ page: inout Markup) {
        let facts = view.facts
        let reduced = facts.scores.filter { !$0.cell.isUnreduced }
        page.element("section", ["aria-labelledby": "reduction"]) { page in
            page.element("h2", ["id": "reduction"], "What was removed")
            guard !reduced.isEmpty else {
                page.element("p", ["class": "empty"], "No method of this run that reduces has scored this document.")
                return
            }
            page.element("div", ["class": "pick", "role": "group", "aria-label": "Method"]) { page in
                for score in reduced {
                    page.link(
                        view.path(method: score.cell.ordinal, choice: view.choice), score.label,
                        isCurrent: view.method == score.cell.ordinal)
                }
            }
            if view.isMultipleChoice {
                page.element("div", ["class": "pick", "role": "group", "aria-label": "Choice"]) { page in
                    for place in facts.requests.indices {
                        page.link(
                            view.path(method: view.method ?? reduced[0].cell.ordinal, choice: place), "choice \(place)",
                            isCurrent: view.method != nil && view.choice == place)
                    }
                }
            }
            switch view.reduction {
            case nil:
                page.element(
                    "p", ["class": "empty"],
                    "Choose a method: the coordinator computes its reduction of this document again.")
            case .refused(let reason): page.element("p", ["class": "bad", "role": "alert"], reason)
            case .trace(let trace, let texts): ReductionView(trace: trace, texts: texts).write(&page)
            }
        }
    }
}

extension CellHead {
    /// Whether it keeps every token.
    var isUnreduced: Bool { reduction == #"{"method":"none"}"# }
}

import Reports
import Scoring
import Wording

/// A reduction drawn over the text: when each token left, and layer by layer what became of it.
struct ReductionView {
    let trace: ReductionTrace
    let texts: [String]?

    /// How many layers have a shade of their own.
    private static let shades = 7

    private struct Departure {
        /// The place of the layer among those that reduce.
        let step: Int
        let removal: ReductionTrace.Removal
    }

    private var departures: [Int: Departure] {
        var departures: [Int: Departure] = [:]
        for (place, step) in trace.steps.enumerated() {
            for removal in step.removals { departures[removal.position] = Departure(step: place, removal: removal) }
        }
        return departures
    }

    func write(_ page: inout Markup) {
        let gone = trace.steps.reduce(0) { $0 + $1.removals.count }
        page.element("dl", ["class": "facts"]) { page in
            page.fact("Tokens read", "\(trace.input.count)")
            page.fact("Taking part", "\(trace.reducible)")
            page.fact("Removed or merged", "\(gone)")
            page.fact("Left", "\(trace.survivors.count)")
            page.fact("Rating the answer", "\(trace.scored)")
        }
        if trace.steps.isEmpty {
            page.element("p", ["class": "empty"], "Nothing was removed from this text.")
            return
        }
        overview(&page)
        page.element("h3", "Layer by layer")
        page.element("ul", ["class": "key"]) { page in
            for (style, text) in [
                ("merged", "merged into another token"), ("half", "merged in one branch, pruned in the other"),
                ("pruned", "pruned"), ("took", "took others in"), ("spared", "takes no part"),
            ] {
                page.element("li") { page in
                    page.element("span", ["class": "tok \(style)"], "token")
                    page.write(" \(text)")
                }
            }
        }
        for (place, step) in trace.steps.enumerated() { layer(step, place, &page) }
    }

    private func overview(_ page: inout Markup) {
        let departures = departures
        page.element(
            "p", ["class": "note"], "Each token is shaded by the layer after which it left; what has no shade stayed.")
        page.element("ul", ["class": "key"]) { page in
            for (place, step) in trace.steps.enumerated() {
                page.element("li") { page in
                    page.element("span", ["class": "tok gone-\(min(place, Self.shades - 1))"], "layer \(step.layer)")
                    page.write(" \(step.removals.count)")
                }
            }
        }
        page.element("p", ["class": "strip", "aria-label": "The text, each token shaded by when it left"]) { page in
            for position in trace.input.indices {
                let departure = departures[position]
                let style =
                    departure.map { "gone-\(min($0.step, Self.shades - 1))" }
                    ?? (position < trace.reducible ? "" : "spared")
                token(position, style, title: title(position, departure), into: [], &page)
            }
        }
    }

    private func layer(_ step: ReductionTrace.Step, _ place: Int, _ page: inout Markup) {
        let removals = Dictionary(step.removals.map { ($0.position, $0) }, uniquingKeysWith: { first, _ in first })
        let taking = Set(step.removals.flatMap { [$0.hiddenInto, $0.residualInto].compactMap(\.self) })
        let before = Set(trace.steps.prefix(place).flatMap(\.removals).map(\.position))
        let pruned = step.removals.count { $0.hiddenInto == nil && $0.residualInto == nil }
        page.element("details", ["class": "layer"]) { page in
            page.element("summary") { page in
                page.element("b", "After layer \(step.layer)")
                page.element(
                    "span",
                    " \(counted(step.entered, "token")) entered, \(step.removals.count - pruned) merged, \(pruned) pruned, "
                        + "\(step.entered - step.removals.count) left")
            }
            page.element("p", ["class": "strip"]) { page in
                var isGap = false
                for position in trace.input.indices {
                    if before.contains(position) {
                        if !isGap { page.element("span", ["class": "gap", "aria-hidden": "true"], "·") }
                        isGap = true
                        continue
                    }
                    isGap = false
                    let removal = removals[position]
                    let style =
                        removal.map(Self.style)
                        ?? (taking.contains(position) ? "took" : position < trace.reducible ? "" : "spared")
                    let into = removal.map { [$0.hiddenInto, $0.residualInto].compactMap(\.self) } ?? []
                    let departure = removal.map { Departure(step: place, removal: $0) }
                    token(position, style, title: title(position, departure), into: into, &page)
                }
            }
        }
    }

    private static func style(_ removal: ReductionTrace.Removal) -> String {
        switch (removal.hiddenInto, removal.residualInto) {
        case (nil, nil): "pruned"
        case (nil, _), (_, nil): "half"
        default: "merged"
        }
    }

    private func token(_ position: Int, _ style: String, title: String, into: [Int], _ page: inout Markup) {
        let text = spelling(position)
        let shown = text.replacing("\r", with: "").replacing("\n", with: "⏎\n")
        if into.isEmpty {
            page.element(
                "span", ["class": "tok \(style)", "data-at": "\(position)", "title": title], shown.isEmpty ? "∅" : shown
            )
        } else {
            let targets = into.map(String.init).joined(separator: " ")
            page.element(
                "span",
                [
                    "class": "tok \(style)", "data-at": "\(position)", "data-into": targets, "tabindex": "0",
                    "title": title,
                ], shown.isEmpty ? "∅" : shown)
        }
    }

    private func spelling(_ position: Int) -> String {
        texts.map { $0[position] } ?? "[\(trace.input[position])]"
    }

    private func title(_ position: Int, _ departure: Departure?) -> String {
        let name = { (place: Int) in "token \(place) ‘\(spelling(place))’" }
        guard let departure else {
            return "\(name(position)): " + (position < trace.reducible ? "stays" : "takes no part")
        }
        let branch = { (into: Int?) in into.map { "merged into \(name($0))" } ?? "pruned" }
        let removal = departure.removal
        let fate =
            removal.hiddenInto == removal.residualInto
            ? branch(removal.hiddenInto)
            : "hidden branch \(branch(removal.hiddenInto)), residual branch \(branch(removal.residualInto))"
        let importance = removal.importance.map { ", importance \(Show.decimals(Double($0), 4))" } ?? ""
        return "\(name(position)): after layer \(trace.steps[departure.step].layer) \(fate)\(importance)"
    }
}

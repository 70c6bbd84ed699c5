import Reports
import Wording

extension Page {
    /// Every run with its progress, newest first.
    static func runs(_ moment: LiveFeed.Moment, page number: Int) -> Page {
        Page("Runs", at: .runs, listens: "status") { page in
            page.element("h1", "Runs")
            page.live("runs") { page in
                overview(moment, &page)
                let runs = moment.runs
                let shown = runs.dropFirst(number * runsAPage).prefix(runsAPage)
                guard !shown.isEmpty else {
                    page.element("p", ["class": "empty"]) { page in
                        page.write("No runs yet. Submit a job: ")
                        page.element("code", "coord submit job.yaml")
                    }
                    return
                }
                table(Array(shown), &page)
                pager(number, hasMore: runs.count > (number + 1) * runsAPage, &page)
            }
        }
    }

    static let runsAPage = 50

    private static func overview(_ moment: LiveFeed.Moment, _ page: inout Markup) {
        guard let status = moment.status else { return }
        let working = status.workers.count { $0.state == "working" }
        page.element("dl", ["class": "facts"]) { page in
            page.fact("Running", "\(moment.heads.count { $0.state == .running })")
            page.fact("Workers", "\(working) of \(status.workers.count) at work")
            page.fact("Tokens/s", working > 0 ? grouped(Int(min(status.tokensPerSecond, 1e15))) : "–")
            let isIdle = status.runs.isEmpty
            page.fact("Time left", isIdle ? "–" : status.backlogSeconds.map(Show.duration) ?? "–")
        }
    }

    private static func table(_ runs: [RunSummary], _ page: inout Markup) {
        page.element("div", ["class": "scroll", "role": "region", "aria-label": "Runs", "tabindex": "0"]) { page in
            page.element("table", ["class": "list runs"]) { page in
                page.element("thead") { page in
                    page.element("tr") { page in
                        for (title, style) in [
                            ("Run", ""), ("State", ""), ("Progress", ""), ("Documents", "n"), ("Failed", "n extra"),
                            ("Tokens/s", "n extra"), ("Time left", "n extra"), ("Accepted, UTC", "n extra"),
                        ] {
                            page.element("th", ["scope": "col", "class": style], title)
                        }
                    }
                }
                page.element("tbody") { page in for run in runs { row(run, &page) } }
            }
        }
    }

    private static func row(_ run: RunSummary, _ page: inout Markup) {
        let head = run.head
        page.element("tr") { page in
            page.element("th", ["scope": "row"]) { page in
                page.element("a", ["href": "/runs/\(head.run.percentEncoded)"], head.run)
                if head.name != head.run.split(separator: "-").dropLast().joined(separator: "-") {
                    page.element("small", head.name)
                }
            }
            page.element("td") { state(head.state.rawValue, of: head.run, &$0) }
            page.element("td", ["class": "progress"]) { page in
                page.bar(run.share, isWhole: run.share == 1)
                page.element("span", run.share.map(Show.percent) ?? "…")
            }
            let counts = run.rows.flatMap { rows in
                run.rowsExpected.map { "\(grouped(rows)) / \(grouped($0))" }
            }
            page.element("td", ["class": "n"], counts ?? "…")
            page.element("td", ["class": head.failures > 0 ? "n extra bad" : "n extra"], grouped(head.failures))
            page.element(
                "td", ["class": "n extra"],
                run.tokensPerSecond > 0 ? grouped(Int(min(run.tokensPerSecond, 1e15))) : "–")
            page.element(
                "td", ["class": head.state == .running ? "n left" : "n extra"],
                head.state == .running ? run.secondsLeft.map(Show.duration) ?? "–" : "–")
            page.element("td", ["class": "n extra"], Show.time(head.created))
        }
    }

    /// A state in words with a mark; that of a run is told to those who cannot see it change.
    static func state(_ name: String, of run: String? = nil, _ page: inout Markup) {
        if let run {
            page.element("span", ["class": "state \(name)", "data-of": run, "data-say": "\(run) is \(name)"], name)
        } else {
            page.element("span", ["class": "state \(name)"], name)
        }
    }

    static func pager(_ number: Int, hasMore: Bool, _ page: inout Markup) {
        guard number > 0 || hasMore else { return }
        page.element("nav", ["class": "pager", "aria-label": "More runs"]) { page in
            if number > 0 { page.link("/?page=\(number - 1)", "Newer") }
            if hasMore { page.link("/?page=\(number + 1)", "Older") }
        }
    }
}

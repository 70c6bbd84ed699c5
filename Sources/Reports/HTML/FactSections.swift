import Wording

extension HTMLPage {
    /// What is stored of each cell, and how many answers hang by nothing.
    func coverage(_ page: inout Markup) {
        let caption = "Documents scored, and answers that hang by less than the drift of a score, by cell."
        page.table(caption: caption) { page in
            page.element("thead") { page in
                page.element("tr") { page in
                    page.columnHead("Method", numeric: false, pinned: true)
                    page.columnHead("Benchmark", numeric: false)
                    page.columnHead("Documents")
                    page.columnHead("", numeric: false)
                    page.columnHead("Tokens")
                    page.columnHead("FLOPs saved")
                    page.columnHead("with head")
                    page.columnHead("Ties")
                    page.columnHead("Near-ties")
                }
            }
            for panel in panels {
                page.element("tbody") { page in
                    if panels.count > 1 {
                        page.element("tr") { page in
                            page.element("th", ["scope": "rowgroup", "colspan": "9", "class": "group"], panel.title)
                        }
                    }
                    for cell in report.cells where panel.holds(cell) { line(cell, &page) }
                }
            }
        }
    }

    private func line(_ cell: CellReport, _ page: inout Markup) {
        let (rows, expected) = (cell.cell.rows, cell.cell.rowsExpected)
        let share = expected > 0 ? Double(rows) / Double(expected) * 100 : 100
        let whole = cell.cell.isComplete
        page.element("tr") { page in
            page.element("th", ["scope": "row", "class": "pin"], lines.name(cell.cell.reduction))
            page.element("td", cell.benchmark.description.title)
            page.element(
                "td", ["class": whole ? "n" : "n part"],
                whole ? grouped(rows) : "partial: \(grouped(rows)) of \(grouped(expected))")
            page.element("td") { page in
                // An attribute rather than a style, which a page's policy may forbid.
                page.element("svg", ["class": whole ? "track" : "track part", "aria-hidden": "true"]) { svg in
                    svg.leaf("rect", ["width": "\(shortDecimals(share, 1))%", "height": "100%"])
                }
            }
            page.element("td", ["class": "n"], grouped(cell.tokens))
            page.element("td", ["class": "n"], percent(cell.flopsReduction))
            page.element("td", ["class": "n"], percent(cell.flopsReductionWithHead))
            page.element("td", ["class": "n"], "\(cell.ties.tied.count)")
            page.element("td", ["class": "n"], "\(cell.ties.nearlyTied.count)")
        }
    }

    /// What the figures mean, and what they do not.
    func reading(_ page: inout Markup) {
        let notes = [
            "A confidence interval is made so that it holds the true value for 95 of 100 such samples of documents. It "
                + "speaks of the sampling of documents only: weights, prompts and the benchmark itself are what they are.",
            Figure.intervalMethod,
            "Two methods are judged by their paired difference, not by whether their intervals overlap: they answered the "
                + "same documents, so that what is hard for both cancels out.",
            "A p-value is how often, were neither side better, chance alone would split the documents that only one side "
                + "answers at least so unevenly (McNemar's test, exact). Holm's correction keeps the chance of even one "
                + "false alarm in a section below 5 %. A large p is no proof of equality: read the interval, and the "
                + "smallest difference that would have been detected.",
            "Perplexity is that of LAMBADA's last words, per document. The average weighs the six benchmarks alike, as in "
                + "the paper.",
            "FLOPs saved are what was achieved at the documents' own lengths, over all input tokens: the layers' work, and "
                + "smaller beneath or beside it the same with the head.",
            "A tie is decided by the order of the choices; a near-tie by less than float32 may drift (5e-4 nats), so that "
                + "another correct engine may answer otherwise.",
        ]
        page.element("ul") { page in for note in notes { page.element("li", note) } }
    }

    /// What the figures come from.
    func identity(_ page: inout Markup) {
        page.table(caption: "The figures above are a function of these, and of nothing else.") { page in
            page.element("tbody") { page in
                for line in report.identity {
                    page.element("tr") { page in
                        page.element("th", ["scope": "row"], line[0])
                        page.element("td", ["class": "wrap mono"], line[1])
                    }
                }
            }
        }
    }
}

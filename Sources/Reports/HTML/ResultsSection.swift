import Wording

extension HTMLPage {
    /// The paper's layout.
    func results(_ page: inout Markup) {
        let caption =
            "Accuracies in percent, ± standard error, with 95 % confidence intervals"
            + (grid.rows.contains(where: \.hasPrinted) ? "; in italics what the paper prints" : "") + "."
        page.table(caption: caption) { page in
            page.element("thead") { page in
                page.element("tr") { page in
                    page.columnHead("Method", numeric: false, pinned: true)
                    page.columnHead("Target", "of FLOPs")
                    if grid.showsPrecision { page.columnHead("Precision", numeric: false) }
                    for column in PaperColumn.allCases { page.columnHead(column.title, column.subtitle) }
                    page.columnHead("FLOPs saved", "with head")
                }
            }
            for model in grid.models {
                page.element("tbody") { page in
                    if grid.models.count > 1 {
                        page.element("tr") { page in
                            page.element("th", ["scope": "rowgroup", "colspan": "12", "class": "group"], model)
                        }
                    }
                    var last: SeriesBook.Entry?
                    for row in grid.rows where row.model == model {
                        let entry = lines.entry(row.reduction.json)
                        line(row, isNext: entry != last, &page)
                        last = entry
                    }
                }
            }
        }
        remarks(&page)
    }

    private func line(_ row: PaperGrid.Row, isNext: Bool, _ page: inout Markup) {
        page.element("tr", ["class": isNext ? "next" : ""]) { page in
            page.element("th", ["scope": "row", "class": "pin"]) { page in
                page.write(row.reduction.method)
                if !row.details.isEmpty { page.element("span", ["class": "note"], " \(row.details)") }
            }
            page.element("td", ["class": "n"], row.isNone ? "–" : row.reduction.target)
            if grid.showsPrecision { page.element("td", row.precision) }
            for column in PaperColumn.allCases { cell(row, column, &page) }
            page.element("td", ["class": "n"]) { page in
                page.write(percent(row.flopsReduction))
                page.element("span", ["class": "i"], percent(row.flopsReductionWithHead))
            }
        }
    }

    private func cell(_ row: PaperGrid.Row, _ column: PaperColumn, _ page: inout Markup) {
        guard let figure = row.figures[column] else {
            let gap = column == .average ? row.averageGap : "–"
            page.element("td", ["class": "n part", "title": "not complete"], gap)
            return
        }
        page.element("td", ["class": figure.isPartial ? "n part" : "n"]) { page in
            page.write(column.text(figure.value) + (figure.isPartial ? "*" : ""))
            if let error = column.errorText(figure) { page.element("span", ["class": "e"], "±\(error)") }
            if let interval = figure.interval {
                page.element("span", ["class": "i"], column.text(interval))
            }
            if figure.isPartial {
                page.element(
                    "span", ["class": "i"], "\(grouped(figure.documents)) of \(grouped(figure.documentsExpected))")
            }
            if let printed = figure.printed {
                page.element("span", ["class": "p"]) { page in
                    page.write("paper \(column.printedText(printed.value))")
                    guard let note = printed.note else { return }
                    let mark = GridText.mark(note, grid)
                    page.element("sup") { $0.element("a", ["href": "#note-\(mark)"], mark) }
                }
            }
        }
    }

    private func remarks(_ page: inout Markup) {
        page.element("div", ["class": "note"]) { page in
            for remark in GridText.remarks(grid).dropLast(grid.notes.count) { page.element("p", remark) }
            for (position, note) in grid.notes.enumerated() {
                page.element("p", ["id": "note-\(position + 1)"], "\(position + 1). \(note)")
            }
        }
    }
}

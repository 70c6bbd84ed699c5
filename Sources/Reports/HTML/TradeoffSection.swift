extension HTMLPage {
    /// The rows that share a chart: those of one model and precision.
    struct Panel {
        let title: String
        let rows: [PaperGrid.Row]

        func holds(_ cell: CellReport) -> Bool {
            rows.contains { $0.model == cell.cell.model && $0.precision == cell.cell.precision }
        }
    }

    /// In the manifest's order.
    var panels: [Panel] {
        grid.rows.map { [$0.model, $0.precision] }.firstOccurrences.map { key in
            Panel(
                title: grid.showsPrecision ? "\(key[0]), \(key[1])" : key[0],
                rows: grid.rows.filter { $0.model == key[0] && $0.precision == key[1] })
        }
    }

    /// Accuracy and perplexity against what was saved.
    func tradeoff(_ page: inout Markup) {
        let printed = " Hollow marks are what the paper prints, at its nominal reduction."
        page.element(
            "p", ["class": "note"],
            "A line a method, from the unreduced model at the left; bars are 95 % confidence intervals. Points at one "
                + "target are set apart by a few pixels." + (grid.rows.contains(where: \.hasPrinted) ? printed : ""))
        guard grid.rows.contains(where: { !$0.figures.isEmpty }) else {
            page.element("p", "Nothing is scored yet.")
            return
        }
        lines.key(&page)
        let parts = panels.flatMap(parts)
        for (position, panel) in parts.enumerated() {
            if parts.count > 1 { page.element("h3", panel.title) }
            let leading: [PaperColumn] = [.average, .lambadaPerplexity]
            figure(leading, panel, "c\(position)", "charts two wide", width: 560, height: 360, &page)
            figure(leading, panel, "n\(position)", "charts two narrow", width: 360, height: 300, &page)
            figure(PaperColumn.accuracies, panel, "c\(position)", "charts", width: 360, height: 250, &page)
        }
    }

    /// How many lines a chart may have before each scope gets charts of its own.
    private static let linesTogether = 8

    /// A panel whole, or where its lines are many and of several scopes, a part a scope.
    private func parts(_ panel: Panel) -> [Panel] {
        let scopes = panel.rows.compactMap { $0.reduction["scope"]?.text }.firstOccurrences
        let shown = lines.series.count { entry in panel.rows.contains { lines.entry($0.reduction.json) == entry } }
        guard scopes.count > 1, shown > HTMLPage.linesTogether else { return [panel] }
        return scopes.map { scope in
            Panel(
                title: "\(panel.title), \(scope) scope",
                rows: panel.rows.filter { $0.isNone || $0.reduction["scope"]?.text == scope })
        }
    }

    private func figure(
        _ columns: [PaperColumn], _ panel: Panel, _ id: String, _ style: String, width: Double, height: Double,
        _ page: inout Markup
    ) {
        let charts = columns.compactMap { column in
            chart(column, panel, width: width, height: height)?.svg(id: "\(id)-\(column.rawValue)")
        }
        guard !charts.isEmpty else { return }
        page.element("figure") { page in
            page.element("div", ["class": style]) { page in for chart in charts { page.append(chart) } }
        }
    }

    private func chart(_ column: PaperColumn, _ panel: Panel, width: Double, height: Double) -> LineChart? {
        let bases = panel.rows.filter(\.isNone)
        let start = bases.compactMap { point($0, column) }
        var series: [LineChart.Series] = []
        for (place, entry) in lines.series.enumerated() {
            let rows = panel.rows.filter { lines.entry($0.reduction.json) == entry }
            let ours = rows.compactMap { point($0, column) }.sorted { $0.x < $1.x }
            guard !ours.isEmpty else { continue }
            let points = start + ours + rows.compactMap { printed($0, column) }
            series.append(.init(label: entry.label, style: place, points: points))
        }
        if !start.isEmpty {
            series.append(.init(label: "none", style: nil, points: start + bases.compactMap { printed($0, column) }))
        }
        guard !series.isEmpty else { return nil }
        let name = column == .average ? "Average accuracy, %" : column.isAccuracy ? "\(column.title), %" : column.title
        return LineChart(
            title: "\(name) against FLOPs saved, \(panel.title)",
            summary: LineChart.summary(series) { column.isAccuracy ? decimals($0, 1) : perplexityText($0) },
            xTitle: "FLOPs saved, %", yTitle: name, yScale: column.isAccuracy ? .linear : .logarithmic,
            yLimits: column.isAccuracy ? 0...100 : 0...Double.greatestFiniteMagnitude, series: series, width: width,
            height: height)
    }

    private func point(_ row: PaperGrid.Row, _ column: PaperColumn) -> LineChart.Point? {
        guard let figure = row.figures[column], figure.value.isFinite,
            let saved = row.isNone ? 0 : row.flopsReduction(of: column), saved.isFinite
        else { return nil }
        let scale = column.isAccuracy ? 100.0 : 1
        let interval = figure.interval.flatMap { interval in
            interval.lower.isFinite && interval.upper.isFinite && interval.lower <= interval.upper
                ? (interval.lower * scale)...(interval.upper * scale) : nil
        }
        let range = figure.interval.map { " (\(column.text($0)))" } ?? ""
        return .init(
            x: saved * 100, y: figure.value * scale, interval: interval,
            title: "\(lines.name(row.reduction.json)): \(column.text(figure.value))\(range), "
                + "\(decimals(saved * 100, 1)) % of FLOPs saved" + (figure.isPartial ? ", partial" : ""))
    }

    private func printed(_ row: PaperGrid.Row, _ column: PaperColumn) -> LineChart.Point? {
        guard let printed = row.figures[column]?.printed else { return nil }
        return .init(
            x: (row.reduction["flops"]?.number ?? 0) * 100, y: printed.value,
            title: "\(lines.name(row.reduction.json)), printed in Table \(printed.table): "
                + column.printedText(printed.value), isHollow: true)
    }
}

extension LineChart {
    /// The points in words.
    static func summary(_ series: [Series], _ text: (Double) -> String) -> String {
        series.map { series in
            let points = series.points.filter { !$0.isHollow }.map { "\(text($0.y)) at \(decimals($0.x, 1)) %" }
            return "\(series.label): \(points.joined(separator: ", "))."
        }.joined(separator: " ")
    }
}

import Benchmarks

extension HTMLPage {
    /// Memory and time, a table and a chart for each measure.
    func efficiency(_ page: inout Markup) {
        for remark in report.efficiencyRemarks { page.element("p", ["class": "note"], remark) }
        for (position, table) in report.efficiencyTables.enumerated() {
            page.table(caption: table.title) { page in
                page.element("thead") { page in
                    page.element("tr") { page in
                        for header in table.headers {
                            page.columnHead(header, numeric: EfficiencyTable.isNumeric(header))
                        }
                    }
                }
                page.element("tbody") { page in
                    for row in table.rows { rowOf(row, table, &page) }
                }
            }
            guard let chart = chart(table.measure) else { continue }
            page.element("figure") { page in
                page.element("div", ["class": "charts two wide"]) { $0.append(chart.svg(id: "e\(position)")) }
            }
        }
    }

    private func rowOf(_ row: [String], _ table: EfficiencyTable, _ page: inout Markup) {
        page.element("tr") { page in
            for (header, text) in zip(table.headers, row) {
                page.element("td", ["class": EfficiencyTable.isNumeric(header) ? "n" : ""], text)
            }
        }
    }

    /// What is saved against FLOPs saved, a line a model and method; hollow marks are what the paper prints.
    private func chart(_ measure: Measure) -> LineChart? {
        let measurements = report.measurements.filter { $0.measure == measure }
        let methods = Set(measurements.map { ReductionSettings($0.cell.reduction).method }).subtracting(["none"])
        func name(_ measurement: CellMeasurement) -> String {
            let method = methods.count > 1 ? " \(ReductionSettings(measurement.cell.reduction).method)" : ""
            return measurement.cell.model + method
        }
        let reduced = measurements.filter { ReductionSettings($0.cell.reduction).method != "none" }
        let series = reduced.map(name).firstOccurrences.enumerated().compactMap { place, label -> LineChart.Series? in
            let points = reduced.filter { name($0) == label }.compactMap(point).sorted { $0.x < $1.x }
            let printed = reduced.filter { name($0) == label }.compactMap(printedPoint)
            let start = LineChart.Point(x: 0, y: measure.kind == .memory ? 0 : 1, title: "\(label), unreduced")
            guard !points.isEmpty else { return nil }
            return LineChart.Series(label: label, style: place, points: [start] + points + printed)
        }
        guard !series.isEmpty else { return nil }
        let title = measure.kind == .memory ? "Peak memory saved, %" : "Speed-up of a generation"
        return LineChart(
            title: "\(title) against FLOPs saved, \(measure.name)",
            summary: LineChart.summary(series) { decimals($0, measure.kind == .memory ? 1 : 2) },
            xTitle: "FLOPs saved, %", yTitle: title, series: series, width: 560, height: 320)
    }

    private func point(_ measurement: CellMeasurement) -> LineChart.Point? {
        guard let saved = measurement.flopsReduction, saved.isFinite, let value = value(measurement) else { return nil }
        return .init(
            x: saved * 100, y: value, interval: measurement.speedUpRange,
            title: "\(measurement.cell.model): \(text(value, measurement)), "
                + "\(decimals(saved * 100, 1)) % of FLOPs saved")
    }

    private func printedPoint(_ measurement: CellMeasurement) -> LineChart.Point? {
        guard let printed = report.printed(measurement),
            let target = ReductionSettings(measurement.cell.reduction)["flops"]?.number
        else { return nil }
        let value = measurement.measure.kind == .memory ? printed * 100 : printed
        return .init(
            x: target * 100, y: value, title: "\(measurement.cell.model), printed: \(text(value, measurement))",
            isHollow: true)
    }

    private func value(_ measurement: CellMeasurement) -> Double? {
        switch measurement.measure.kind {
        case .memory: report.peakReduction(measurement).map { $0 * 100 }
        case .throughput: measurement.speedUp
        }
    }

    private func text(_ value: Double, _ measurement: CellMeasurement) -> String {
        measurement.measure.kind == .memory ? "\(decimals(value, 1)) % less memory" : "\(decimals(value, 2))× as fast"
    }
}

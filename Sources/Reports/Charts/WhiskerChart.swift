/// Differences with their intervals, one a row, about a line at zero.
///
/// A filled mark is a difference that is told from chance, a hollow one is not.
public struct WhiskerChart: Sendable {
    /// A difference.
    public struct Row: Sendable {
        public var label: String
        /// Colour and marker, see ``LineChart/Series/style``.
        public var style: Int?
        public var value: Double
        /// The ends of the whisker.
        public var interval: ClosedRange<Double>?
        /// Whether it is told from chance.
        public var isSignificant: Bool
        /// What a pointer that rests on the row reads.
        public var title: String

        public init(
            label: String, style: Int?, value: Double, interval: ClosedRange<Double>?, isSignificant: Bool,
            title: String
        ) {
            self.label = label
            self.style = style
            self.value = value
            self.interval = interval
            self.isSignificant = isSignificant
            self.title = title
        }
    }

    /// What the chart shows, for people and screen readers.
    public var title: String
    /// A sentence for those who cannot see the chart.
    public var summary: String
    public var xTitle: String
    public var rows: [Row]
    /// In pixels.
    public var width: Double
    /// Values that the axis holds besides the rows', so that charts side by side can share one.
    public var axisValues: [Double]

    public init(
        title: String, summary: String, xTitle: String, rows: [Row], width: Double, axisValues: [Double] = []
    ) {
        self.title = title
        self.summary = summary
        self.xTitle = xTitle
        self.rows = rows
        self.width = width
        self.axisValues = axisValues
    }

    /// The chart as an SVG element.
    ///
    /// - Parameter id: unlike every other id of the page.
    public func svg(id: String) -> String {
        let pitch = 20.0
        let top = 28.0
        let height = top + pitch * Double(rows.count) + 42
        let bottom = height - 40
        let names = min(width * 0.42, (rows.map { ChartLabels.width($0.label) }.max() ?? 0) + 8)
        let left = names + 12
        let right = width - 12
        let values = rows.flatMap { [$0.value] + ($0.interval.map { [$0.lowerBound, $0.upperBound] } ?? []) }
        let scale = ChartScale(.linear, holding: [0] + values + axisValues, count: width < 420 ? 3 : 6)
        func across(_ value: Double) -> Double { left + min(max(scale.share(value) ?? 0, 0), 1) * (right - left) }
        return ChartFrame(id: id, title: title, summary: summary, width: width, height: height).svg { svg in
            svg.element("text", ["class": "head", "x": "0", "y": "12"], title)
            for tick in scale.ticks {
                let (x, isZero) = (place(across(tick)), abs(tick) < 1e-12)
                svg.leaf(
                    "line",
                    [
                        "class": isZero ? "zero" : "grid", "x1": x, "x2": x, "y1": place(top - 6),
                        "y2": place(bottom + 4),
                    ])
                svg.element(
                    "text", ["class": "axis", "x": x, "y": place(bottom + 18), "text-anchor": "middle"],
                    (tick > 1e-12 ? "+" : "") + scale.label(tick))
            }
            ChartFrame.xTitle(xTitle, left: left, right: right, height: height, &svg)
            for (position, row) in rows.enumerated() {
                draw(row, y: top + pitch * (Double(position) + 0.5), names: names, across, &svg)
            }
        }
    }

    private func draw(_ row: Row, y: Double, names: Double, _ across: (Double) -> Double, _ svg: inout Markup) {
        ChartFrame.series(row.style, &svg) { svg in
            svg.element("title", row.title)
            svg.element(
                "text", ["class": "name", "x": place(names), "y": place(y + 4), "text-anchor": "end"],
                ChartLabels.fitted(row.label, width: names))
            guard row.value.isFinite else { return }
            if let interval = row.interval {
                svg.leaf(
                    "line",
                    [
                        "class": "bar", "x1": place(across(interval.lowerBound)),
                        "x2": place(across(interval.upperBound)), "y1": place(y), "y2": place(y),
                    ])
            }
            let outline = ChartFrame.outline(row.style, x: across(row.value), y: y)
            svg.leaf("path", ["class": row.isSignificant ? "mark" : "hollow", "d": outline])
        }
    }
}

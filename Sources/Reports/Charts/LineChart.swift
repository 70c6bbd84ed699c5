/// Lines of points with intervals over a linear axis, each with its colour, its marker and its name at its end.
///
/// A pure function from data to SVG; ``ChartStyle/css`` and its custom properties give the colours.
public struct LineChart: Sendable {
    /// A measured point.
    public struct Point: Sendable {
        public var x: Double
        public var y: Double
        /// The ends of the interval bar.
        public var interval: ClosedRange<Double>?
        /// What a pointer that rests on the mark reads.
        public var title: String
        /// Whether it is drawn hollow and off the line: a figure from elsewhere, such as a printed one.
        public var isHollow: Bool

        public init(x: Double, y: Double, interval: ClosedRange<Double>? = nil, title: String, isHollow: Bool = false) {
            self.x = x
            self.y = y
            self.interval = interval
            self.title = title
            self.isHollow = isHollow
        }
    }

    /// A line.
    public struct Series: Sendable {
        /// Its name, at its end.
        public var label: String
        /// Its place among all series of a page, which gives colour and marker; nil for the baseline, drawn in grey with
        /// a dotted line across.
        public var style: Int?
        /// In the order of `x`.
        public var points: [Point]

        public init(label: String, style: Int?, points: [Point]) {
            self.label = label
            self.style = style
            self.points = points
        }
    }

    /// What the chart shows, for people and screen readers.
    public var title: String
    /// A sentence for those who cannot see the chart.
    public var summary: String
    public var xTitle: String
    public var yTitle: String
    public var yScale: ChartScale.Kind
    /// What the y axis never leaves.
    public var yLimits: ClosedRange<Double>
    public var series: [Series]
    /// In pixels; a page may scale the chart.
    public var width: Double
    public var height: Double

    public init(
        title: String, summary: String, xTitle: String, yTitle: String, yScale: ChartScale.Kind = .linear,
        yLimits: ClosedRange<Double> = 0...Double.greatestFiniteMagnitude, series: [Series], width: Double,
        height: Double
    ) {
        self.title = title
        self.summary = summary
        self.xTitle = xTitle
        self.yTitle = yTitle
        self.yScale = yScale
        self.yLimits = yLimits
        self.series = series
        self.width = width
        self.height = height
    }

    /// The chart as an SVG element.
    ///
    /// - Parameter id: unlike every other id of the page.
    public func svg(id: String) -> String {
        let plot = Plot(self)
        return ChartFrame(id: id, title: title, summary: summary, width: width, height: height).svg { svg in
            plot.axes(&svg)
            for (position, series) in series.enumerated() { plot.draw(series, position, &svg) }
            plot.labels(&svg)
        }
    }
}

/// A line chart with its scales and margins settled.
private struct Plot {
    let chart: LineChart
    let x, y: ChartScale
    let left, right: Double
    let top = 30.0
    let bottom: Double
    /// Of the widest label.
    let labelWidth: Double
    /// Whether the height has room for every name; else the legend tells the lines apart, and the points their names.
    let hasLabels: Bool
    private static let labelSpacing = 15.0

    init(_ chart: LineChart) {
        self.chart = chart
        let points = chart.series.flatMap(\.points)
        let x = ChartScale(.linear, holding: [0] + points.map(\.x), count: chart.width < 420 ? 3 : 6)
        let y = ChartScale(
            chart.yScale,
            holding: points.flatMap { [$0.y] + ($0.interval.map { [$0.lowerBound, $0.upperBound] } ?? []) },
            count: chart.height < 260 ? 4 : 5, limits: chart.yLimits)
        (self.x, self.y) = (x, y)
        let widest = chart.series.map { ChartLabels.width($0.label) }.max() ?? 0
        hasLabels = Double(chart.series.count) * Self.labelSpacing <= chart.height - 62
        labelWidth = hasLabels ? min(widest + 4, chart.width * (chart.width < 420 ? 0.27 : 0.3)) : 0
        left = (y.ticks.map { ChartLabels.width(y.label($0)) }.max() ?? 0) + 10
        right = chart.width - labelWidth - 28
        bottom = chart.height - 40
    }

    private func across(_ value: Double) -> Double? { x.share(value).map { left + $0 * (right - left) } }

    /// Held inside the plot, where an interval may end beyond the axis.
    private func up(_ value: Double) -> Double? {
        y.share(value).map { bottom - min(max($0, 0), 1) * (bottom - top) }
    }

    func axes(_ svg: inout Markup) {
        svg.element("text", ["class": "head", "x": "0", "y": "12"], chart.yTitle)
        for tick in y.ticks {
            guard let height = up(tick) else { continue }
            svg.leaf(
                "line",
                ["class": "grid", "x1": place(left), "x2": place(right), "y1": place(height), "y2": place(height)])
            svg.element(
                "text", ["class": "axis", "x": place(left - 8), "y": place(height + 4), "text-anchor": "end"],
                y.label(tick))
        }
        for tick in x.ticks {
            guard let place = across(tick) else { continue }
            svg.leaf(
                "line",
                [
                    "class": "zero", "x1": Reports.place(place), "x2": Reports.place(place),
                    "y1": Reports.place(bottom), "y2": Reports.place(bottom + 4),
                ])
            svg.element(
                "text",
                ["class": "axis", "x": Reports.place(place), "y": Reports.place(bottom + 18), "text-anchor": "middle"],
                x.label(tick))
        }
        svg.leaf(
            "line",
            ["class": "zero", "x1": place(left), "x2": place(right), "y1": place(bottom), "y2": place(bottom)])
        ChartFrame.xTitle(chart.xTitle, left: left, right: right, height: chart.height, &svg)
    }

    /// How far a series stands beside its true x, so that the bars of points at one x do not cover one another.
    private func dodge(_ position: Int) -> Double {
        let moved = chart.series.indices.filter { chart.series[$0].style != nil }
        guard let order = moved.firstIndex(of: position), moved.count > 1 else { return 0 }
        let step = min(5, 22 / Double(moved.count))
        return (Double(order) - Double(moved.count - 1) / 2) * step
    }

    private func spot(_ point: LineChart.Point, _ shift: Double) -> (x: Double, y: Double)? {
        guard let x = across(point.x), let y = up(point.y) else { return nil }
        return (point.x == 0 ? x : x + shift, y)
    }

    func draw(_ series: LineChart.Series, _ position: Int, _ svg: inout Markup) {
        let shift = dodge(position)
        ChartFrame.series(series.style, &svg) { svg in
            let line = series.points.filter { !$0.isHollow }.compactMap { spot($0, shift) }
            if series.style == nil, let base = line.last {
                svg.leaf(
                    "line",
                    ["class": "base", "x1": place(left), "x2": place(right), "y1": place(base.y), "y2": place(base.y)])
            } else if line.count > 1 {
                let path = line.map { "\(place($0.x)) \(place($0.y))" }.joined(separator: "L")
                svg.leaf("path", ["class": "line", "d": "M" + path])
            }
            for point in series.points { mark(point, series, shift, &svg) }
        }
    }

    private func mark(_ point: LineChart.Point, _ series: LineChart.Series, _ shift: Double, _ svg: inout Markup) {
        // Lines start at the baseline's point, which the baseline itself marks.
        guard let spot = spot(point, shift), series.style == nil || point.x != 0 else { return }
        if let interval = point.interval, let low = up(interval.lowerBound), let high = up(interval.upperBound) {
            svg.leaf(
                "line",
                ["class": "band", "x1": place(spot.x), "x2": place(spot.x), "y1": place(low), "y2": place(high)])
        }
        let outline = ChartFrame.outline(series.style, x: spot.x, y: spot.y)
        svg.element("path", ["class": point.isHollow ? "hollow" : "mark", "d": outline]) {
            $0.element("title", point.title)
        }
    }

    /// The names at the ends of the lines.
    func labels(_ svg: inout Markup) {
        guard hasLabels else { return }
        let ends = chart.series.enumerated().compactMap { position, series in
            series.points.filter { !$0.isHollow }.compactMap { spot($0, dodge(position)) }.last.map { (series, $0) }
        }
        let places = ChartLabels.spread(ends.map(\.1.y), spacing: Self.labelSpacing, within: (top - 4)...(bottom + 4))
        for ((series, end), height) in zip(ends, places) {
            ChartFrame.series(series.style, &svg) { svg in
                let start = series.style == nil ? right : end.x + 6
                if right + 22 - start > 10 || abs(height - end.y) > 3 {
                    svg.leaf(
                        "path",
                        [
                            "class": "lead",
                            "d": "M\(place(start)) \(place(end.y))L\(place(max(start, right + 8))) \(place(height))H"
                                + place(right + 22),
                        ])
                }
                svg.element("text", ["class": "label", "x": place(right + 25), "y": place(height + 4)]) { svg in
                    svg.write(ChartLabels.fitted(series.label, width: labelWidth))
                    svg.element("title", series.label)
                }
            }
        }
    }
}

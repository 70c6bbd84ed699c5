/// The SVG element that a chart is drawn in, and what all charts write alike.
struct ChartFrame {
    /// Unlike every other id of the page.
    let id: String
    /// What the chart shows, for people and screen readers.
    let title: String
    /// A sentence for those who cannot see the chart.
    let summary: String
    /// In pixels; a page may scale the chart.
    let width, height: Double

    /// The element around what `content` draws.
    func svg(_ content: (inout Markup) -> Void) -> String {
        var svg = Markup()
        svg.element(
            "svg",
            [
                "class": "chart", "viewBox": "0 0 \(place(width)) \(place(height))", "role": "img",
                "aria-labelledby": "\(id)-t \(id)-d",
            ]
        ) { svg in
            svg.element("title", ["id": "\(id)-t"], title)
            svg.element("desc", ["id": "\(id)-d"], summary)
            content(&svg)
        }
        return svg.text
    }

    /// The title of the x axis at the chart's foot, in the middle of a plot that reaches from `left` to `right`.
    static func xTitle(_ text: String, left: Double, right: Double, height: Double, _ svg: inout Markup) {
        svg.element(
            "text",
            ["class": "axis", "x": place((left + right) / 2), "y": place(height - 4), "text-anchor": "middle"], text)
    }

    /// A group in a series' colour.
    static func series(_ style: Int?, _ svg: inout Markup, _ content: (inout Markup) -> Void) {
        svg.element("g", ["class": style.map(ChartStyle.seriesClass) ?? "series-none"], content)
    }

    /// The outline of a mark in a series' shape; a circle for the baseline's.
    static func outline(_ style: Int?, x: Double, y: Double) -> String {
        (style.map(ChartMarker.init) ?? .circle).path(x: x, y: y, radius: 4.2)
    }
}

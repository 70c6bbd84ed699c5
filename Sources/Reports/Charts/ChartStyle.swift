/// What all charts look like: CSS over classes and custom properties, so that a page sets light and dark once.
///
/// Series take the colours of Okabe and Ito ("Color Universal Design", 2008), told apart with any colour vision, darkened
/// or lightened for contrast with the page; past eight they repeat with another marker.
public enum ChartStyle {
    /// The number of colours.
    static let colours = 8

    /// The class of a series, by its place.
    static func seriesClass(_ place: Int) -> String { "series-\(place % colours)" }

    /// Custom properties for a light page.
    static let light = """
        --ink:#1b1f24;--muted:#5c6570;--faint:#68717b;--rule:#d8dee4;--grid:#e7ebef;--page:#fff;\
        --series-0:#0068a6;--series-1:#c2500a;--series-2:#00805d;--series-3:#a8467e;--series-4:#9a6b00;\
        --series-5:#1f76a8;--series-6:#6a51a3;--series-7:#4d4d4d
        """

    /// Custom properties for a dark page.
    static let dark = """
        --ink:#e6eaef;--muted:#a0aab5;--faint:#86909b;--rule:#343c45;--grid:#262d35;--page:#12161b;\
        --series-0:#5ab4ee;--series-1:#f58a4b;--series-2:#2fc89b;--series-3:#e28fbd;--series-4:#edb72c;\
        --series-5:#9ad3f5;--series-6:#b9a3ee;--series-7:#c9ced4
        """

    /// The rules of the classes that charts use.
    public static let css: String = {
        let series = (0..<colours).map { ".series-\($0){--hue:var(--series-\($0))}" }.joined()
        return series + """
            .series-none{--hue:var(--muted)}
            .chart{display:block;width:100%;height:auto;overflow:visible}
            .chart text{font:12px/1 var(--sans,system-ui,sans-serif);fill:var(--muted);font-variant-numeric:tabular-nums}
            .chart .axis{fill:var(--muted)}
            .chart .head{fill:var(--ink);font-weight:600}
            .chart .grid{stroke:var(--grid);stroke-width:1;shape-rendering:crispEdges}
            .chart .zero{stroke:var(--faint);stroke-width:1;shape-rendering:crispEdges}
            .chart .base{stroke:var(--hue);stroke-width:1;stroke-dasharray:2 3}
            .chart .line{stroke:var(--hue);stroke-width:1.6;fill:none;stroke-linejoin:round;stroke-linecap:round}
            .chart .bar{stroke:var(--hue);stroke-width:1.1;opacity:.5}
            .chart .band{stroke:var(--hue);stroke-width:1;opacity:.38}
            .chart .mark{fill:var(--hue);stroke:var(--page);stroke-width:1}
            .chart .hollow{fill:var(--page);stroke:var(--hue);stroke-width:1.3}
            .chart .lead{stroke:var(--hue);stroke-width:.7;opacity:.6;fill:none}
            .chart text.label{fill:var(--hue);font-weight:600}
            .chart text.name{fill:var(--ink)}
            """
    }()
}

/// The shape that marks a series' points.
enum ChartMarker: Int, CaseIterable {
    case circle, square, triangle, diamond, wedge, cross, bar, hexagon

    /// The marker of a series, by its place: another one whenever the colours start again.
    init(_ place: Int) {
        let count = ChartMarker.allCases.count
        let shifted = (place + place / ChartStyle.colours * 3) % count
        self = ChartMarker(rawValue: shifted) ?? .circle
    }

    /// The outline around a place, `radius` wide on each side.
    func path(x: Double, y: Double, radius r: Double) -> String {
        func polygon(_ points: [(Double, Double)]) -> String {
            "M" + points.map { "\(place(x + $0.0 * r)) \(place(y + $0.1 * r))" }.joined(separator: "L") + "Z"
        }
        switch self {
        case .circle:
            return "M\(place(x - r)) \(place(y))a\(place(r)) \(place(r)) 0 1 1 \(place(2 * r)) 0"
                + "a\(place(r)) \(place(r)) 0 1 1 \(place(-2 * r)) 0Z"
        case .square: return polygon([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])
        case .triangle: return polygon([(0, -1.2), (1.1, 0.8), (-1.1, 0.8)])
        case .diamond: return polygon([(0, -1.3), (1.1, 0), (0, 1.3), (-1.1, 0)])
        case .wedge: return polygon([(0, 1.2), (1.1, -0.8), (-1.1, -0.8)])
        case .cross:
            let (a, b) = (0.4, 1.15)
            return polygon([
                (-a, -b), (a, -b), (a, -a), (b, -a), (b, a), (a, a), (a, b), (-a, b), (-a, a), (-b, a), (-b, -a),
                (-a, -a),
            ])
        case .bar: return polygon([(-0.45, -1.25), (0.45, -1.25), (0.45, 1.25), (-0.45, 1.25)])
        case .hexagon: return polygon([(-0.6, -1.05), (0.6, -1.05), (1.2, 0), (0.6, 1.05), (-0.6, 1.05), (-1.2, 0)])
        }
    }
}

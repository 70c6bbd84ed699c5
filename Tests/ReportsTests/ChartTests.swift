import Foundation
import FoundationXML
import Reports
import Testing

@Suite("Charts")
struct ChartTests {
    @Test(
        "a linear axis has round gridlines around what it holds",
        arguments: [
            ([0, 24.3], 5, [0, 5, 10, 15, 20, 25]), ([31, 42], 5, [30, 32.5, 35, 37.5, 40, 42.5]),
            ([-16.2, 9], 4, [-20, -10, 0, 10]), ([0.0012, 0.0019], 4, [0.001, 0.0012, 0.0014, 0.0016, 0.0018, 0.002]),
        ] as [([Double], Int, [Double])])
    func linear(values: [Double], count: Int, ticks: [Double]) {
        let scale = ChartScale(.linear, holding: values + [.nan, .infinity], count: count)
        #expect(scale.ticks.count == ticks.count)
        for (tick, expected) in zip(scale.ticks, ticks) { #expect(abs(tick - expected) < 1e-9) }
        for value in values { #expect((0...1).contains(scale.share(value) ?? -1)) }
        #expect(scale.share(.nan) == nil)
    }

    @Test("an axis of equal or no values is one to look at", arguments: [ChartScale.Kind.linear, .logarithmic])
    func degenerate(kind: ChartScale.Kind) {
        for values in [[], [5.0], [5, 5], [.infinity]] {
            let scale = ChartScale(kind, holding: values)
            #expect(scale.domain.lowerBound < scale.domain.upperBound && !scale.ticks.isEmpty)
        }
    }

    @Test("an axis stays inside its limits")
    func limits() {
        let scale = ChartScale(.linear, holding: [2, 99.5], limits: 0...100)
        #expect(scale.domain == 0...100)
    }

    @Test("a logarithmic axis goes by powers of ten over a wide range, finer over a short one")
    func logarithmic() {
        let wide = ChartScale(.logarithmic, holding: [4.1, 140_763.76])
        #expect(wide.ticks.map { wide.label($0) } == ["1", "100", "10,000", "10⁶"])
        let short = ChartScale(.logarithmic, holding: [4, 81])
        #expect(short.ticks.map { short.label($0) } == ["2", "5", "10", "20", "50", "100"])
        #expect(short.share(0) == nil && abs((short.share(2) ?? 1)) < 1e-12)
    }

    @Test("labels of one axis have the same decimals and true minus signs")
    func labels() {
        let scale = ChartScale(.linear, holding: [-1, 1], count: 4)
        #expect(scale.ticks.map { scale.label($0) } == ["−1.0", "−0.5", "0.0", "0.5", "1.0"])
        let quarters = ChartScale(.linear, holding: [-9, 4], count: 6)
        #expect(quarters.ticks.map { quarters.label($0) } == ["−10.0", "−7.5", "−5.0", "−2.5", "0.0", "2.5", "5.0"])
    }

    @Test("a line chart is an image with a name and a description, its text escaped, every series in its own class")
    func line() throws {
        let series = (0..<12).map { (place: Int) in
            LineChart.Series(
                label: "m<\(place)>&", style: place,
                points: [
                    .init(x: 10, y: 50, interval: 40...60, title: "a \"b\""), .init(x: 20, y: .infinity, title: "gone"),
                ])
        }
        let svg = LineChart(
            title: "t<", summary: "s&", xTitle: "x", yTitle: "y", series: series, width: 400, height: 300
        ).svg(id: "c")
        let parser = XMLParser(data: Data(svg.utf8))
        #expect(parser.parse())
        #expect(svg.contains("<title id=\"c-t\">t&lt;</title><desc id=\"c-d\">s&amp;</desc>"))
        #expect(svg.contains("aria-labelledby=\"c-t c-d\"") && svg.contains("m&lt;3&gt;&amp;"))
        #expect(!svg.contains("inf") && !svg.contains("nan") && !svg.contains("gone"))
        let marks = Set(
            svg.components(separatedBy: "class=\"mark\" d=\"").dropFirst().enumerated().map { place, rest in
                "\(place % 8) " + rest.prefix { $0 != "\"" }.split(separator: " ").dropFirst().joined(separator: " ")
            })
        #expect(marks.count == 12)
    }

    @Test("a difference that is told from chance has a filled mark, another a hollow one")
    func whiskers() {
        let rows = [true, false].map {
            WhiskerChart.Row(
                label: "a", style: 0, value: -1, interval: -2 ... -0.5, isSignificant: $0, title: "t")
        }
        let svg = WhiskerChart(title: "t", summary: "s", xTitle: "x", rows: rows, width: 300).svg(id: "w")
        #expect(svg.components(separatedBy: "class=\"mark\"").count == 2)
        #expect(svg.components(separatedBy: "class=\"hollow\"").count == 2)
    }
}

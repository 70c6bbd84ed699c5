import Foundation
import Wording

/// How values of an axis become places, and where its gridlines stand.
public struct ChartScale: Sendable {
    /// How the axis runs.
    public enum Kind: Sendable {
        case linear
        /// By powers; values are above 0.
        case logarithmic
    }

    public let kind: Kind
    /// The values at the ends.
    public let domain: ClosedRange<Double>
    /// The gridlines' values, ascending.
    public let ticks: [Double]

    /// An axis that holds `values`, about `count` gridlines apart; finite values (on a logarithmic axis those above 0)
    /// count, and without any it runs from 0 to 1 (1 to 10).
    ///
    /// - Parameter limits: what the domain never leaves, such as 0…100 for percent.
    public init(
        _ kind: Kind, holding values: [Double], count: Int = 5,
        limits: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    ) {
        self.kind = kind
        let usable = values.filter { $0.isFinite && (kind == .linear || $0 > 0) }
        guard let low = usable.min(), let high = usable.max() else {
            domain = kind == .linear ? 0...1 : 1...10
            ticks = kind == .linear ? [0, 0.5, 1] : [1, 10]
            return
        }
        switch kind {
        case .linear: (domain, ticks) = ChartScale.linear(low, high, count, limits)
        case .logarithmic: (domain, ticks) = ChartScale.logarithmic(low, high, count)
        }
    }

    /// The place of a value between the ends of the domain, 0…1; nil for what the axis cannot hold.
    public func share(_ value: Double) -> Double? {
        guard value.isFinite else { return nil }
        switch kind {
        case .linear: return (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
        case .logarithmic:
            guard value > 0 else { return nil }
            return log(value / domain.lowerBound) / log(domain.upperBound / domain.lowerBound)
        }
    }

    /// A gridline's value as its label, all with the same decimals; on a logarithmic axis from 10⁵ with a power of ten.
    public func label(_ tick: Double) -> String {
        guard kind == .linear else {
            let exponent = Int((log10(tick) + 1e-9).rounded(.down))
            if exponent >= 5 {
                let factor = tick / pow(10, Double(exponent))
                return (factor < 1.01 ? "" : shortDecimals(factor, 1) + "·") + "10" + superscript(exponent)
            }
            return tick >= 1 ? grouped(Int(tick.rounded())) : shortDecimals(tick, 3)
        }
        let step = ticks.count > 1 ? ticks[1] - ticks[0] : 1
        let places = (0...6).first { places in
            let digits = step * pow(10, Double(places))
            return abs(digits - digits.rounded()) < 1e-6 * digits
        }
        let text = decimals(abs(tick), places ?? 6)
        return (tick < -step / 1e6 ? "−" : "") + text
    }

    /// Steps of 1, 2, 2.5 or 5 times a power of ten.
    private static func linear(
        _ low: Double, _ high: Double, _ count: Int, _ limits: ClosedRange<Double>
    ) -> (ClosedRange<Double>, [Double]) {
        let reach = high > low ? high - low : max(abs(high) * 0.1, 1)
        let (low, high) = high > low ? (low, high) : (low - reach / 2, high + reach / 2)
        let rough = reach / Double(max(1, count))
        let power = pow(10, log10(rough).rounded(.down))
        let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? rough
        let first = max((low / step).rounded(.down) * step, limits.lowerBound)
        let last = min((high / step).rounded(.up) * step, limits.upperBound)
        guard last > first else { return (low...high, [low, high]) }
        let start = (first / step).rounded(.up)
        let ticks = (0...max(0, Int(((last / step) - start + 1e-9).rounded(.down)))).map { (start + Double($0)) * step }
        return (first...last, ticks)
    }

    /// Powers of ten, with 2 and 5 between them over a short range.
    private static func logarithmic(_ low: Double, _ high: Double, _ count: Int) -> (ClosedRange<Double>, [Double]) {
        let decades = log10(high / low)
        let factors =
            decades < 0.8
            ? [1.0, 1.5, 2, 3, 5, 7] : decades < 1.6 ? [1.0, 2, 5] : decades < 3.1 ? [1.0, 3] : [1.0]
        let exponents = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
        let every = factors.count == 1 ? max(1, (exponents.count + count) / (count + 1)) : 1
        let candidates = exponents.filter { ($0 - exponents.lowerBound) % every == 0 }.flatMap { exponent in
            factors.map { $0 * pow(10, Double(exponent)) }
        }
        let first = candidates.last { $0 <= low * 1.0001 } ?? low
        let last = candidates.first { $0 >= high * 0.9999 } ?? pow(10, Double(exponents.upperBound))
        guard last > first else { return ((low / 2)...(high * 2), [low]) }
        return (first...last, candidates.filter { $0 >= first * 0.9999 && $0 <= last * 1.0001 })
    }

    private func superscript(_ number: Int) -> String {
        String(String(number).map { $0 == "-" ? "⁻" : Array("⁰¹²³⁴⁵⁶⁷⁸⁹")[$0.wholeNumberValue ?? 0] })
    }
}

import Foundation

/// A number with so many decimals, such as `12.50`; ∞ and "not a number" as words.
func decimals(_ value: Double, _ places: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "n/a" : value > 0 ? "∞" : "−∞" }
    return String(format: "%.\(places)f", value)
}

/// The same with its sign, a true minus where it is one: `+1.2`, `−0.4`, `0.0`.
func signed(_ value: Double, _ places: Int) -> String {
    guard value.isFinite else { return decimals(value, places) }
    let text = decimals(abs(value), places)
    let isZero = !text.contains { "123456789".contains($0) }
    return (isZero ? "" : value < 0 ? "−" : "+") + text
}

/// Up to so many decimals, without zeros at the end.
func shortDecimals(_ value: Double, _ places: Int) -> String {
    var text = decimals(value, places)
    guard value.isFinite, text.contains(".") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
}

/// A perplexity: two decimals as the paper prints them, powers of ten where those would run on.
func perplexityText(_ value: Double) -> String {
    value.isFinite && value >= 1e6 ? scientific(value) : decimals(value, 2)
}

/// A number above 0 with two decimals and a power of ten: `3.01e6`.
func scientific(_ value: Double) -> String {
    let exponent = Int(log10(value).rounded(.down))
    return "\(decimals(value / pow(10, Double(exponent)), 2))e\(exponent)"
}

/// Universal time to the minute: `2024-05-01 12:34 UTC`.
func minuteText(_ seconds: Double) -> String {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    let parts = calendar.dateComponents(
        [.year, .month, .day, .hour, .minute], from: Date(timeIntervalSince1970: seconds.rounded(.down)))
    return String(
        format: "%04d-%02d-%02d %02d:%02d UTC", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0, parts.hour ?? 0,
        parts.minute ?? 0)
}

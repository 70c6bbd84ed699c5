import Foundation

/// Figures as pages show them.
enum Show {
    static func decimals(_ value: Double, _ places: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "n/a" : value > 0 ? "∞" : "−∞" }
        let text = String(format: "%.\(places)f", abs(value))
        let isZero = !text.contains { "123456789".contains($0) }
        return (value < 0 && !isZero ? "−" : "") + text
    }

    static func signed(_ value: Double, _ places: Int) -> String {
        let text = decimals(value, places)
        let isZero = !text.contains { "123456789∞".contains($0) }
        return value > 0 && !isZero ? "+\(text)" : text
    }

    /// A share of 0…1, never rounded up to all of it.
    static func percent(_ share: Double) -> String {
        let text = decimals(share * 100, 1)
        return (share < 1 && text == "100.0" ? "99.9" : text == "100.0" ? "100" : text) + " %"
    }

    /// `2 d 3 h`, `3 h 04 m`, `4 m 05 s`, `12 s`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–" }
        let whole = Int(seconds.rounded())
        let (days, hours, minutes) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60)
        if days > 0 { return "\(days) d \(hours) h" }
        if hours > 0 { return "\(hours) h \(minutes < 10 ? "0" : "")\(minutes) m" }
        if minutes > 0 { return "\(minutes) m \(whole % 60 < 10 ? "0" : "")\(whole % 60) s" }
        return "\(whole) s"
    }

    static func bytes(_ value: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var (number, unit) = (Double(value), 0)
        while number >= 1024, unit < units.count - 1 {
            number /= 1024
            unit += 1
        }
        return "\(decimals(number, unit == 0 || number >= 100 ? 0 : 1)) \(units[unit])"
    }

    /// Universal time: `2024-05-01 12:34`.
    static func time(_ seconds: Double, withSeconds: Bool = false) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second],
            from: Date(timeIntervalSince1970: seconds.rounded(.down)))
        let text = String(
            format: "%04d-%02d-%02d %02d:%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0, parts.hour ?? 0,
            parts.minute ?? 0)
        return withSeconds ? text + String(format: ":%02d", parts.second ?? 0) : text
    }

    /// A p-value: four decimals, or that it is less.
    static func pValue(_ value: Double) -> String { value < 0.0001 ? "< 0.0001" : decimals(value, 4) }
}

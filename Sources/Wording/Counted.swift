/// A number with its noun, as messages count: `1 row`, `2 rows`, `0 rows`.
///
/// - Parameters:
///   - plural: where the noun does not take an s.
///   - isGrouped: whether the number has group marks: `10,042 rows`.
public func counted(
    _ number: some BinaryInteger, _ noun: String, _ plural: String? = nil, isGrouped: Bool = false
) -> String {
    "\(isGrouped ? grouped(number) : "\(number)") \(number == 1 ? noun : plural ?? noun + "s")"
}

/// An integer with group marks and, below 0, a true minus: `10,042`.
public func grouped(_ value: some BinaryInteger) -> String {
    let digits = Array(String(value.magnitude))
    let text = digits.indices.map { index in
        (index > 0 && (digits.count - index) % 3 == 0 ? "," : "") + String(digits[index])
    }.joined()
    return value < 0 ? "−" + text : text
}

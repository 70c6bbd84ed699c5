import Foundation

/// JSON as our commands print it: keys sorted, so that equal values are equal bytes; −inf, inf and NaN as strings.
public enum JSONLine {
    /// One object on one line, with its newline.
    public static func encode(_ value: some Encodable) throws -> Data {
        var data = try encoder([.sortedKeys, .withoutEscapingSlashes]).encode(value)
        data.append(UInt8(ascii: "\n"))
        return data
    }

    /// One object over several lines, for reading.
    public static func pretty(_ value: some Encodable) throws -> String {
        let encoder = encoder([.sortedKeys, .withoutEscapingSlashes, .prettyPrinted])
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func encoder(_ formatting: JSONEncoder.OutputFormatting) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return encoder
    }
}

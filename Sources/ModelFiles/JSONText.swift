import Foundation

/// JSON of a foreign file, checked and made ready for Foundation's parser.
///
/// Python writes infinities into JSON as bare words; Foundation refuses them. It also takes the last of duplicate
/// keys in silence, which in a model file hides a tensor. One walk over the text sees to both.
struct JSONText {
    /// The text, with every bare `Infinity`, `-Infinity` and `NaN` put in quotes.
    private(set) var bytes: [UInt8] = []
    private let source: UnsafeRawBufferPointer
    private var position = 0
    /// The keys of every object that is open; nil stands for an array.
    private var open: [Set<String>?] = []
    private var valueCount = 0

    /// Far deeper than any model file nests, far shallower than any stack.
    private static let depthLimit = 32
    /// Bounds the memory of a hostile header.
    private static let valueLimit = 2_000_000

    /// Why a text was refused.
    struct Refusal: Error {
        let reason: String
    }

    /// Walks `source`; infinities are refused unless `allowsNonFinite`.
    static func checked(_ source: UnsafeRawBufferPointer, allowsNonFinite: Bool) throws(Refusal) -> Data {
        var text = JSONText(source: source)
        try text.walk(allowsNonFinite: allowsNonFinite)
        return Data(text.bytes)
    }

    private init(source: UnsafeRawBufferPointer) {
        self.source = source
        bytes.reserveCapacity(source.count + 16)
    }

    private mutating func walk(allowsNonFinite: Bool) throws(Refusal) {
        while position < source.count {
            let byte = source[position]
            switch byte {
            case UInt8(ascii: "\""):
                try string()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard open.count < Self.depthLimit else {
                    throw Refusal(reason: "JSON is nested deeper than \(Self.depthLimit) levels")
                }
                open.append(byte == UInt8(ascii: "{") ? [] : nil)
            case UInt8(ascii: ","):
                valueCount += 1
                guard valueCount < Self.valueLimit else {
                    throw Refusal(reason: "JSON has more than \(Self.valueLimit) values")
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                _ = open.popLast()
            case UInt8(ascii: "-"), UInt8(ascii: "I"), UInt8(ascii: "N"):
                if let word = nonFiniteWord() {
                    guard allowsNonFinite else {
                        throw Refusal(reason: "'\(word)' at byte \(position) is not JSON")
                    }
                    bytes += [UInt8(ascii: "\"")] + Array(word.utf8) + [UInt8(ascii: "\"")]
                    position += word.utf8.count
                    guard !isKey else { throw Refusal(reason: "'\(word)' is no key of JSON") }
                    continue
                }
            default:
                break
            }
            bytes.append(byte)
            position += 1
        }
    }

    /// The bare word for a number without a finite value that begins here.
    private func nonFiniteWord() -> String? {
        for word in ["Infinity", "-Infinity", "NaN"] {
            let end = position + word.utf8.count
            if end <= source.count, source[position..<end].elementsEqual(word.utf8) { return word }
        }
        return nil
    }

    /// Copies a string; where it is a key, it must be new to its object.
    private mutating func string() throws(Refusal) {
        let start = bytes.count
        var isEscaped = false
        repeat {
            isEscaped = !isEscaped && source[position] == UInt8(ascii: "\\")
            bytes.append(source[position])
            position += 1
        } while position < source.count && (isEscaped || source[position] != UInt8(ascii: "\""))
        guard position < source.count else { throw Refusal(reason: "JSON ends within a string") }
        bytes.append(source[position])
        position += 1
        guard isKey, !open.isEmpty, open[open.count - 1] != nil else { return }
        let key = unescaped(String(decoding: bytes[start...], as: UTF8.self))
        guard open[open.count - 1]?.insert(key).inserted == true else {
            throw Refusal(reason: "the key \(key) is written twice")
        }
    }

    /// Whether a colon follows.
    private var isKey: Bool {
        var next = position
        while next < source.count, [0x20, 0x09, 0x0a, 0x0d].contains(source[next]) { next += 1 }
        return next < source.count && source[next] == UInt8(ascii: ":")
    }

    /// The key, in quotes, without escapes, so that two spellings of one key are equal.
    private func unescaped(_ key: String) -> String {
        guard key.contains("\\"),
            let text = try? JSONDecoder().decode([String].self, from: Data("[\(key)]".utf8)).first
        else { return key }
        return "\"\(text)\""
    }
}

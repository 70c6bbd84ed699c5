/// Cuts the rows out of a page's JSON as they are written: a parser in between would lose the order of keys, which the
/// harness hashes, and the digits of numbers.
struct RowText {
    private let bytes: [UInt8]
    private var position = 0

    /// The texts under `rows[…].row`, each an object without the space between its tokens; nil where a key is there
    /// twice or not at all. `json` is valid JSON.
    static func rows(of json: [UInt8]) -> [[UInt8]]? {
        var page = RowText(bytes: json)
        guard let rows = page.value(of: "rows") else { return nil }
        var list = RowText(bytes: Array(rows))
        return list.elements()?.map { element -> [UInt8]? in
            var object = RowText(bytes: Array(element))
            guard let row = object.value(of: "row"), row.first == UInt8(ascii: "{") else { return nil }
            return compact(row)
        }.reduce(into: Optional([])) { all, row in
            guard let row else {
                all = nil
                return
            }
            all?.append(row)
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// The value of a key of the object that the text is.
    private mutating func value(of key: String) -> ArraySlice<UInt8>? {
        guard take(UInt8(ascii: "{")) else { return nil }
        var found: ArraySlice<UInt8>?
        while peek != UInt8(ascii: "}") {
            guard let name = next(), take(UInt8(ascii: ":")), let value = next() else { return nil }
            if name.elementsEqual("\"\(key)\"".utf8) {
                guard found == nil else { return nil }
                found = value
            }
            guard take(UInt8(ascii: ",")) else { break }
        }
        return found
    }

    /// The elements of the array that the text is.
    private mutating func elements() -> [ArraySlice<UInt8>]? {
        guard take(UInt8(ascii: "[")) else { return nil }
        var all: [ArraySlice<UInt8>] = []
        while peek != UInt8(ascii: "]") {
            guard let element = next() else { return nil }
            all.append(element)
            guard take(UInt8(ascii: ",")) else { break }
        }
        return all
    }

    /// The next value of any kind, whole.
    private mutating func next() -> ArraySlice<UInt8>? {
        guard peek != nil else { return nil }
        let start = position
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                skipString()
                if depth == 0 { return bytes[start..<position] }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return bytes[start..<position] }
                depth -= 1
                if depth == 0 {
                    position += 1
                    return bytes[start..<position]
                }
            case UInt8(ascii: ","), 0x20, 0x09, 0x0A, 0x0D:
                if depth == 0 { return bytes[start..<position] }
            default: break
            }
            position += 1
        }
        return bytes[start..<position]
    }

    private mutating func skipString() {
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        position = min(position + 1, bytes.count)
    }

    /// The next byte that is no space.
    private var peek: UInt8? {
        mutating get {
            while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
            return position < bytes.count ? bytes[position] : nil
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    /// A text without the space between its tokens, so that it is one line.
    private static func compact(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var isInString = false
        var isEscaped = false
        for byte in text {
            if isInString {
                if !isEscaped, byte == UInt8(ascii: "\"") { isInString = false }
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
            } else if [0x20, 0x09, 0x0A, 0x0D].contains(byte) {
                continue
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            }
            result.append(byte)
        }
        return result
    }
}

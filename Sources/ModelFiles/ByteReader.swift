/// Reads little-endian numbers and text from bytes of a foreign file; nil where the bytes end too early.
struct ByteReader {
    let bytes: UnsafeRawBufferPointer
    /// Offset of the next byte.
    private(set) var position: Int

    /// `position` may lie anywhere, also outside.
    init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
        guard let start = advance(by: MemoryLayout<Number>.size) else { return nil }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: Number.self))
    }

    /// A number that is used as a length or an offset; nil also when it does not fit.
    mutating func count<Number: FixedWidthInteger>(_ type: Number.Type) -> Int? {
        number(type).flatMap { Int(exactly: $0) }
    }

    /// Text of `count` bytes; nil also when it is not UTF-8.
    mutating func text(count: Int) -> String? {
        guard let start = advance(by: count) else { return nil }
        return String(validating: bytes[start..<start + count], as: UTF8.self)
    }

    /// Text up to a newline, which is consumed.
    mutating func line() -> String? {
        guard position >= 0, position < bytes.count,
            let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        let text = text(count: end - position)
        position = end + 1
        return text
    }

    /// The bytes from here, `count` of them.
    mutating func skip(_ count: Int) -> Range<Int>? {
        advance(by: count).map { $0..<$0 + count }
    }

    private mutating func advance(by count: Int) -> Int? {
        guard count >= 0, position >= 0, position <= bytes.count, count <= bytes.count - position else { return nil }
        defer { position += count }
        return position
    }
}

/// Reads protobuf's encoding field by field; nil where the bytes end too early or mean nothing.
struct FieldReader {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { index == bytes.count }

    /// Seven bits a byte, the lowest first, at most ten bytes.
    mutating func varint() -> UInt64? {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while index < bytes.count, shift < 64 {
            let byte = bytes[index]
            index += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    /// Four or eight bytes, little-endian.
    mutating func fixed<Value: FixedWidthInteger>() -> Value? {
        let size = MemoryLayout<Value>.size
        guard bytes.count - index >= size else { return nil }
        defer { index += size }
        return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: Value.self))
    }

    /// As many bytes as the varint before them says.
    mutating func delimited() -> UnsafeRawBufferPointer? {
        guard let length = varint(), length <= UInt64(bytes.count - index) else { return nil }
        defer { index += Int(length) }
        return UnsafeRawBufferPointer(rebasing: bytes[index..<index + Int(length)])
    }

    /// Passes over the value of a field; false for a kind that this package's messages do not have.
    mutating func skip(_ tag: UInt64) -> Bool {
        switch FieldKind(tag) {
        case .varint: varint() != nil
        case .fixed64: (fixed() as UInt64?) != nil
        case .delimited: delimited() != nil
        case .fixed32: (fixed() as UInt32?) != nil
        case nil: false
        }
    }

    /// How many fields have a tag, before the first that cannot be read.
    func count(of wanted: UInt64) -> Int {
        var (reader, count) = (self, 0)
        while !reader.isAtEnd, let tag = reader.varint(), reader.skip(tag) { if tag == wanted { count += 1 } }
        return count
    }
}

/// How a field's value is written.
enum FieldKind: UInt64 {
    case varint = 0
    case fixed64 = 1
    case delimited = 2
    case fixed32 = 5

    /// The kind that a tag names.
    init?(_ tag: UInt64) { self.init(rawValue: tag & 7) }

    /// What precedes the value of the field with a number.
    func tag(_ field: UInt64) -> UInt64 { field << 3 | rawValue }
}

/// Writes protobuf's encoding.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func fixed(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ content: some Sequence<UInt8>) { bytes.append(contentsOf: content) }

    /// How many bytes a varint takes.
    static func length(_ value: UInt64) -> Int { max(1, (UInt64.bitWidth - value.leadingZeroBitCount + 6) / 7) }
}

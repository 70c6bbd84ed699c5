/// The record at the end of a zip file: where its directory of entries is.
struct EndRecord {
    let entryCount: Int
    let directory: Range<Int>

    private static let signature: UInt32 = 0x0605_4b50
    private static let wideLocatorSignature: UInt32 = 0x0706_4b50
    private static let wideSignature: UInt32 = 0x0606_4b50
    private static let size = 22
    private static let wideLocatorSize = 20
    private static let longestComment = 0xffff

    init(_ file: MappedFile) throws(ModelFileError) {
        let refusal = ModelFileError(file: file.path, reason: "its directory of entries lies outside the file")
        guard let position = Self.position(in: file.bytes) else {
            throw ModelFileError(file: file.path, reason: "is not a whole zip file; is it truncated?")
        }
        var reader = ByteReader(file.bytes, at: position + 4)
        guard let disk = reader.number(UInt16.self), let directoryDisk = reader.number(UInt16.self),
            reader.skip(2) != nil, var count = reader.count(UInt16.self), var size = reader.count(UInt32.self),
            var offset = reader.count(UInt32.self)
        else { throw refusal }
        if count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff {
            guard let wide = Self.wide(file.bytes, before: position) else {
                throw ModelFileError(file: file.path, reason: "its 64-bit directory record is damaged")
            }
            (count, size, offset) = wide
        } else {
            guard disk == 0, directoryDisk == 0 else {
                throw ModelFileError(file: file.path, reason: "is one part of a split zip file")
            }
        }
        guard offset <= position, size <= position - offset else { throw refusal }
        entryCount = count
        directory = offset..<offset + size
    }

    /// The last record whose comment reaches exactly to the end of the file.
    private static func position(in bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= size else { return nil }
        let last = bytes.count - size
        for position in stride(from: last, through: max(0, last - longestComment), by: -1) {
            var reader = ByteReader(bytes, at: position)
            guard reader.number(UInt32.self) == signature else { continue }
            reader = ByteReader(bytes, at: position + size - 2)
            if reader.count(UInt16.self) == last - position { return position }
        }
        return nil
    }

    private static func wide(_ bytes: UnsafeRawBufferPointer, before position: Int) -> (Int, Int, Int)? {
        var locator = ByteReader(bytes, at: position - wideLocatorSize)
        guard locator.number(UInt32.self) == wideLocatorSignature, locator.skip(4) != nil,
            let place = locator.count(UInt64.self)
        else { return nil }
        var reader = ByteReader(bytes, at: place)
        guard reader.number(UInt32.self) == wideSignature, reader.skip(28) != nil,
            let count = reader.count(UInt64.self), let size = reader.count(UInt64.self),
            let offset = reader.count(UInt64.self)
        else { return nil }
        return (count, size, offset)
    }
}

/// An entry of a zip file's directory.
struct CentralHeader {
    let name: String
    let flags: UInt16
    let method: UInt16
    let checksum: UInt32
    private(set) var compressedSize: Int
    private(set) var size: Int
    private(set) var localOffset: Int

    /// Without the name and what follows it.
    static let size = 46
    private static let signature: UInt32 = 0x0201_4b50
    private static let wideFieldIdentifier: UInt16 = 1

    init?(_ reader: inout ByteReader) {
        guard reader.number(UInt32.self) == Self.signature, reader.skip(4) != nil,
            let flags = reader.number(UInt16.self), let method = reader.number(UInt16.self), reader.skip(4) != nil,
            let checksum = reader.number(UInt32.self), let compressedSize = reader.count(UInt32.self),
            let size = reader.count(UInt32.self), let nameLength = reader.count(UInt16.self),
            let extraLength = reader.count(UInt16.self), let commentLength = reader.count(UInt16.self),
            reader.skip(8) != nil, let localOffset = reader.count(UInt32.self),
            let name = reader.text(count: nameLength), let extra = reader.skip(extraLength),
            reader.skip(commentLength) != nil
        else { return nil }
        self.name = name
        self.flags = flags
        self.method = method
        self.checksum = checksum
        self.compressedSize = compressedSize
        self.size = size
        self.localOffset = localOffset
        guard widen(UnsafeRawBufferPointer(rebasing: reader.bytes[extra])) else { return nil }
    }

    /// Replaces the fields that do not fit 32 bits by those of the extra field; false when it lacks them.
    private mutating func widen(_ extra: UnsafeRawBufferPointer) -> Bool {
        let unset = 0xffff_ffff
        guard size == unset || compressedSize == unset || localOffset == unset else { return true }
        var reader = ByteReader(extra)
        while let identifier = reader.number(UInt16.self), let length = reader.count(UInt16.self) {
            guard identifier == Self.wideFieldIdentifier else {
                guard reader.skip(length) != nil else { return false }
                continue
            }
            for field in [\CentralHeader.size, \.compressedSize, \.localOffset] where self[keyPath: field] == unset {
                guard let value = reader.count(UInt64.self) else { return false }
                self[keyPath: field] = value
            }
            return true
        }
        return false
    }
}

/// What precedes an entry's content. Its sizes may be zero (torch writes them behind the content), so they are not read.
struct LocalHeader {
    let name: String
    let method: UInt16

    private static let signature: UInt32 = 0x0403_4b50

    init?(_ reader: inout ByteReader) {
        guard reader.number(UInt32.self) == Self.signature, reader.skip(4) != nil,
            let method = reader.number(UInt16.self), reader.skip(16) != nil,
            let nameLength = reader.count(UInt16.self), let extraLength = reader.count(UInt16.self),
            let name = reader.text(count: nameLength), reader.skip(extraLength) != nil
        else { return nil }
        self.name = name
        self.method = method
    }
}

/// The checksum that zip files carry.
enum CyclicRedundancyCheck {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
    }

    static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~0) { value, byte in table[Int((value ^ UInt32(byte)) & 0xff)] ^ value >> 8 }
    }
}

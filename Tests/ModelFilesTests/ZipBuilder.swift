/// Puts zip files together, whole or broken.
struct ZipBuilder {
    struct Entry {
        var name: String
        var bytes: [UInt8]
        var method: UInt16 = 0
        var flags: UInt16 = 0
        /// Instead of the true size.
        var declaredSize: UInt32?
        /// Instead of the true place of the entry's header.
        var headerOffset: UInt32?
    }

    var entries: [Entry]
    /// Sizes and places in 64 bits, as in a file of more than 4 GB.
    var isWide = false
    var comment: [UInt8] = []
    /// Instead of the true number.
    var declaredEntries: UInt16?

    func file() -> [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = file.count
            let checksum = Self.checksum(entry.bytes)
            file += littleEndian(UInt32(0x0403_4b50)) + littleEndian(UInt16(20)) + littleEndian(entry.flags)
            file += littleEndian(entry.method) + littleEndian(UInt32(0)) + littleEndian(checksum)
            file += littleEndian(UInt64(0)) + littleEndian(UInt16(entry.name.utf8.count)) + littleEndian(UInt16(0))
            file += Array(entry.name.utf8) + entry.bytes
            directory += centralHeader(entry, checksum: checksum, offset: offset)
        }
        let place = file.count
        file += directory
        if isWide { file += wideEnd(directory: place, size: directory.count, at: file.count) }
        let count = isWide ? 0xffff : declaredEntries ?? UInt16(entries.count)
        file += littleEndian(UInt32(0x0605_4b50)) + littleEndian(UInt32(0)) + littleEndian(count) + littleEndian(count)
        file += littleEndian(isWide ? 0xffff_ffff : UInt32(directory.count))
        file += littleEndian(isWide ? 0xffff_ffff : UInt32(place)) + littleEndian(UInt16(comment.count)) + comment
        return file
    }

    private func centralHeader(_ entry: Entry, checksum: UInt32, offset: Int) -> [UInt8] {
        let size = entry.declaredSize ?? UInt32(entry.bytes.count)
        let place = entry.headerOffset ?? UInt32(offset)
        var extra: [UInt8] = []
        if isWide {
            extra += littleEndian(UInt16(0xcafe)) + littleEndian(UInt16(2)) + [1, 2]
            extra += littleEndian(UInt16(1)) + littleEndian(UInt16(24))
            extra += littleEndian(UInt64(size)) + littleEndian(UInt64(size)) + littleEndian(UInt64(place))
        }
        var header = littleEndian(UInt32(0x0201_4b50)) + littleEndian(UInt32(0x0014_0014)) + littleEndian(entry.flags)
        header += littleEndian(entry.method) + littleEndian(UInt32(0)) + littleEndian(checksum)
        header += littleEndian(isWide ? 0xffff_ffff : UInt32(entry.bytes.count))
        header += littleEndian(isWide ? 0xffff_ffff : size) + littleEndian(UInt16(entry.name.utf8.count))
        header += littleEndian(UInt16(extra.count)) + littleEndian(UInt16(0)) + littleEndian(UInt64(0))
        header += littleEndian(isWide ? 0xffff_ffff : place)
        return header + Array(entry.name.utf8) + extra
    }

    private func wideEnd(directory: Int, size: Int, at place: Int) -> [UInt8] {
        var record = littleEndian(UInt32(0x0606_4b50)) + littleEndian(UInt64(44)) + littleEndian(UInt32(0x002d_031e))
        record += littleEndian(UInt64(0)) + littleEndian(UInt64(entries.count)) + littleEndian(UInt64(entries.count))
        record += littleEndian(UInt64(size)) + littleEndian(UInt64(directory))
        return record + littleEndian(UInt32(0x0706_4b50)) + littleEndian(UInt32(0)) + littleEndian(UInt64(place))
            + littleEndian(UInt32(1))
    }

    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var value: UInt32 = ~0
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
        }
        return ~value
    }
}

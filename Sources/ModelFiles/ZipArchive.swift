import Foundation

/// The entries of a memory-mapped zip file that holds them uncompressed, as torch.save writes it.
///
/// Sizes and offsets come from the central directory, in 64 bits where the file has them so. Nothing is ever
/// inflated: a compressed or encrypted entry, one that reaches outside the file, and entries that overlap are errors.
struct ZipArchive {
    let file: MappedFile
    /// Where each entry's content lies in the file, by name.
    private(set) var entries: [String: Entry] = [:]

    struct Entry {
        /// The entry's own header and its content.
        let extent: Range<Int>
        let content: Range<Int>
        let checksum: UInt32
    }

    private static let entryLimit = 100_000
    private static let noCompression: UInt16 = 0

    init(_ file: MappedFile) throws(ModelFileError) {
        self.file = file
        let end = try EndRecord(file)
        guard end.entryCount <= Self.entryLimit, end.entryCount * CentralHeader.size <= end.directory.count else {
            throw refusal("its directory of \(end.directory.count) bytes declares \(end.entryCount) entries")
        }
        var reader = ByteReader(
            UnsafeRawBufferPointer(rebasing: file.bytes[..<end.directory.upperBound]),
            at: end.directory.lowerBound)
        for _ in 0..<end.entryCount {
            guard let header = CentralHeader(&reader) else {
                throw refusal("its directory of entries is damaged at byte \(reader.position)")
            }
            let entry = try self.entry(header, before: end.directory.lowerBound)
            guard entries.updateValue(entry, forKey: header.name) == nil else {
                throw refusal("holds the entry '\(header.name)' twice")
            }
        }
        try refuseOverlaps()
    }

    /// Whether the entry's content has the checksum that the directory gives.
    func isIntact(_ entry: Entry) -> Bool {
        CyclicRedundancyCheck.checksum(of: file.bytes[entry.content]) == entry.checksum
    }

    private func entry(_ header: CentralHeader, before directory: Int) throws(ModelFileError) -> Entry {
        func refuse(_ reason: String) -> ModelFileError { refusal("entry '\(header.name)' \(reason)") }
        guard header.flags & 1 == 0 else { throw refuse("is encrypted") }
        guard header.method == Self.noCompression else {
            throw refuse("is compressed (method \(header.method)); torch.save stores entries uncompressed")
        }
        guard header.compressedSize == header.size else {
            throw refuse("declares \(header.size) bytes in \(header.compressedSize) stored ones")
        }
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: file.bytes[..<directory]), at: header.localOffset)
        guard let local = LocalHeader(&reader) else { throw refuse("has no header at byte \(header.localOffset)") }
        guard local.name == header.name, local.method == header.method else {
            throw refuse("has a header at byte \(header.localOffset) that contradicts the directory")
        }
        guard let content = reader.skip(header.size) else {
            throw refuse("declares \(header.size) bytes at \(reader.position), outside the file; is it truncated?")
        }
        return Entry(
            extent: header.localOffset..<content.upperBound, content: content, checksum: header.checksum)
    }

    private func refuseOverlaps() throws(ModelFileError) {
        var end = 0
        var previous = ""
        let byPlace = entries.sorted { $0.value.extent.lowerBound < $1.value.extent.lowerBound }
        for (name, entry) in byPlace {
            guard entry.extent.lowerBound >= end else { throw refusal("entry '\(name)' overlaps '\(previous)'") }
            end = entry.extent.upperBound
            previous = name
        }
    }

    private func refusal(_ reason: String) -> ModelFileError { ModelFileError(file: file.path, reason: reason) }
}

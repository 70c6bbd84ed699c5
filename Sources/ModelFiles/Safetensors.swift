import Foundation

/// Reads a safetensors file: an 8-byte header length, a JSON header, then the values of all tensors.
///
/// The format allows neither overlaps nor holes, so the whole layout is checked before any tensor is handed out.
enum Safetensors {
    /// Longest header, the limit of the format's own library.
    static let headerLimit = 100_000_000

    private struct Entry: Decodable {
        let dtype: String
        let shape: [Int]
        let offsets: [Int]

        private enum CodingKeys: String, CodingKey {
            case dtype, shape
            case offsets = "data_offsets"
        }
    }

    private struct Header: Decodable {
        var entries: [(name: String, entry: Entry)] = []

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
                if key.stringValue == "__metadata__" {
                    _ = try container.decode([String: String].self, forKey: key)
                } else {
                    entries.append((key.stringValue, try container.decode(Entry.self, forKey: key)))
                }
            }
        }
    }

    /// The tensors of the file at `url`, in the order of their values.
    static func read(_ url: URL) throws(ModelFileError) -> [StoredTensor] {
        let file = try MappedFile(url)
        let dataStart = try headerEnd(of: file)
        let header = try self.header(UnsafeRawBufferPointer(rebasing: file.bytes[8..<dataStart]), file: file.path)
        var tensors: [StoredTensor] = []
        tensors.reserveCapacity(header.entries.count)
        for (name, entry) in header.entries {
            tensors.append(try tensor(name, entry, dataStart: dataStart, file: file))
        }
        tensors.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        try checkLayout(tensors, dataStart: dataStart, file: file)
        return tensors
    }

    private static func headerEnd(of file: MappedFile) throws(ModelFileError) -> Int {
        guard file.bytes.count >= 8 else {
            throw ModelFileError(
                file: file.path, reason: "is truncated: \(file.bytes.count) bytes do not hold a safetensors header")
        }
        let length = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
        guard length <= headerLimit else {
            throw ModelFileError(
                file: file.path,
                reason: "declares a header of \(length) bytes, above the limit of \(headerLimit); "
                    + "is it a safetensors file?")
        }
        guard Int(length) <= file.bytes.count - 8 else {
            throw ModelFileError(
                file: file.path,
                reason:
                    "is truncated: the header has \(length) bytes, the file \(file.bytes.count - 8) after the length"
            )
        }
        return 8 + Int(length)
    }

    private static func header(_ bytes: UnsafeRawBufferPointer, file: String) throws(ModelFileError) -> Header {
        guard bytes.first == UInt8(ascii: "{") else {
            throw ModelFileError(file: file, reason: "the safetensors header does not begin with '{'")
        }
        do {
            return try JSONDecoder().decode(Header.self, from: JSONText.checked(bytes, allowsNonFinite: false))
        } catch let error as JSONText.Refusal {
            throw ModelFileError(file: file, reason: "the safetensors header is not valid: \(error.reason)")
        } catch let error as DecodingError {
            throw ModelFileError(
                file: file, tensor: error.path.first, reason: "the safetensors header is not valid: \(error.reason)")
        } catch {
            throw ModelFileError(file: file, reason: "the safetensors header is not valid: \(error)")
        }
    }

    private static func tensor(
        _ name: String, _ entry: Entry, dataStart: Int, file: MappedFile
    ) throws(ModelFileError) -> StoredTensor {
        func refuse(_ reason: String) -> ModelFileError {
            ModelFileError(file: file.path, tensor: name, reason: reason)
        }
        let available = file.bytes.count - dataStart
        guard entry.offsets.count == 2 else {
            throw refuse("data_offsets has \(entry.offsets.count) numbers, not 2")
        }
        let (begin, end) = (entry.offsets[0], entry.offsets[1])
        guard begin >= 0, begin <= end else { throw refuse("data_offsets [\(begin), \(end)] are not a range") }
        guard end <= available else {
            throw refuse(
                "data_offsets [\(begin), \(end)] lie outside the file, which holds \(available) bytes of values; "
                    + "is it truncated?")
        }
        let type = ElementType(rawValue: entry.dtype)
        if let type {
            guard let byteCount = byteCount(shape: entry.shape, type: type) else {
                throw refuse("shape \(entry.shape) is not possible")
            }
            guard byteCount == end - begin else {
                throw refuse(
                    "shape \(entry.shape) of \(entry.dtype) takes \(byteCount) bytes, "
                        + "data_offsets give \(end - begin)")
            }
        }
        return StoredTensor(
            name: name, shape: entry.shape, typeName: entry.dtype, elementType: type, file: file,
            range: dataStart + begin..<dataStart + end)
    }

    /// Every byte of values belongs to exactly one tensor.
    private static func checkLayout(
        _ tensors: [StoredTensor], dataStart: Int, file: MappedFile
    ) throws(ModelFileError) {
        var end = dataStart
        var previous = "the header"
        for tensor in tensors {
            guard tensor.range.lowerBound >= end else {
                throw ModelFileError(
                    file: file.path, tensor: tensor.name,
                    reason: "its values overlap those of \(previous) by \(end - tensor.range.lowerBound) bytes")
            }
            guard tensor.range.lowerBound == end else {
                throw ModelFileError(
                    file: file.path, tensor: tensor.name,
                    reason: "\(tensor.range.lowerBound - end) bytes before its values belong to no tensor")
            }
            end = tensor.range.upperBound
            previous = "'\(tensor.name)'"
        }
        guard end == file.bytes.count else {
            throw ModelFileError(
                file: file.path, reason: "\(file.bytes.count - end) bytes at the end belong to no tensor")
        }
    }
}

import Foundation

/// The lines of a text file, without their ends and without blank lines after the last one.
struct LineFile {
    /// The file as the caller named it.
    let name: String
    /// Each line's bytes; line `i` is line `i + 1` of the file.
    let lines: [ArraySlice<UInt8>]

    init(contentsOf url: URL) throws {
        name = url.relativePath
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
            throw BenchmarkError(file: name, "no such file")
        }
        guard !isDirectory.boolValue else {
            throw BenchmarkError(file: name, "a folder, where a file is expected")
        }
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            throw BenchmarkError(file: name, "cannot be read: \(error.localizedDescription)")
        }
        var bytes = ArraySlice(Array(data))
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { $0.last == 0x0D ? $0.dropLast() : $0 }
        while let last = lines.last, isBlank(last) { lines.removeLast() }
        self.lines = lines
    }

    /// The text of a line, which must be UTF-8 and not blank.
    func text(at index: Int) throws -> String {
        let bytes = lines[index]
        guard !isBlank(bytes) else {
            throw error(at: index, "a blank line between rows; remove it")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw error(at: index, "not valid UTF-8\(invalidByte(in: bytes)); save the file as UTF-8")
        }
        return text
    }

    func error(at index: Int, _ message: String) -> BenchmarkError {
        BenchmarkError(file: name, line: index + 1, message)
    }
}

private func isBlank(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
}

/// " at byte N", the first byte that does not continue a code point.
private func invalidByte(in bytes: ArraySlice<UInt8>) -> String {
    var decoder = UTF8()
    var consumed = bytes.startIndex
    var iterator = bytes.makeIterator()
    while case .scalarValue(let scalar) = decoder.decode(&iterator) {
        consumed += String(scalar).utf8.count
    }
    return " at byte \(consumed - bytes.startIndex + 1)"
}

import Crypto
import Foundation
import Hashing

extension Checkpoint {
    /// SHA-256, in lowercase hexadecimal, of the model's files; it does not depend on the folder's name or place.
    ///
    /// What is hashed: the ASCII text `molt checkpoint 1` and a newline; then for config.json and after it for each
    /// weight file in the order of `files`: the length of its name in bytes, the name (UTF-8, last path component),
    /// the length of its content in bytes, the content. Lengths are 64-bit little-endian. An index of shards adds
    /// nothing, for each tensor is in exactly one shard, and is left out.
    ///
    /// A model in memory hashes, after the text `molt model 1` and a newline, its configuration and, sorted by name,
    /// each tensor's name, shape, element type and bytes. One whose weights are drawn when they are read hashes, after
    /// `molt random model 1` and a newline, its configuration and the seed.
    public func sha256() throws(ModelFileError) -> String {
        var hash = CheckpointHash(listsFiles: false)
        try read(into: &hash)
        return hash.sha256
    }

    /// The hash, and the length and hash of every file by itself, from one reading of the files.
    ///
    /// - Parameter id: as runs name the model.
    /// - Returns: nil for a model in memory, which has no files.
    public func listing(id: String) throws(ModelFileError) -> LocalCheckpoint? {
        guard let folder else { return nil }
        var hash = CheckpointHash(listsFiles: true)
        try read(into: &hash)
        var files = hash.files
        if let index {
            let file = try MappedFile(index)
            var own = SHA256()
            own.update(bufferPointer: file.bytes)
            files.append(
                .init(name: index.lastPathComponent, size: file.bytes.count, sha256: hexadecimal(own.finalize())))
        }
        return LocalCheckpoint(
            listing: CheckpointListing(id: id, sha256: hash.sha256, files: files), folder: folder)
    }

    /// Every file of the folder that belongs to the model: configuration, weights and their index.
    public var allFiles: [URL] {
        guard let folder else { return [] }
        return [folder.appendingPathComponent("config.json")] + files + (index.map { [$0] } ?? [])
    }

    private var folder: URL? { files.first?.deletingLastPathComponent() }

    /// The index of weights that are shards.
    private var index: URL? {
        guard let first = files.first, !WeightFiles.whole.contains(first.lastPathComponent) else { return nil }
        return first.deletingLastPathComponent().appendingPathComponent(ShardIndex.name)
    }

    private func read(into hash: inout CheckpointHash) throws(ModelFileError) {
        if let configurationBytes {
            hash.add(text: "molt checkpoint 1\n")
            configurationBytes.withUnsafeBytes { hash.add("config.json", $0) }
            for url in files { hash.add(url.lastPathComponent, try MappedFile(url)) }
        } else if let randomSeed {
            hash.add(text: "molt random model 1\n")
            hash.add("configuration", text: "\(configuration)")
            hash.add("seed", text: "\(randomSeed)")
        } else {
            hash.add(text: "molt model 1\n")
            hash.add("configuration", text: "\(configuration)")
            for name in tensorNames {
                let tensor = try tensor(name)
                let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                hash.add("\(name) \(tensor.shape) \(tensor.elementType.rawValue)", nothing)
                tensor.withUnsafeBytes { hash.add($0) }
            }
        }
    }
}

/// The hash of a checkpoint, and of its files one by one where they are asked for.
private struct CheckpointHash {
    private var whole = SHA256()
    private let listsFiles: Bool
    private(set) var files: [CheckpointListing.File] = []

    init(listsFiles: Bool) { self.listsFiles = listsFiles }

    var sha256: String { hexadecimal(whole.finalize()) }

    mutating func add(text: String) { whole.update(data: Array(text.utf8)) }

    mutating func add(_ bytes: UnsafeRawBufferPointer) { whole.update(bufferPointer: bytes) }

    mutating func add(_ name: String, text: String) { Array(text.utf8).withUnsafeBytes { add(name, $0) } }

    mutating func add(_ name: String, _ content: UnsafeRawBufferPointer) {
        begin(name, size: content.count)
        whole.update(bufferPointer: content)
        guard listsFiles else { return }
        var own = SHA256()
        own.update(bufferPointer: content)
        list(name, content.count, own)
    }

    /// A file part by part, so that a model larger than memory is no burden.
    mutating func add(_ name: String, _ file: MappedFile) {
        begin(name, size: file.bytes.count)
        var own = SHA256()
        for first in stride(from: 0, to: file.bytes.count, by: Self.part) {
            let part = first..<min(file.bytes.count, first + Self.part)
            let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[part])
            whole.update(bufferPointer: bytes)
            if listsFiles { own.update(bufferPointer: bytes) }
            file.release(part)
        }
        if listsFiles { list(name, file.bytes.count, own) }
    }

    private static let part = 16 << 20

    private mutating func begin(_ name: String, size: Int) {
        add(length: name.utf8.count)
        add(text: name)
        add(length: size)
    }

    private mutating func add(length: Int) {
        withUnsafeBytes(of: UInt64(length).littleEndian) { whole.update(bufferPointer: $0) }
    }

    private mutating func list(_ name: String, _ size: Int, _ hash: SHA256) {
        files.append(.init(name: name, size: size, sha256: hexadecimal(hash.finalize())))
    }
}

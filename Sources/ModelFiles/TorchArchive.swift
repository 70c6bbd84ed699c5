import Foundation

/// Reads the state_dict of a torch.save zip: a pickle that describes tensors, and an entry of values for each storage.
///
/// All entries lie below one folder whose name varies (`archive/`, `pytorch_model/`); newer versions of torch add
/// entries that nothing here depends on, and `byteorder`.
enum TorchArchive {
    private static let legacyMagic: [UInt8] = [0x80, 0x02, 0x8a, 0x0a]

    /// The tensors of the file at `url`. Tensors may share values, as a tied head and embedding do.
    static func read(_ url: URL) throws(ModelFileError) -> [StoredTensor] {
        let file = try MappedFile(url)
        guard !file.bytes.starts(with: legacyMagic) else {
            throw ModelFileError(
                file: file.path,
                reason: "is in torch.save's format from before torch 1.6; load it with torch and save it again")
        }
        let archive = try ZipArchive(file)
        let (prefix, pickle) = try statePickle(archive)
        if let order = archive.entries[prefix + "byteorder"] {
            let name = String(decoding: file.bytes[order.content], as: UTF8.self)
            guard name == "little" else {
                throw ModelFileError(file: file.path, reason: "byte order '\(name.prefix(20))' is not supported")
            }
        }
        var tensors: [StoredTensor] = []
        for (name, view) in try Pickle.stateDictionary(pickle, file: file.path) {
            tensors.append(try tensor(name, view, prefix: prefix, archive: archive))
        }
        return tensors
    }

    /// The one entry `data.pkl` and the folder it is in, with a final slash.
    private static func statePickle(
        _ archive: ZipArchive
    ) throws(ModelFileError) -> (prefix: String, bytes: UnsafeRawBufferPointer) {
        let path = archive.file.path
        let name = "data.pkl"
        let candidates = archive.entries.keys.filter { $0 == name || $0.hasSuffix("/" + name) }.sorted()
        guard candidates.count == 1, let entry = archive.entries[candidates[0]] else {
            throw ModelFileError(
                file: path,
                reason: "holds \(candidates.isEmpty ? "no" : "\(candidates.count)") entries data.pkl, not one")
        }
        guard archive.isIntact(entry) else {
            throw ModelFileError(file: path, reason: "entry '\(candidates[0])' is damaged: its checksum is wrong")
        }
        let bytes = UnsafeRawBufferPointer(rebasing: archive.file.bytes[entry.content])
        return (String(candidates[0].dropLast(name.count)), bytes)
    }

    private static func tensor(
        _ name: String, _ view: Pickle.TensorView, prefix: String, archive: ZipArchive
    ) throws(ModelFileError) -> StoredTensor {
        let path = archive.file.path
        func refuse(_ reason: String) -> ModelFileError { ModelFileError(file: path, tensor: name, reason: reason) }
        let type = view.storage.elementType
        let entryName = "\(prefix)data/\(view.storage.key)"
        guard let entry = archive.entries[entryName] else { throw refuse("its storage '\(entryName)' is not there") }
        guard view.storage.count == entry.content.count / type.byteCount,
            entry.content.count.isMultiple(of: type.byteCount)
        else {
            throw refuse(
                "its storage '\(entryName)' has \(entry.content.count) bytes, "
                    + "the pickle declares \(view.storage.count) values of \(type.rawValue)")
        }
        guard let byteCount = byteCount(shape: view.shape, type: type) else {
            throw refuse("shape \(view.shape) is not possible")
        }
        guard byteCount == 0 || isRowMajor(view) else {
            throw refuse("strides \(view.strides) of shape \(view.shape) are not row-major; save it .contiguous()")
        }
        let count = byteCount / type.byteCount
        guard view.offset >= 0, view.offset <= view.storage.count, count <= view.storage.count - view.offset else {
            throw refuse(
                "\(count) values at offset \(view.offset) lie outside its storage '\(entryName)' "
                    + "of \(view.storage.count) values")
        }
        let start = entry.content.lowerBound + view.offset * type.byteCount
        return StoredTensor(
            name: name, shape: view.shape, typeName: type.rawValue, elementType: type, file: archive.file,
            range: start..<start + byteCount)
    }

    /// Whether values, of which there are some, follow each other in row-major order. Strides of single extents carry
    /// no meaning.
    private static func isRowMajor(_ view: Pickle.TensorView) -> Bool {
        var expected = 1
        for (extent, stride) in zip(view.shape, view.strides).reversed() where extent != 1 {
            guard stride == expected else { return false }
            expected *= extent
        }
        return true
    }
}

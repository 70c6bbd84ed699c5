import Foundation

/// Writes a safetensors file whose tensors are all of one type, without holding them in memory.
struct SafetensorsWriter {
    /// The order in which values are to be appended: by the name in the file, as the format's own library writes.
    let order: [ModelConfiguration.TensorShape]
    private let file: OutputFile

    init(
        _ url: URL, tensors: [ModelConfiguration.TensorShape], elementType: ElementType
    ) throws(ModelFileError) {
        order = tensors.sorted { Self.storedName($0) < Self.storedName($1) }
        var header = #"{"__metadata__":{"format":"pt"}"#
        var offset = 0
        for tensor in order {
            let end = offset + tensor.shape.reduce(elementType.byteCount, *)
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            header += #","\#(Self.storedName(tensor))":{"dtype":"\#(elementType.rawValue)","shape":[\#(shape)],"#
            header += #""data_offsets":[\#(offset),\#(end)]}"#
            offset = end
        }
        header += "}"
        header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)  // Values begin at a multiple of 8.
        file = try OutputFile(url, needing: 8 + header.utf8.count + offset)
        let length = UInt64(header.utf8.count)
        try file.write((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8))
    }

    private static func storedName(_ tensor: ModelConfiguration.TensorShape) -> String {
        TensorName.stored(tensor.name, in: .huggingFace)
    }

    func append(_ bytes: [UInt8]) throws(ModelFileError) { try file.write(bytes) }

    func close() throws(ModelFileError) { try file.close() }
}

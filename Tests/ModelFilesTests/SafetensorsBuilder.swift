/// A tensor as it is to be stored, which need not make sense.
struct Stored {
    var name: String
    var type: String
    var shape: [Int]
    var bytes: [UInt8]
    /// What the header says, where that is not where the bytes are.
    var offsets: (Int, Int)?
}

/// Puts safetensors files together, whole or broken.
enum SafetensorsBuilder {
    static func file(_ tensors: [Stored], metadata: String = #""__metadata__":{"format":"pt"}"#) -> [UInt8] {
        var members = [metadata]
        var values: [UInt8] = []
        for tensor in tensors {
            let (begin, end) = tensor.offsets ?? (values.count, values.count + tensor.bytes.count)
            members.append(
                #""\#(tensor.name)":{"dtype":"\#(tensor.type)","shape":\#(tensor.shape),"data_offsets":[\#(begin),\#(end)]}"#
            )
            values += tensor.bytes
        }
        return file(header: "{\(members.joined(separator: ","))}", values: values)
    }

    static func file(header: String, values: [UInt8]) -> [UInt8] {
        littleEndian(UInt64(header.utf8.count)) + Array(header.utf8) + values
    }
}

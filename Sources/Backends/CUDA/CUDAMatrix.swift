import CUDAKernels
import ModelFiles
import Operations

/// Float32 rows in a device's memory; a value, copied when written to while shared.
public struct CUDAMatrix: BackendMatrix, Sendable {
    public let rows: Int
    public let columns: Int
    private var buffer: CUDABuffer

    /// A matrix whose values are undefined, with room for `capacity` rows.
    init(rows: Int, columns: Int, capacity: Int? = nil, on device: CUDADevice) {
        precondition(rows >= 0 && columns >= 0, "a matrix [\(rows), \(columns)]")
        self.rows = rows
        self.columns = columns
        buffer = CUDABuffer(bytes: (capacity ?? rows) * columns * 4, for: mc_for_activations, on: device)
    }

    var count: Int { rows * columns }
    var bytes: UInt64 { UInt64(count * 4) }

    /// The first value; nil when there was no memory. Valid while the matrix is kept alive, and after that for what the
    /// device was asked before.
    var values: UnsafeMutablePointer<Float>? { buffer.floats }

    /// As the library sees it.
    var view: mc_matrix { mc_matrix(values: values, rows: Int64(rows), columns: Int64(columns)) }

    /// Makes this the only holder of its memory, so that it may be written to.
    mutating func makeUnique() {
        if isKnownUniquelyReferenced(&buffer) { return }
        let device = buffer.device
        let copy = CUDABuffer(bytes: count * 4, for: mc_for_activations, on: device)
        if let to = copy.memory, let from = buffer.memory { device.functions.copy(device.handle, to, from, bytes) }
        buffer = copy
    }
}

/// A float32 parameter vector in a device's memory.
public struct CUDAVector: Sendable {
    /// The number of values.
    public let count: Int
    private let buffer: CUDABuffer

    init(_ values: [Float], on device: CUDADevice) throws {
        count = values.count
        buffer = CUDABuffer(bytes: values.count * 4, for: mc_for_weights, on: device)
        if let memory = buffer.memory {
            values.withUnsafeBytes { source in
                if let base = source.baseAddress {
                    device.functions.upload(device.handle, memory, base, UInt64(source.count))
                }
            }
        }
        try device.check()
    }

    var values: UnsafePointer<Float>? { buffer.floats.map { UnsafePointer($0) } }
}

/// A projection [outputs, inputs] in a device's memory, row after row, each filled up with zeros.
public struct CUDAWeight: Sendable {
    public let outputs: Int
    public let inputs: Int
    private let stride: Int
    private let element: mc_element
    private let buffer: CUDABuffer

    /// - Parameter element: what the weight is stored as; float32 is rounded to it.
    init(_ tensor: Tensor, as element: mc_element, on device: CUDADevice) throws {
        precondition(tensor.shape.count == 2, "\(tensor.name) has shape \(tensor.shape), not [outputs, inputs]")
        (outputs, inputs) = (tensor.shape[0], tensor.shape[1])
        let unit = Int(mc_weight_columns)
        stride = (inputs + unit - 1) / unit * unit
        self.element = element
        let bytes = outputs * stride * (element == mc_float32 ? 4 : 2)
        buffer = CUDABuffer(bytes: bytes, for: mc_for_weights, on: device)
        if buffer.memory != nil {
            tensor.withUnsafeBytes { source in
                guard let base = source.baseAddress else { return }
                device.functions.fill(device.handle, view, base, tensor.elementType.libraryName)
            }
        }
        try device.check()
    }

    /// As the library sees it.
    var view: mc_weight {
        mc_weight(
            values: buffer.memory, outputs: Int64(outputs), inputs: Int64(inputs), stride: Int64(stride),
            element: element)
    }
}

extension ElementType {
    var libraryName: mc_element {
        switch self {
        case .float32: mc_float32
        case .float16: mc_float16
        case .bfloat16: mc_bfloat16
        }
    }
}

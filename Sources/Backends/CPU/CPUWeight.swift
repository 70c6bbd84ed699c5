import CKernels
import ModelFiles

/// A projection [outputs, inputs], the form that the backend's matrix product reads; one float32 copy.
public struct CPUWeight: Sendable {
    /// Rows of the weight.
    public let outputs: Int
    /// Columns of the weight.
    public let inputs: Int
    let layout: Layout
    private let buffer: Buffer

    enum Layout {
        /// [⌈outputs / 32⌉][inputs][32]
        case panels
        /// [outputs][inputs]
        case rowMajor
    }

    /// The first value of the layout; valid while the weight is kept alive.
    var values: UnsafeMutablePointer<Float> { buffer.floats }

    /// The panels of 32 outputs, the last filled up with zeros.
    var panelCount: Int { Self.panelCount(outputs) }

    static func panelCount(_ outputs: Int) -> Int { (outputs + CPUBackend.panelWidth - 1) / CPUBackend.panelWidth }

    init(_ tensor: Tensor, layout: Layout, backend: CPUBackend) throws {
        precondition(tensor.shape.count == 2, "\(tensor.name) has shape \(tensor.shape), not [outputs, inputs]")
        let (outputs, inputs) = (tensor.shape[0], tensor.shape[1])
        let rows = layout == .panels ? Self.panelCount(outputs) * CPUBackend.panelWidth : outputs
        guard let buffer = Buffer(count: rows * inputs) else {
            throw CPUMemoryError(bytes: rows * inputs * 4, what: tensor.name)
        }
        self.init(outputs: outputs, inputs: inputs, layout: layout, buffer: buffer)
        switch layout {
        case .panels:
            tensor.withUnsafeBytes { backend.pack($0.baseAddress, tensor.elementType.kernelName, into: self) }
        case .rowMajor:
            tensor.floats().withUnsafeBufferPointer { source in
                guard let base = source.baseAddress else { return }
                buffer.floats.update(from: base, count: source.count)
            }
        }
    }

    /// Rows that exist only for one operation, packed; `rows` are [outputs, inputs] without padding.
    init(rows: UnsafePointer<Float>, outputs: Int, inputs: Int, backend: CPUBackend) {
        let count = Self.panelCount(outputs) * CPUBackend.panelWidth * inputs
        self.init(
            outputs: outputs, inputs: inputs, layout: .panels, buffer: Buffer(count: count, pool: backend.pool))
        backend.pack(rows, ck_float32, into: self)
    }

    private init(outputs: Int, inputs: Int, layout: Layout, buffer: Buffer) {
        self.outputs = outputs
        self.inputs = inputs
        self.layout = layout
        self.buffer = buffer
    }
}

extension ElementType {
    fileprivate var kernelName: ck_element {
        switch self {
        case .float32: ck_float32
        case .float16: ck_float16
        case .bfloat16: ck_bfloat16
        }
    }
}

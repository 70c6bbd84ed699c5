import CKernels
import ModelFiles

/// A projection [outputs, inputs], the form that the backend's matrix product reads; the only copy besides the file.
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
        /// Pairs of bfloat16: [⌈outputs / 32⌉][⌈inputs / 2⌉][32][2]
        case pairs
        /// [outputs][inputs]
        case rowMajor

        /// Floats that a row of a weight takes, pairs counting as one.
        func floats(_ inputs: Int) -> Int { self == .pairs ? (inputs + 1) / 2 : inputs }
    }

    /// The first value of the layout; valid while the weight is kept alive. Not for `pairs`.
    var values: UnsafeMutablePointer<Float> { buffer.floats }

    /// What holds the outputs from a panel's first on; valid while the weight is kept alive.
    func panel(_ index: Int) -> UnsafeMutablePointer<Float> {
        buffer.floats + index * CPUBackend.panelWidth * layout.floats(inputs)
    }

    /// The pairs of the layout `pairs`; valid while the weight is kept alive.
    var pairs: UnsafeMutablePointer<UInt32> {
        UnsafeMutableRawPointer(buffer.floats).assumingMemoryBound(to: UInt32.self)
    }

    /// The panels of 32 outputs, the last filled up with zeros.
    var panelCount: Int { Self.panelCount(outputs) }

    static func panelCount(_ outputs: Int) -> Int { (outputs + CPUBackend.panelWidth - 1) / CPUBackend.panelWidth }

    init(_ tensor: Tensor, layout: Layout, backend: CPUBackend) throws {
        precondition(tensor.shape.count == 2, "\(tensor.name) has shape \(tensor.shape), not [outputs, inputs]")
        let (outputs, inputs) = (tensor.shape[0], tensor.shape[1])
        let rows = layout == .rowMajor ? outputs : Self.panelCount(outputs) * CPUBackend.panelWidth
        let floats = rows * layout.floats(inputs)
        if layout != .rowMajor, let place = backend.sharing?.place(tensor.name, floats: floats) {
            let buffer = Buffer(place, count: floats, countedBy: backend.pool)
            self.init(outputs: outputs, inputs: inputs, layout: layout, buffer: buffer)
            if place.isFilled { return }
            tensor.withUnsafeBytes { backend.pack($0.baseAddress, tensor.elementType.kernelName, into: self) }
            return
        }
        guard let buffer = Buffer(parameters: floats, countedBy: backend.pool) else {
            throw CPUMemoryError(bytes: floats * 4, what: tensor.name)
        }
        self.init(outputs: outputs, inputs: inputs, layout: layout, buffer: buffer)
        switch layout {
        case .panels, .pairs:
            tensor.withUnsafeBytes { backend.pack($0.baseAddress, tensor.elementType.kernelName, into: self) }
        case .rowMajor:
            tensor.floats().withUnsafeBufferPointer { source in
                guard let base = source.baseAddress else { return }
                buffer.floats.update(from: base, count: source.count)
            }
        }
    }

    /// Rows that exist only for one operation, packed; they come without padding.
    init(rows: CPUMatrix, backend: CPUBackend) {
        precondition(rows.stride == rows.columns, "rows with padding")
        let count = Self.panelCount(rows.rows) * CPUBackend.panelWidth * rows.columns
        self.init(
            outputs: rows.rows, inputs: rows.columns, layout: .panels,
            buffer: Buffer(count: count, pool: backend.pool))
        withExtendedLifetime(rows) { backend.pack(rows.row(0), ck_float32, into: self) }
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

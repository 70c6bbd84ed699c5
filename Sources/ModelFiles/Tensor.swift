/// A named view of values in a memory-mapped file, which it keeps mapped, of values in memory, or of values that are
/// made whenever they are read.
public struct Tensor: Sendable {
    /// Canonical name, such as `backbone.layers.0.mixer.D`.
    public let name: String
    /// Extents, outermost first; the values are row-major.
    public let shape: [Int]
    /// How the values are stored.
    public let elementType: ElementType
    private let storage: Storage

    private enum Storage: Sendable {
        case mapped(MappedFile, Range<Int>)
        case values([Float])
        case made(@Sendable () -> [Float])
    }

    /// A float32 tensor in memory, for tests and synthetic models.
    public init(name: String, shape: [Int], floats: [Float]) {
        precondition(shape.reduce(1, *) == floats.count, "\(name): \(floats.count) values do not fill \(shape)")
        self.name = name
        self.shape = shape
        elementType = .float32
        storage = .values(floats)
    }

    /// A float32 tensor whose values `make` gives, always the same.
    init(name: String, shape: [Int], making make: @escaping @Sendable () -> [Float]) {
        self.name = name
        self.shape = shape
        elementType = .float32
        storage = .made(make)
    }

    /// A view of `range` in `file`; the caller has checked that the range holds exactly the shape's values.
    init(name: String, shape: [Int], elementType: ElementType, file: MappedFile, range: Range<Int>) {
        self.name = name
        self.shape = shape
        self.elementType = elementType
        storage = .mapped(file, range)
    }

    /// The number of values.
    public var count: Int { shape.reduce(1, *) }

    /// Calls `body` with the stored bytes, little-endian; a mapped tensor need not be aligned.
    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        switch storage {
        case .mapped(let file, let range): try body(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
        case .values(let values): try values.withUnsafeBytes(body)
        case .made(let make): try make().withUnsafeBytes(body)
        }
    }

    /// The values, widened to float32 without rounding.
    public func floats() -> [Float] {
        switch storage {
        case .mapped: withUnsafeBytes { elementType.widen($0) }
        case .values(let values): values
        case .made(let make): make()
        }
    }

    /// Lets go of the memory that reading a mapped tensor has taken; reading it again brings it back from the file.
    public func releasePages() {
        if case .mapped(let file, let range) = storage { file.release(range) }
    }

    /// Whether both tensors are the same bytes of the same file, seen in the same way.
    func sharesStorage(with other: Tensor) -> Bool {
        guard case .mapped(let file, let range) = storage, case .mapped(let otherFile, let otherRange) = other.storage
        else { return false }
        return file === otherFile && range == otherRange && elementType == other.elementType
    }

    private init(name: String, shape: [Int], elementType: ElementType, storage: Storage) {
        self.name = name
        self.shape = shape
        self.elementType = elementType
        self.storage = storage
    }
}

/// Interprets the pickle of a state_dict, and of nothing else.
///
/// A pickle is a program. This machine has only the instructions that a state_dict needs, builds only the values
/// below, and knows only the globals of `PickleGlobal`; anything else is an error that names it, and nothing foreign
/// is ever run. Containers live in one array and refer to each other by index, so that a hostile nesting or cycle
/// costs no more memory than its own bytes and no stack.
struct Pickle {
    enum Value {
        case none
        case flag(Bool)
        case integer(Int)
        case string(String)
        case global(PickleGlobal)
        /// Index into `containers`.
        case tuple(Int)
        /// Index into `containers`, where keys and values alternate.
        case dictionary(Int)
        /// Index into `storages`.
        case storage(Int)
        /// Index into `tensors`.
        case tensor(Int)
    }

    /// An entry of the archive that holds the values of one or more tensors.
    struct Storage {
        let elementType: ElementType
        /// Name of the entry below `data/`.
        let key: String
        /// Declared number of values.
        let count: Int
    }

    /// A view of a storage.
    struct TensorView {
        let storage: Storage
        /// In values, as the strides are.
        let offset: Int
        let shape: [Int]
        let strides: [Int]
    }

    static let sizeLimit = 4 << 20
    private static let stackLimit = 1 << 16
    private static let memoLimit = 1 << 20
    private static let containerLimit = 1 << 20

    let file: String
    var reader: ByteReader
    var stack: [Value] = []
    var marks: [Int] = []
    private var memo: [Int: Value] = [:]
    private(set) var containers: [[Value]] = []
    var storages: [Storage] = []
    var tensors: [TensorView] = []

    /// The tensors of the state_dict that `bytes` describe, in its order.
    static func stateDictionary(
        _ bytes: UnsafeRawBufferPointer, file: String
    ) throws(ModelFileError) -> [(name: String, view: TensorView)] {
        guard bytes.count <= sizeLimit else {
            throw ModelFileError(
                file: file, reason: "its pickle has \(bytes.count) bytes, above the limit of \(sizeLimit)")
        }
        var machine = Pickle(file: file, reader: ByteReader(bytes))
        return try machine.stateDictionary()
    }

    private init(file: String, reader: ByteReader) {
        self.file = file
        self.reader = reader
    }

    private mutating func stateDictionary() throws(ModelFileError) -> [(name: String, view: TensorView)] {
        while try step() {}
        guard case .dictionary(let index) = try pop(), stack.isEmpty else {
            throw refusal("its outermost value is not a dictionary")
        }
        let items = containers[index]
        var result: [(name: String, view: TensorView)] = []
        for pair in stride(from: 0, to: items.count, by: 2) {
            guard case .string(let name) = items[pair] else { throw refusal("a key of the dictionary is not a string") }
            guard case .tensor(let tensor) = items[pair + 1] else {
                throw ModelFileError(
                    file: file, tensor: name, reason: "is not a tensor; the file must hold a state_dict and no more")
            }
            result.append((name, tensors[tensor]))
        }
        return result
    }

    mutating func push(_ value: Value) throws(ModelFileError) {
        guard stack.count < Self.stackLimit else { throw refusal("has more than \(Self.stackLimit) values at once") }
        stack.append(value)
    }

    mutating func pop() throws(ModelFileError) -> Value {
        guard let value = stack.popLast(), marks.last.map({ stack.count >= $0 }) ?? true else {
            throw refusal("takes a value that is not there")
        }
        return value
    }

    mutating func mark() throws(ModelFileError) {
        guard marks.count < Self.stackLimit else { throw refusal("has more than \(Self.stackLimit) marks at once") }
        marks.append(stack.count)
    }

    /// The values above the last mark.
    mutating func popToMark() throws(ModelFileError) -> [Value] {
        guard let mark = marks.popLast() else { throw refusal("takes values up to a mark that is not there") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    mutating func remember(_ key: Int?) throws(ModelFileError) {
        guard let key, let value = stack.last else { throw refusal("remembers a value that is not there") }
        guard memo.count < Self.memoLimit else { throw refusal("remembers more than \(Self.memoLimit) values") }
        memo[key] = value
    }

    /// The key that MEMOIZE gives the next value.
    var nextMemoKey: Int { memo.count }

    mutating func recall(_ key: Int?) throws(ModelFileError) {
        guard let key, let value = memo[key] else { throw refusal("recalls a value that it never remembered") }
        try push(value)
    }

    /// Makes a container of `values`.
    mutating func container(_ values: [Value]) throws(ModelFileError) -> Int {
        guard containers.count < Self.containerLimit else {
            throw refusal("makes more than \(Self.containerLimit) tuples and dictionaries")
        }
        containers.append(values)
        return containers.count - 1
    }

    /// Adds keys and values, in turns, to the dictionary on top of the stack.
    mutating func addItems(_ items: [Value]) throws(ModelFileError) {
        guard case .dictionary(let index)? = stack.last, items.count.isMultiple(of: 2) else {
            throw refusal("sets items of what is not a dictionary")
        }
        containers[index] += items
    }

    /// An error at the present instruction. Where the outermost dictionary is being filled, the key whose value is
    /// under way names the tensor.
    func refusal(_ reason: String) -> ModelFileError {
        var tensor: String?
        if let first = marks.first, first < stack.count {
            let end = marks.count > 1 ? marks[1] : stack.count
            if first < end, case .string(let key) = stack[first + (end - 1 - first) / 2 * 2] { tensor = key }
        }
        return ModelFileError(file: file, tensor: tensor, reason: "its pickle, at byte \(reader.position), \(reason)")
    }
}

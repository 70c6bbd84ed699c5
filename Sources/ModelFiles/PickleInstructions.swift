/// The instructions of pickle protocols 2 to 5 that state_dicts are made of, by their codes.
private enum Instruction: UInt8 {
    case proto = 0x80
    case frame = 0x95
    case stop = 0x2e  // .
    case mark = 0x28  // (
    case none = 0x4e  // N
    case newTrue = 0x88
    case newFalse = 0x89
    case integer = 0x4a  // J, 4 bytes, signed
    case integer1 = 0x4b  // K
    case integer2 = 0x4d  // M
    case long1 = 0x8a
    case unicode = 0x58  // X
    case shortUnicode = 0x8c
    case emptyTuple = 0x29  // )
    case tuple = 0x74  // t
    case tuple1 = 0x85
    case tuple2 = 0x86
    case tuple3 = 0x87
    case emptyDictionary = 0x7d  // }
    case setItem = 0x73  // s
    case setItems = 0x75  // u
    case put = 0x71  // q
    case longPut = 0x72  // r
    case memoize = 0x94
    case get = 0x68  // h
    case longGet = 0x6a  // j
    case global = 0x63  // c
    case stackGlobal = 0x93
    case persistent = 0x51  // Q
    case reduce = 0x52  // R
    case build = 0x62  // b
}

extension Pickle {
    /// Executes one instruction; false after the last.
    mutating func step() throws(ModelFileError) -> Bool {
        guard let code = reader.number(UInt8.self) else { throw refusal("ends without its stop instruction") }
        guard let instruction = Instruction(rawValue: code) else {
            throw refusal("has the instruction 0x\(String(code, radix: 16)), which no state_dict needs")
        }
        switch instruction {
        case .stop: return false
        case .proto: try protocolVersion()
        case .frame: try needed(reader.skip(8))
        case .mark: try mark()
        case .none, .newTrue, .newFalse, .integer, .integer1, .integer2, .long1, .unicode, .shortUnicode:
            try push(literal(instruction))
        case .emptyTuple: try push(.tuple(container([])))
        case .tuple: try push(.tuple(container(popToMark())))
        case .tuple1: try pushTuple(of: 1)
        case .tuple2: try pushTuple(of: 2)
        case .tuple3: try pushTuple(of: 3)
        case .emptyDictionary: try push(.dictionary(container([])))
        case .setItem:
            let value = try pop()
            try addItems([pop(), value])
        case .setItems: try addItems(popToMark())
        case .put: try remember(reader.count(UInt8.self))
        case .longPut: try remember(reader.count(UInt32.self))
        case .memoize: try remember(nextMemoKey)
        case .get: try recall(reader.count(UInt8.self))
        case .longGet: try recall(reader.count(UInt32.self))
        case .global:
            let module = try needed(reader.line())
            try push(.global(global(module: module, name: needed(reader.line()))))
        case .stackGlobal:
            guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
                throw refusal("names a global by what is not a string")
            }
            try push(.global(global(module: module, name: name)))
        case .persistent: try pushStorage(pop())
        case .reduce:
            let arguments = try pop()
            try call(pop(), arguments)
        case .build: try build(state: pop())
        }
        return true
    }

    private mutating func literal(_ instruction: Instruction) throws(ModelFileError) -> Value {
        switch instruction {
        case .newTrue: return .flag(true)
        case .newFalse: return .flag(false)
        case .integer: return .integer(Int(try needed(reader.number(Int32.self))))
        case .integer1: return .integer(Int(try needed(reader.number(UInt8.self))))
        case .integer2: return .integer(Int(try needed(reader.number(UInt16.self))))
        case .long1: return .integer(try long())
        case .unicode: return .string(try text(count: reader.count(UInt32.self)))
        case .shortUnicode: return .string(try text(count: reader.count(UInt8.self)))
        default: return .none
        }
    }

    private mutating func protocolVersion() throws(ModelFileError) {
        let version = try needed(reader.number(UInt8.self))
        guard 2...5 ~= version else { throw refusal("is of protocol \(version); supported: 2 to 5") }
    }

    /// A signed number of up to 8 bytes.
    private mutating func long() throws(ModelFileError) -> Int {
        let length = try needed(reader.count(UInt8.self))
        guard length <= 8 else { throw refusal("has an integer of \(length) bytes") }
        let range = try needed(reader.skip(length))
        var value: UInt64 = 0
        for byte in reader.bytes[range].reversed() { value = value << 8 | UInt64(byte) }
        let unused = UInt64(64 - 8 * length)
        return length == 0 ? 0 : Int(Int64(bitPattern: value << unused) >> unused)
    }

    private mutating func text(count: Int?) throws(ModelFileError) -> String {
        let count = try needed(count)
        guard let text = reader.text(count: count) else {
            throw refusal("has a string of \(count) bytes that is cut off or not UTF-8")
        }
        return text
    }

    private mutating func pushTuple(of count: Int) throws(ModelFileError) {
        var values: [Value] = []
        for _ in 0..<count { values.append(try pop()) }
        try push(.tuple(container(values.reversed())))
    }

    /// A value that the instruction takes from the bytes that follow it.
    @discardableResult
    private func needed<T>(_ value: T?) throws(ModelFileError) -> T {
        guard let value else { throw refusal("is truncated") }
        return value
    }
}

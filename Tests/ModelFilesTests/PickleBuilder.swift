/// Writes pickle instructions, of state_dicts and of worse.
enum PickleBuilder {
    /// A tensor of a state_dict: a view of the storage `key`.
    struct View {
        var name: String
        var key: String
        var type = "FloatStorage"
        var count: Int
        var offset = 0
        var shape: [Int]
        var strides: [Int]

        init(name: String, key: String, shape: [Int]) {
            self.name = name
            self.key = key
            self.shape = shape
            count = shape.reduce(1, *)
            strides = shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
        }
    }

    static let start: [UInt8] = [0x80, 2]
    static let mark: [UInt8] = Array("(".utf8)
    static let stop: [UInt8] = Array(".".utf8)
    static let emptyDictionary: [UInt8] = Array("}".utf8)

    static func text(_ text: String) -> [UInt8] {
        Array("X".utf8) + littleEndian(UInt32(text.utf8.count)) + Array(text.utf8)
    }

    static func integer(_ value: Int) -> [UInt8] { [0x8a, 8] + littleEndian(Int64(value)) }

    static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

    static func tuple(_ values: [UInt8]...) -> [UInt8] { mark + values.joined() + Array("t".utf8) }

    static func tuple(_ values: [Int]) -> [UInt8] { mark + values.flatMap { integer($0) } + Array("t".utf8) }

    static func call(_ function: [UInt8], _ arguments: [UInt8]) -> [UInt8] { function + arguments + Array("R".utf8) }

    static func tensor(_ view: View) -> [UInt8] {
        let storage =
            tuple(
                text("storage"), global("torch", view.type), text(view.key), text("cpu"), integer(view.count))
            + Array("Q".utf8)
        let hooks = call(global("collections", "OrderedDict"), Array(")".utf8))
        return call(
            global("torch._utils", "_rebuild_tensor_v2"),
            tuple(storage, integer(view.offset), tuple(view.shape), tuple(view.strides), [0x89], hooks))
    }

    /// A dictionary of names and whatever their values' instructions make.
    static func dictionary(_ items: [(name: String, value: [UInt8])]) -> [UInt8] {
        start + emptyDictionary + mark + items.flatMap { text($0.name) + $0.value } + Array("u.".utf8)
    }

    static func stateDictionary(_ views: [View]) -> [UInt8] {
        dictionary(views.map { ($0.name, tensor($0)) })
    }
}

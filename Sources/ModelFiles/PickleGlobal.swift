/// The only globals that a pickle may name.
enum PickleGlobal: Equatable {
    case orderedDictionary
    case rebuildTensor
    case rebuildParameter
    case storage(ElementType)

    static let known: [String: PickleGlobal] = [
        "collections.OrderedDict": .orderedDictionary,
        "torch._utils._rebuild_tensor_v2": .rebuildTensor,
        "torch._utils._rebuild_parameter": .rebuildParameter,
        "torch.FloatStorage": .storage(.float32),
        "torch.HalfStorage": .storage(.float16),
        "torch.BFloat16Storage": .storage(.bfloat16),
    ]
}

/// What the globals stand for, built without running anything.
extension Pickle {
    func global(module: String, name: String) throws(ModelFileError) -> PickleGlobal {
        guard let global = PickleGlobal.known["\(module).\(name)"] else {
            throw refusal(
                "names the global '\(module).\(name)', which was not run; "
                    + "allowed: \(PickleGlobal.known.keys.sorted().joined(separator: ", "))")
        }
        return global
    }

    /// A persistent id: ("storage", type, key, location, number of values).
    mutating func pushStorage(_ identifier: Value) throws(ModelFileError) {
        guard let fields = tuple(identifier), fields.count == 5, case .string("storage") = fields[0],
            case .global(.storage(let type)) = fields[1], case .string(let key) = fields[2],
            case .integer(let count) = fields[4], count >= 0
        else { throw refusal("refers to a storage in a form that torch.save does not write") }
        storages.append(Storage(elementType: type, key: key, count: count))
        try push(.storage(storages.count - 1))
    }

    /// Calls an allowed global.
    mutating func call(_ function: Value, _ arguments: Value) throws(ModelFileError) {
        guard case .global(let global) = function, let arguments = tuple(arguments) else {
            throw refusal("calls what is not a function")
        }
        switch global {
        case .orderedDictionary:
            guard arguments.isEmpty else { throw refusal("gives OrderedDict \(arguments.count) arguments") }
            try push(.dictionary(container([])))
        case .rebuildTensor:
            tensors.append(try view(arguments))
            try push(.tensor(tensors.count - 1))
        case .rebuildParameter:
            guard case .tensor? = arguments.first else { throw refusal("makes a parameter of what is not a tensor") }
            try push(arguments[0])
        case .storage:
            throw refusal("calls a storage type")
        }
    }

    /// Sets the attributes of a dictionary, such as a state_dict's `_metadata`; they are of no use here.
    mutating func build(state: Value) throws(ModelFileError) {
        guard case .dictionary? = stack.last, case .dictionary = state else {
            throw refusal("sets attributes of what is not a dictionary")
        }
    }

    /// The arguments of `_rebuild_tensor_v2`: storage, offset, shape, strides, and what training needs.
    private func view(_ arguments: [Value]) throws(ModelFileError) -> TensorView {
        guard 4...7 ~= arguments.count, case .storage(let storage) = arguments[0],
            case .integer(let offset) = arguments[1], let shape = integers(arguments[2]),
            let strides = integers(arguments[3]), shape.count == strides.count
        else { throw refusal("makes a tensor in a form that torch.save does not write") }
        return TensorView(storage: storages[storage], offset: offset, shape: shape, strides: strides)
    }

    private func tuple(_ value: Value) -> [Value]? {
        guard case .tuple(let index) = value else { return nil }
        return containers[index]
    }

    private func integers(_ value: Value) -> [Int]? {
        guard let values = tuple(value) else { return nil }
        var integers: [Int] = []
        for case .integer(let integer) in values { integers.append(integer) }
        return integers.count == values.count ? integers : nil
    }
}

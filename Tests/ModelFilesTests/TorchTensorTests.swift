import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("Tensors of torch.save archives")
struct TorchTensorTests {
    private let scratch: TemporaryFolder
    private let model = SmallModel(.mamba1, .stateSpaces)
    private let file = "/pytorch_model.bin"
    private let victim = "backbone.layers.0.mixer.in_proj.weight"  // [16, 4]

    init() throws {
        scratch = try TemporaryFolder()
        try model.write(to: scratch)
    }

    private func write(_ views: [PickleBuilder.View]) throws {
        try scratch.write(
            model.archive(pickle: PickleBuilder.stateDictionary(views)).file(), to: "pytorch_model.bin")
    }

    /// Writes the archive after a change to the view of `victim`.
    private func change(_ change: (inout PickleBuilder.View) -> Void) throws {
        var views = model.views
        for index in views.indices where views[index].name == victim { change(&views[index]) }
        try write(views)
    }

    @Test("a storage that is not in the archive is named")
    func missingStorage() throws {
        try change { $0.key = "99" }
        expectRefusal(scratch, file: file, tensor: victim, reason: "its storage 'archive/data/99' is not there")
    }

    @Test("a storage's declared values must be those that it holds", arguments: [0, 63, 65, Int.max])
    func storageSize(count: Int) throws {
        try change { $0.count = count }
        expectRefusal(
            scratch, file: file, tensor: victim, reason: "has 256 bytes, the pickle declares \(count) values of F32")
    }

    @Test("a storage of another type does not fit its bytes")
    func storageType() throws {
        try change { $0.type = "HalfStorage" }
        expectRefusal(scratch, file: file, tensor: victim, reason: "the pickle declares 64 values of F16")
    }

    @Test(
        "a view outside its storage is refused",
        arguments: [1, 64, -1, Int.max, Int.min])
    func outside(offset: Int) throws {
        try change { $0.offset = offset }
        expectRefusal(scratch, file: file, tensor: victim, reason: "64 values at offset \(offset) lie outside")
    }

    @Test(
        "strides that are not row-major are refused",
        arguments: [[1, 16], [0, 1], [4, 0], [-4, 1], [Int.max, Int.max]])
    func strides(strides: [Int]) throws {
        try change { $0.strides = strides }
        expectRefusal(
            scratch, file: file, tensor: victim, reason: "strides \(strides) of shape [16, 4] are not row-major")
    }

    @Test("the stride of a single extent carries no meaning")
    func singleExtent() throws {
        var views = model.views
        for index in views.indices where views[index].name.hasSuffix("conv1d.weight") { views[index].strides[1] = 99 }
        try write(views)
        #expect(
            try floats(of: Checkpoint.open(scratch.url))
                == floats(of: RandomCheckpoint.model(model.configuration, seed: 7)))
    }

    @Test(
        "shapes without a size are refused",
        arguments: [[-16, 4], [1 << 62, 1 << 62], [1 << 40, 1 << 40, 0]])
    func shapes(shape: [Int]) throws {
        try change { ($0.shape, $0.strides) = (shape, shape.map { _ in 1 }) }
        expectRefusal(scratch, file: file, tensor: victim, reason: "is not possible")
    }

    @Test(
        "shapes that the configuration does not imply are refused",
        arguments: [[4, 16], [64], [], [0, 1 << 40, 1 << 40]])
    func wrongShape(shape: [Int]) throws {
        try change {
            ($0.shape, $0.strides) = (shape, shape.indices.map { shape[($0 + 1)...].reduce(1, &*) })
        }
        expectRefusal(scratch, file: file, tensor: victim, reason: "has shape \(shape), config.json implies [16, 4]")
    }

    @Test("a tensor that is stored twice is refused")
    func twice() throws {
        try write(model.views + [model.views[3]])
        expectRefusal(scratch, file: file, tensor: model.views[3].name, reason: "is stored twice")
    }

    @Test("a missing tensor is named")
    func missing() throws {
        try write(model.views.filter { $0.name != victim })
        expectRefusal(scratch, file: file, tensor: victim, reason: "is missing; config.json implies shape [16, 4]")
    }

    @Test("a head that shares the embedding's values is the embedding; one of its own wins")
    func heads() throws {
        var head = model.views[0]
        #expect(head.name == "backbone.embedding.weight")
        head.name = "lm_head.weight"
        try write(model.views + [head])
        #expect(try !Checkpoint.open(scratch.url).tensorNames.contains("lm_head.weight"))

        var own = model
        own.tensors.append(
            Stored(name: "lm_head.weight", type: "F32", shape: [8, 4], bytes: Array(repeating: 0, count: 128)))
        try own.write(to: scratch)
        #expect(try Checkpoint.open(scratch.url).tensor("lm_head.weight").floats() == Array(repeating: 0, count: 32))
    }
}

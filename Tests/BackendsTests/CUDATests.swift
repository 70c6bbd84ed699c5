import Backends
import Operations
import TestDevices
import Testing

@Suite("CUDA kernels", .enabled(if: !CUDADevices.available.isEmpty, "\(CUDADevices.explanation)"))
struct CUDATests {
    static let devices = CUDADevices.available
    static let gemms = CUDABackend.GEMM.allCases

    @Test("every operation stays within its tolerance of the reference", arguments: devices, gemms)
    func conforms(device: CUDADevices, gemm: CUDABackend.GEMM) throws {
        let backend = try device.backend(gemm)
        for operation in Cases.all where gemm == .tiled || operation is Project || operation is Score {
            let expected = try operation.run(on: ReferenceBackend())
            let actual = try operation.run(on: backend)
            #expect(actual.map(\.name) == expected.map(\.name))
            for (actual, expected) in zip(actual, expected) {
                let difference = actual.difference(from: expected, operation.tolerance)
                #expect(difference == nil, "\(operation)")
            }
        }
    }

    @Test("products have the CPU's bits, in tiles of every height", arguments: devices)
    func products(device: CUDADevices) throws {
        let backend = try device.backend()
        let more: [any Operation] = [
            Project(rows: 16, inputs: 65, outputs: 33), Project(rows: 17, inputs: 40, outputs: 65, offset: 4),
            Project(rows: 96, inputs: 31, outputs: 129), Project(rows: 97, inputs: 64, outputs: 128),
        ]
        for operation in Cases.products + more where operation is Project || operation is Embed {
            for (actual, expected) in zip(try operation.run(on: backend), try operation.run(on: CPUBackend())) {
                #expect(actual.hasSameBits(as: expected), "\(operation): \(actual.name)")
            }
        }
    }

    @Test("what a block's threads leave to each other does not depend on their order")
    func order() throws {
        let backends = try [CUDADevices.host, .hostBackwards].map { try $0.backend() }
        for operation in Cases.all {
            for (forth, back) in zip(try operation.run(on: backends[0]), try operation.run(on: backends[1])) {
                #expect(forth.hasSameBits(as: back), "\(operation): \(forth.name)")
            }
        }
    }

    @Test("an engine names the device and the kernels' build; what decides its bits leaves the device's name out")
    func engines() throws {
        let devices = try [CUDADevices.host, .hostBackwards].map { try $0.device(megabytes: 1) }
        let tiled = devices.map { CUDABackend($0) }
        #expect(tiled[0].engine != tiled[1].engine && tiled[0].arithmetic == tiled[1].arithmetic)
        for backend in tiled {
            #expect(
                backend.engine.contains("/host") && backend.engine.hasSuffix("/tiled/" + backend.device.library.build))
            #expect(backend.arithmetic.hasSuffix("/tiled/" + backend.device.library.build))
        }
        #expect(devices[0].library.build.split(separator: "-").last?.count == 8)
        // A library may choose by the device.
        let library = devices.map { CUDABackend($0, precision: .bf16) }
        #expect(library[0].arithmetic != library[1].arithmetic && library[0].arithmetic == library[0].engine)
        #expect(library[0].arithmetic != tiled[0].arithmetic)
    }

    @Test("a prefix and its continuation equal the whole", arguments: devices)
    func continuation(device: CUDADevices) throws {
        try RowPromises.continuation(device.backend())
    }

    @Test("a product's row is the same alone and in batches of any height", arguments: devices, gemms)
    func batches(device: CUDADevices, gemm: CUDABackend.GEMM) throws {
        for backend in [try device.backend(gemm), try CUDABackend(device.device(), precision: .bf16)] {
            try RowPromises.batches(
                backend, inputs: 300, outputs: 70, rows: 200, heights: [1, 2, 15, 16, 17, 96, 97, 128, 129, 199],
                name: "\(backend.engine)")
        }
    }

    @Test("a score is the same alone, in a batch and in a permuted batch", arguments: devices)
    func scores(device: CUDADevices) throws {
        // More than are folded at a time, of both.
        try RowPromises.scores(device.backend(), rows: 530, dimension: 16, vocabulary: 4200)
    }

    @Test("ties go to the lowest token and the lowest destination", arguments: devices, gemms)
    func ties(device: CUDADevices, gemm: CUDABackend.GEMM) throws {
        let backend = try device.backend(gemm)
        let vocabulary = 4300
        var logits = [Float](repeating: 0.25, count: vocabulary)
        for token in [40, 700, 4200] { logits[token] = 0.5 }
        let head = try backend.weight(logits, vocabulary, 1)
        let hidden = backend.matrix([2, 2, 2], rows: 3, columns: 1)
        let scores = try backend.score(hidden, head: head, targets: [40, 700, 4200])
        #expect(scores.map(\.isGreedy) == [true, false, false] && scores.allSatisfy { $0.margin == 0 })
        #expect(try backend.choose(hidden, head: head).map(\.token) == [40, 40, 40])

        for columns in [1, 5, 16, 100] {
            var numbers = Numbers(seed: 21)
            let row = numbers.floats(columns, in: 0.5...1)
            let zero = [Float](repeating: 0, count: columns)
            let features = backend.matrix([row, row, zero, row, zero].flatMap { $0 }, rows: 5, columns: columns)
            let matches = try backend.bestMatches(
                of: features, sources: [0, 4], destinations: [2, 1, 3], rectified: false)
            #expect(matches.map(\.destination) == [1, 0], "\(columns) columns")
        }
    }

    @Test("bfloat16 products lie near their definition", arguments: devices)
    func bfloat16(device: CUDADevices) throws {
        let backend = try CUDABackend(device.device(), precision: .bf16)
        let definition = ReferenceBackend(precision: .bf16)
        for operation in Cases.products {
            let expected = try operation.run(on: definition)
            for (actual, expected) in zip(try operation.run(on: backend), expected) {
                let difference = actual.difference(from: expected, operation.tolerance)
                #expect(difference == nil, "\(operation)")
            }
        }
    }
}

import Backends
import Operations
import Testing

@Suite("CUDA kernels", .enabled(if: !CUDADevices.available.isEmpty, CUDADevices.explanation))
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

    @Test("a prefix and its continuation equal the whole", arguments: devices)
    func continuation(device: CUDADevices) throws {
        let backend = try device.backend()
        let cuts: [(Int) -> Int] = [{ $0 / 2 }, { min(1, $0) }, { max(0, $0 - 1) }, { $0 * 2 / 3 }]
        for operation in Cases.scans {
            let whole = try operation.run(on: backend)
            for (index, cut) in cuts.enumerated() {
                for (actual, expected) in zip(try operation.run(on: backend, cut: cut), whole) {
                    #expect(actual.hasSameBits(as: expected), "\(operation): \(actual.name), cut \(index)")
                }
            }
        }
    }

    @Test("a product's row is the same alone and in batches of any height", arguments: devices, gemms)
    func batches(device: CUDADevices, gemm: CUDABackend.GEMM) throws {
        try check(device.backend(gemm))
        try check(CUDABackend(device.device(), precision: .bf16))

        func check(_ backend: CUDABackend) throws {
            let (inputs, outputs, rows) = (300, 70, 200)
            var numbers = Numbers(seed: 31)
            let values = numbers.floats(rows * inputs)
            let weight = try backend.weight(numbers.floats(outputs * inputs), outputs, inputs)
            let x = backend.matrix(values, rows: rows, columns: inputs)
            let whole = try backend.values(of: backend.project(x, columns: 0..<inputs, by: weight))
            for height in [1, 2, 15, 16, 17, 96, 97, 128, 129, 199] {
                let first = rows - height
                let part = backend.gather(Array(first..<rows), from: x)
                let y = try backend.values(of: backend.project(part, columns: 0..<inputs, by: weight))
                #expect(y.elementsEqual(whole[(first * outputs)...]), "\(backend.engine), \(height) rows")
            }
        }
    }

    @Test("a score is the same alone, in a batch and in a permuted batch", arguments: devices)
    func scores(device: CUDADevices) throws {
        let backend = try device.backend()
        let (rows, dimension, vocabulary) = (530, 16, 4200)  // more than are folded at a time, of both
        var numbers = Numbers(seed: 32)
        let hidden = backend.matrix(numbers.floats(rows * dimension), rows: rows, columns: dimension)
        let head = try backend.weight(numbers.floats(vocabulary * dimension), vocabulary, dimension)
        let targets = numbers.integers(rows, below: vocabulary).map(Int32.init)
        let whole = try backend.score(hidden, head: head, targets: targets)
        let order = (0..<rows).map { ($0 * 37 + 5) % rows }
        for indices in [order, [0], [rows - 1], Array(order[..<13])] {
            let picked = backend.gather(indices, from: hidden)
            let scores = try backend.score(picked, head: head, targets: indices.map { targets[$0] })
            #expect(scores == indices.map { whole[$0] })
            let rated = indices + indices.prefix(3)
            let repeated = try backend.score(hidden, head: head, rows: rated, targets: rated.map { targets[$0] })
            #expect(repeated == rated.map { whole[$0] })
        }
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

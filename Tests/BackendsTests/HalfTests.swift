import Backends
import ModelFiles
import Operations
import TestDevices
import Testing

@Suite("Products in half precision")
struct HalfTests {
    static let devices = CUDADevices.available

    @Test(
        "lie near their definition", .enabled(if: !devices.isEmpty, "\(CUDADevices.explanation)"), arguments: devices)
    func conforms(device: CUDADevices) throws {
        let backend = try CUDABackend(device.device(), precision: .fp16)
        for operation in Cases.products {
            let expected = try operation.run(on: ReferenceBackend(precision: .fp16))
            for (actual, expected) in zip(try operation.run(on: backend), expected) {
                let difference = actual.difference(from: expected, operation.tolerance)
                #expect(difference == nil, "\(operation)")
            }
        }
    }

    @Test(
        "give a row the same bits in batches of any height",
        .enabled(if: !devices.isEmpty, "\(CUDADevices.explanation)"), arguments: devices)
    func batches(device: CUDADevices) throws {
        let backend = try CUDABackend(device.device(), precision: .fp16)
        try RowPromises.batches(backend, inputs: 70, outputs: 33, rows: 140, heights: [1, 17, 127, 128, 129])
    }

    @Test("keep 11 bits, more than bfloat16", arguments: [Precision.bf16, .fp16])
    func bits(precision: Precision) throws {
        let product = Project(rows: 9, inputs: 200, outputs: 20)
        let exact = try product.run(on: ReferenceBackend())[0]
        let rounded = try product.run(on: ReferenceBackend(precision: precision))[0]
        let largest = exact.values.lazy.map(\.magnitude).max() ?? 0
        let furthest = zip(rounded.values, exact.values).map { ($0 - $1).magnitude }.max() ?? .nan
        let share: Float = precision == .bf16 ? 0x1p-8 : 0x1p-11
        #expect(furthest < share * largest && furthest > share / 64 * largest)
    }

    @Test("take rows of any range, one without regard to the others")
    func range() throws {
        let rows: [[Float]] = [
            [1, 2, 3], [65504, -1, 0.5], [65519, 1, 1], [65520, 1, 1], [-1e9, 5e8, 1], [1e38, -1e38, 3e38],
            [1e-7, 0, 0],
        ]
        let weight: [Float] = [0.5, 0.25, 1, -1, 1, 0.125]
        var expected: [Double] = []
        for row in rows {
            for first in [0, 3] {
                let terms = zip(row, weight[first...]).map { Double($0) * Double($1) }
                expected.append(terms.reduce(0, +))
            }
        }
        let gpus: [any Backend] = try Self.devices.map { try CUDABackend($0.device(), precision: .fp16) }
        for backend in gpus + [ReferenceBackend(precision: .fp16)] {
            let y = try Self.product(rows, weight, on: backend)
            for (index, (value, expected)) in zip(y, expected).enumerated() {
                let largest = Double(rows[index / 2].map(\.magnitude).max() ?? 0)
                #expect(value.isFinite && abs(Double(value) - expected) <= 0x1p-9 * largest + 1e-7, "\(index)")
            }
            for (index, row) in rows.enumerated() {
                #expect(try Self.product([row], weight, on: backend) == Array(y[2 * index..<2 * index + 2]))
            }
            let infinite = try Self.product([[.infinity, 1, 1], [1, 2, 3]], weight, on: backend)
            #expect(infinite[0] == .infinity && infinite[1] == -.infinity && Array(infinite[2...]) == Array(y[..<2]))
        }
    }

    private static func product<B: Backend>(_ rows: [[Float]], _ weight: [Float], on backend: B) throws -> [Float] {
        let x = backend.matrix(rows.flatMap { $0 }, rows: rows.count, columns: 3)
        return try backend.values(of: backend.project(x, columns: 0..<3, by: backend.weight(weight, 2, 3)))
    }

    @Test("refuse a weight beyond the range, and name it and the way out", arguments: [Float(65520), -1e30, .infinity])
    func weights(value: Float) throws {
        let error = HalfRangeError(tensor: "backbone.out_proj.weight", value: value.magnitude)
        #expect("\(error)".contains("backbone.out_proj.weight") && "\(error)".contains("in bf16 or fp32"))
        let tensor = Tensor(name: error.tensor, shape: [2, 2], floats: [1, 2, value, 3])
        #expect(throws: error) { try ReferenceBackend(precision: .fp16).weight(tensor) }
        for device in Self.devices {
            #expect(throws: error) { try CUDABackend(device.device(), precision: .fp16).weight(tensor) }
            _ = try CUDABackend(device.device(), precision: .bf16).weight(tensor)
        }
        let largest = Tensor(name: "largest", shape: [1, 2], floats: [65504, -65519])
        #expect(try ReferenceBackend(precision: .fp16).weight(largest).values == [65504, -65504])
    }
}

import Backends
import Operations
import Testing

@Suite("Products in bfloat16")
struct BFloat16Tests {
    static let engines = Engine.exact

    @Test("equal their definition to the last bit, over all shapes", arguments: engines)
    func shapes(engine: Engine) throws {
        let backend = engine.inBFloat16
        for operation in Cases.products where !(operation is Score || operation is Choose) {
            let expected = try operation.run(on: ReferenceBackend(precision: .bf16))
            for (actual, expected) in zip(try operation.run(on: backend), expected) {
                #expect(actual.hasSameBits(as: expected), "\(operation)")
            }
        }
    }

    @Test("rate tokens as their definition does", arguments: engines)
    func scores(engine: Engine) throws {
        for operation in Cases.products where operation is Score || operation is Choose {
            let expected = try operation.run(on: ReferenceBackend(precision: .bf16))
            for (actual, expected) in zip(try operation.run(on: engine.inBFloat16), expected) {
                let difference = actual.difference(from: expected, operation.tolerance)
                #expect(difference == nil, "\(operation)")
            }
        }
    }

    @Test("equal their definition where sums cancel, vanish and overflow", arguments: engines)
    func extremes(engine: Engine) throws {
        for (exponents, scale) in [(-1...1, 1), (-70 ... -60, 1), (-64 ... -62, 1), (60...64, 1), (-126...0, 3)] {
            var numbers = Numbers(seed: 41)
            let (rows, inputs, outputs) = (13, 40 * scale, 40)
            let x = Self.hostile(rows * inputs, exponents, &numbers)
            let w = Self.hostile(outputs * inputs, exponents, &numbers)
            let expected = try Self.product(x, w, rows, inputs, on: ReferenceBackend(precision: .bf16))
            let actual = try Self.product(x, w, rows, inputs, on: engine.inBFloat16)
            let differing = zip(actual, expected).filter { a, b in
                a.bitPattern != b.bitPattern && !(a.isNaN && b.isNaN)
            }
            #expect(differing.isEmpty, "\(exponents)")
        }
    }

    /// Numbers whose exponents lie in a range, and a few special ones.
    private static func hostile(_ count: Int, _ exponents: ClosedRange<Int>, _ numbers: inout Numbers) -> [Float] {
        let special: [Float] = [
            0, -0.0, 0x1p-149, -0x1p-130, 0x1.ffp-127, Float.leastNormalMagnitude.nextDown, 0x1p-126, 1,
        ]
        return numbers.integers(count, below: 1 << 20).map { bits in
            if bits % 16 == 0 { return special[bits / 16 % special.count] }
            let exponent = exponents.lowerBound + bits % exponents.count
            let significand = 1 + Float(bits >> 4) * 0x1p-16
            return Float(sign: bits & 8 == 0 ? .plus : .minus, exponent: exponent, significand: significand)
        }
    }

    private static func product<B: Backend>(
        _ x: [Float], _ w: [Float], _ rows: Int, _ inputs: Int, on backend: B
    ) throws -> [Float] {
        let weight = try backend.weight(w, w.count / inputs, inputs)
        let left = backend.matrix(x, rows: rows, columns: inputs)
        return try backend.values(of: backend.project(left, columns: 0..<inputs, by: weight))
    }

    @Test("add the odd input of a pair first", arguments: engines)
    func order(engine: Engine) throws {
        // 2²⁴ + 1 rounds back to 2²⁴: added last, the second 1 would remain.
        let x: [Float] = [0x1p24, 1, -0x1p24, 1]
        for precision in [ReferenceBackend(precision: .bf16)] as [any Backend] + [engine.inBFloat16] {
            #expect(try Self.product(x, [1, 1, 1, 1], 1, 4, on: precision) == [0])
        }
        #expect(try Self.product(x, [1, 1, 1, 1], 1, 4, on: engine.backend) == [1])
    }

    @Test("round to the nearest value, ties to even, denormals to zero", arguments: engines)
    func rounding(engine: Engine) throws {
        let cases: [(Float, Float)] = [
            (1, 1), (0x1.01p0, 0x1.00p0), (0x1.03p0, 0x1.04p0), (0x1.0101p0, 0x1.02p0), (-0x1.03p0, -0x1.04p0),
            (0x1.ffp0, 2), (0x1.fffffep127, .infinity), (-.infinity, -.infinity), (0x1p-126, 0x1p-126),
            (Float.leastNormalMagnitude.nextDown, 0), (-0x1p-149, -0.0), (0x1.fep-126, 0x1.fep-126),
        ]
        for backend in [ReferenceBackend(precision: .bf16)] as [any Backend] + [engine.inBFloat16] {
            let rounded = try Self.embedded(cases.map(\.0) + [.nan], on: backend)
            #expect(rounded.dropLast().map(\.bitPattern) == cases.map(\.1.bitPattern), "\(backend.engine)")
            #expect(rounded.last?.isNaN == true)
        }
    }

    private static func embedded<B: Backend>(_ values: [Float], on backend: B) throws -> [Float] {
        let table = try backend.weight(values, 1, values.count)
        return try backend.values(of: backend.embed([0], table: table))
    }

    @Test("have an arithmetic of their own, whatever the instruction set")
    func arithmetic() {
        let names = Set(Self.engines.map(\.inBFloat16.arithmetic))
        #expect(names == ["cpu/packed-bf16"])
        #expect(!names.contains(CPUBackend().arithmetic))
        #expect(ReferenceBackend(precision: .bf16).arithmetic != ReferenceBackend().arithmetic)
    }

    @Test("a row is the same alone and in batches of any height", arguments: engines)
    func batches(engine: Engine) throws {
        let backend = engine.inBFloat16
        let (inputs, outputs, rows) = (2100, 70, 40)
        var numbers = Numbers(seed: 31)
        let weight = try backend.weight(numbers.floats(outputs * inputs), outputs, inputs)
        let x = backend.matrix(numbers.floats(rows * inputs), rows: rows, columns: inputs)
        let whole = try backend.values(of: backend.project(x, columns: 0..<inputs, by: weight))
        for height in [1, 2, 5, 6, 7, 12, 13, 25, 39] {
            let first = rows - height
            let part = backend.gather(Array(first..<rows), from: x)
            let y = try backend.values(of: backend.project(part, columns: 0..<inputs, by: weight))
            #expect(y.elementsEqual(whole[(first * outputs)...]), "\(height) rows")
        }
    }
}

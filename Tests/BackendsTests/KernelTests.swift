import Backends
import CKernels
import Foundation
import Operations
import Testing

@Suite("The kernels' functions and formats")
struct KernelTests {
    static let sets = [ck_portable, ck_avx2, ck_avx512]

    @Test("every float16 and bfloat16 value is packed as the float it stands for")
    func halves() throws {
        for kernels in Self.sets.compactMap({ ck_kernels_for($0) }) {
            let bits = (0..<65536).map { UInt16($0) }  // a weight [32, 2048]
            var panel = [Float](repeating: 0, count: 65536)
            for element in [ck_float16, ck_bfloat16] {
                kernels.pointee.pack(bits, element, 32, 2048, 0, 1, &panel)
                for pattern in bits {
                    let packed = panel[Int(pattern) % 2048 * 32 + Int(pattern) / 2048]
                    let value =
                        element == ck_float16
                        ? Float(Float16(bitPattern: pattern)) : Float(bitPattern: UInt32(pattern) << 16)
                    #expect(packed == value || packed.isNaN && value.isNaN, "\(pattern)")
                }
            }
        }
    }

    /// Points from −120 to 120, dense around zero, and the extremes.
    static let points: [Float] =
        (-12000...12000).map { Float($0) / 100 } + (-2000...2000).map { Float($0) / 1e5 }
        + [0, -0.0, 0x1p-149, -0x1p-149, 0x1p-133, 20, Float(20).nextUp, Float(20).nextDown, 1e4, -1e4, 1e30, -1e30]

    @Test("softplus and SiLU keep their relative error, and decay its absolute error")
    func functions() throws {
        for kernels in Self.sets.compactMap({ ck_kernels_for($0) }) {
            let x = Self.points
            var y = x
            // Relative, but for results so small that e^−87 = 1.6e−38 stands for nothing.
            func largestError(_ expected: (Double) -> Double, floor: Double) -> Double {
                zip(x, y).map { x, y in
                    let value = expected(Double(x))
                    return abs(Double(y) - value) / max(abs(value), floor)
                }.max() ?? 0
            }
            kernels.pointee.softplus(x, x.count, &y)
            #expect(largestError({ $0 > 20 ? $0 : log1p(exp($0)) }, floor: 5e-32) < 4e-7)
            kernels.pointee.silu(x, x.count, &y)
            #expect(largestError({ $0 / (1 + exp(-$0)) }, floor: 4e-30) < 4e-7)
            let negative = x.filter { $0 <= 0 }
            y = negative
            kernels.pointee.decay(negative, negative.count, &y)
            let error = zip(negative, y).map { abs(exp(Double($0)) - Double($1)) }.max() ?? 0
            #expect(error < 2e-7)
        }
    }

    @Test("infinities give limits, and NaN stays NaN")
    func extremes() throws {
        for kernels in Self.sets.compactMap({ ck_kernels_for($0) }) {
            let x: [Float] = [-.infinity, .infinity, .nan]
            var y = x
            kernels.pointee.softplus(x, 3, &y)
            #expect(y[0] == 0 && y[1] == .infinity && y[2].isNaN)
            kernels.pointee.silu(x, 3, &y)
            #expect(y[0] == 0 && y[1] == .infinity && y[2].isNaN)
            kernels.pointee.decay(x, 1, &y)
            #expect(y[0] == 0)
        }
    }

    @Test("a NaN among the logits reaches the score")
    func nanScore() throws {
        let backend = CPUBackend()
        let head = try backend.weight([1, .nan, 2], 3, 1)
        let score = try backend.score(backend.matrix([1], rows: 1, columns: 1), head: head, targets: [0])
        #expect(score[0].logProbability.isNaN)
    }

    @Test("the engine names the device, the instruction set and who multiplies")
    func engine() {
        for set in InstructionSet.available {
            #expect(CPUBackend(instructionSet: set).engine == "cpu/\(set.rawValue)/packed")
        }
        #expect(CPUBackend(gemm: .openBLAS).engine.contains("/openblas-"))
        #expect(InstructionSet.available.contains(.portable))
    }

    @Test("memory kept for reuse stays within its limit")
    func pool() throws {
        let backend = CPUBackend(keepingAtMost: 1 << 20)
        for rows in 1...100 {
            var sum = backend.zeros(rows: rows, columns: 1000)
            backend.add(backend.zeros(rows: rows, columns: 1000), into: &sum)
            #expect(try backend.values(of: sum).allSatisfy { $0 == 0 })
            #expect(backend.keptBytes <= 1 << 20)
        }
        #expect(backend.keptBytes > 0)
    }
}

import Backends
import Operations
import TestDevices
import Testing

/// Held for every backend that counts its memory.
@Suite("memory in use")
struct MemoryTests {
    @Test("the CPU's weights and activations are counted apart, and their peak is told since it was last begun")
    func cpu() throws {
        for precision in CPUBackend.precisions { try holds(CPUBackend(precision: precision)) }
    }

    @Test(
        "so are a GPU's", .enabled(if: !CUDADevices.available.isEmpty, "\(CUDADevices.explanation)"),
        arguments: CUDADevices.available)
    func cuda(device: CUDADevices) throws { try holds(device.backend()) }

    @Test("what waits for reuse is not counted, and work counts the same whatever ran before")
    func again() throws {
        let backend = CPUBackend()
        func peak(rows: Int) -> Int {
            backend.beginPeak()
            var sum = backend.zeros(rows: rows, columns: 1000)
            backend.add(backend.zeros(rows: rows, columns: 1000), into: &sum)
            return backend.memoryUse.activationsPeak
        }
        let first = peak(rows: 100)
        _ = (peak(rows: 120), peak(rows: 95))
        #expect(peak(rows: 100) == first && backend.keptBytes > 0 && backend.memoryUse.activations == 0)
    }

    private func holds<B: Backend & CountsMemory>(_ backend: B) throws {
        #expect(backend.memoryUse == MemoryUse(weights: 0, activations: 0, activationsPeak: 0))
        do {
            let weight = try backend.weight([Float](repeating: 1, count: 64 * 64), 64, 64)
            let vector = try backend.vector([1, 2, 3])
            let weights = backend.memoryUse.weights
            #expect(weights >= 64 * 64 * 2 + 12 && weights < 64 * 64 * 5 && backend.memoryUse.activations == 0)
            do {
                let large = backend.zeros(rows: 256, columns: 1024)
                #expect(backend.memoryUse.activations >= 1 << 20)
                withExtendedLifetime(large) {}
            }
            let small = backend.zeros(rows: 1, columns: 64)
            #expect(backend.memoryUse.activationsPeak >= 1 << 20)
            #expect((256...1024).contains(backend.memoryUse.activations))
            backend.beginPeak()
            #expect(backend.memoryUse.activationsPeak == backend.memoryUse.activations)
            #expect(backend.memoryUse.weights == weights)
            withExtendedLifetime((weight, vector, small)) {}
        }
        #expect(backend.memoryUse.weights == 0 && backend.memoryUse.activations == 0)
    }
}

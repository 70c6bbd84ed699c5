import Backends
import Foundation
import Operations
import TestDevices
import TestSupport
import Testing

@Suite("What keeps a GPU from computing")
struct CUDAFaultTests {
    @Test("a library that is not there is named, with what was looked at and the ways out")
    func noLibrary() {
        #expect {
            try CUDALibrary(path: "/nowhere/libmolt_cuda.so")
        } throws: { error in
            guard case .noLibrary(let searched) = error as? CUDAError else { return false }
            let text = "\(error)"
            return searched.count == 1
                && ["/nowhere/libmolt_cuda.so", "make cuda", "MOLT_CUDA_LIBRARY", "--backend cpu"].allSatisfy(
                    text.contains)
        }
    }

    @Test("a library that is not Molt's is refused")
    func strangeLibrary() throws {
        let error = CUDAError.strangeLibrary(path: "libm.so.6", version: nil)
        #expect(throws: error) { try CUDALibrary(path: "libm.so.6") }
        #expect("\(error)".contains("libm.so.6 is no library of Molt's kernels"))
    }

    @Test(
        "a machine without a driver says so", .enabled(if: hasLibrary && !CUDADevices.available.contains(.gpu)))
    func noDriver() throws {
        let library = try CUDALibrary(path: Self.library)
        #expect {
            try library.deviceCount()
        } throws: { error in
            guard case CUDAError.noDevice(let path, let reason) = error else { return false }
            return path == Self.library && !reason.isEmpty && "\(error)".contains("nvidia-smi")
        }
    }

    private static let library = CUDADevices.folder("cuda/libmolt_cuda.so")
    private static let hasLibrary = FileManager.default.fileExists(atPath: library)

    @Test("a device that is not there is named", .enabled(if: available.contains(.host), "\(CUDADevices.explanation)"))
    func absentDevice() throws {
        let library = try CUDADevices.host.device().library
        #expect(throws: CUDAError.absentDevice(index: 7, count: 2)) { try CUDADevice(7, of: library) }
    }

    private static let available = CUDADevices.available

    @Test(
        "lack of memory is an error, not a crash, and passes",
        .enabled(if: !available.isEmpty, "\(CUDADevices.explanation)"), arguments: available)
    func memory(device: CUDADevices) throws {
        let device = try device.device(megabytes: 1)
        let backend = CUDABackend(device)
        let small = backend.matrix([1, 2, 3], rows: 1, columns: 3)
        let weight = try backend.vector([Float](repeating: 2, count: 1 << 10))
        do {
            let large = backend.zeros(rows: 1 << 10, columns: 1 << 10)
            // What follows a fault does nothing, whatever it is.
            let sum = backend.normalize(backend.gather([0], from: large), weight: weight, epsilon: 1)
            #expect(throws: CUDAError.self) { try backend.values(of: sum) }
        }
        #expect(try backend.values(of: small) == [1, 2, 3])
    }

    @Test(
        "memory that is given back is whole again, and its peak is told",
        .enabled(if: !available.isEmpty, "\(CUDADevices.explanation)"), arguments: available)
    func peak(device: CUDADevices) throws {
        let device = try device.device(megabytes: 16)
        let backend = CUDABackend(device)
        let before = device.memory
        #expect(before.activations == 0 && before.weights == 0 && before.arena == 16 << 20)
        var kept: [CUDAMatrix] = []
        // Freed in another order than taken, in sizes that do not fit into each other.
        for round in 0..<40 {
            kept.append(backend.zeros(rows: 100 + 37 * round, columns: 40))
            if kept.count > 5 { kept.remove(at: round % 5) }
        }
        let most = device.memory
        #expect(most.activations > 0 && most.activationsPeak >= most.activations)
        kept = []
        #expect(device.memory.activations == 0)
        device.beginPeak()
        do { _ = backend.zeros(rows: 3 << 10, columns: 1 << 10) }
        try device.finish()
        #expect(device.memory.activationsPeak == 12 << 20)
        let weight = try backend.weight([Float](repeating: 1, count: 3 * 5), 3, 5)
        #expect(device.memory.weights == 3 * 8 * 4)
        withExtendedLifetime(weight) {}
    }
}

import Backends
import Foundation
import Store

/// The GPUs of this machine, and the library of kernels for them.
struct GPUExamination {
    func finding() -> Finding {
        do {
            let library = try CUDALibrary()
            let count = try library.deviceCount()
            let devices = try (0..<count).map { try Self.describe(CUDADevice($0, of: library).properties, $0) }
            return Finding("gpu", .ok, "\(devices.joined(separator: "; ")); kernels in \(library.path)")
        } catch {
            // A machine without a GPU is none the worse for it.
            guard Self.hasDriver else { return Finding("gpu", .ok, "none: workers compute with --backend cpu") }
            return Finding("gpu", .warning, "\(error)")
        }
    }

    private static var hasDriver: Bool { FileManager.default.fileExists(atPath: "/dev/nvidiactl") }

    private static func describe(_ device: CUDADevice.Properties, _ index: Int) -> String {
        let memory = String(
            format: "%.1f of %.1f GiB free", Double(device.freeBytes) / Double(1 << 30),
            Double(device.totalBytes) / Double(1 << 30))
        return "\(index): \(device.name), \(device.architecture), \(memory), driver for CUDA \(device.driver)"
    }
}

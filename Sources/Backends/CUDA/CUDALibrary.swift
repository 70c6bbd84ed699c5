import CUDAKernels
import Foundation

/// The kernels of `Sources/CUDAKernels`, loaded at run time, so that nothing here needs CUDA to be built or started.
public final class CUDALibrary: @unchecked Sendable {
    /// Where it was found.
    public let path: String
    let functions: mc_interface

    static let name = "libmolt_cuda.so"
    /// The environment variable that names another.
    static let variable = "MOLT_CUDA_LIBRARY"

    /// The library at a path, or else the first that loads of those at the usual places: what `MOLT_CUDA_LIBRARY` names,
    /// beside the program, in `.build/cuda` of the repository that the program was built in, and where the system's
    /// libraries are.
    ///
    /// - Throws: ``CUDAError`` that says what was looked at, and what to do.
    public init(path: String? = nil) throws {
        let named = path ?? ProcessInfo.processInfo.environment[Self.variable].flatMap { $0.isEmpty ? nil : $0 }
        var searched: [String] = []
        for candidate in named.map({ [$0] }) ?? Self.usualPlaces {
            guard let handle = dlopen(candidate, RTLD_NOW | RTLD_LOCAL) else {
                searched.append(dlerror().map { String(cString: $0) } ?? "\(candidate): cannot be loaded")
                continue
            }
            guard let symbol = dlsym(handle, "molt_cuda") else {
                throw CUDAError.strangeLibrary(path: candidate, version: nil)
            }
            // The library stays loaded: its device code is in use until the process ends.
            let table = unsafeBitCast(symbol, to: (@convention(c) () -> UnsafePointer<mc_interface>).self)()
            guard table.pointee.version == mc_version else {
                throw CUDAError.strangeLibrary(path: candidate, version: Int(table.pointee.version))
            }
            self.path = candidate
            functions = table.pointee
            return
        }
        throw CUDAError.noLibrary(searched: searched)
    }

    private static var usualPlaces: [String] {
        let program = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
        let running = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? program.path
        let folder = URL(fileURLWithPath: running).deletingLastPathComponent()
        var places = [folder.appendingPathComponent(name).path]
        var parent = folder
        while parent.path.count > 1, parent.lastPathComponent != ".build" { parent.deleteLastPathComponent() }
        if parent.lastPathComponent == ".build" { places.append(parent.appendingPathComponent("cuda/\(name)").path) }
        return places + [name]
    }

    /// "cuda", or "cuda-on-host" for the host's build.
    var kind: String { String(cString: functions.kind) }

    /// The kernels' compiler and a hash of their sources, such as `nvcc-13.5-3f2a91c0`.
    public var build: String { String(cString: functions.build) }

    /// How many devices there are.
    public func deviceCount() throws -> Int {
        var (count, reason) = (-1, "")
        reason = Self.text { count = Int(functions.count($0)) }
        guard count > 0 else {
            throw CUDAError.noDevice(library: path, reason: count == 0 ? "there is no device" : reason)
        }
        return count
    }

    /// What the library writes.
    static func text(_ write: (UnsafeMutablePointer<CChar>) -> Void) -> String {
        var buffer = [CChar](repeating: 0, count: Int(mc_text))
        buffer.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { write(base) }
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// What keeps a GPU from computing.
public enum CUDAError: Error, Equatable, CustomStringConvertible {
    /// No library could be loaded; what was said of each.
    case noLibrary(searched: [String])
    /// A library that this program does not know; nil when it is none of Molt's.
    case strangeLibrary(path: String, version: Int?)
    case noDevice(library: String, reason: String)
    case absentDevice(index: Int, count: Int)
    case noMemory(device: Int, detail: String)
    case failed(device: Int, detail: String)

    public var description: String {
        switch self {
        case .noLibrary(let searched):
            """
            the library of CUDA kernels cannot be loaded: \(searched.joined(separator: "; ")). Build it with `make cuda`, \
            or name one in MOLT_CUDA_LIBRARY; without a GPU use --backend cpu
            """
        case .strangeLibrary(let path, let version):
            """
            \(path) is \(version.map { "of version \($0), not \(mc_version)" } ?? "no library of Molt's kernels"); build \
            it anew with `make cuda`
            """
        case .noDevice(let library, let reason):
            """
            no CUDA device can be used: \(reason) (asked by \(library)). See nvidia-smi: is there a driver, and may this \
            process see a device? Without a GPU use --backend cpu
            """
        case .absentDevice(let index, let count):
            "there is no CUDA device \(index): this process sees \(count), from 0; choose one with --device"
        case .noMemory(let device, let detail): "CUDA device \(device): \(detail)"
        case .failed(let device, let detail):
            "CUDA device \(device) failed: \(detail); this process can use it no more: start it again"
        }
    }
}

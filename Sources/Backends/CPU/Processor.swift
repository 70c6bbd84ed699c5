import Foundation
import Operations

/// The machine's processor.
public enum Processor {
    /// As Linux calls it; empty where it does not say.
    public static let name: String = {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return "" }
        return name(in: text)
    }()

    /// The first processor's name in the text of `/proc/cpuinfo`, runs of spaces as one; empty where there is none.
    public static func name(in text: String) -> String {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == "model name" else { continue }
            return parts[1].split(separator: " ").joined(separator: " ")
        }
        return ""
    }

    /// The machine as a device whose kernels are compiled for an instruction set.
    static func properties(architecture: String) -> DeviceProperties {
        DeviceProperties(
            name: name, kind: .cpu, architecture: architecture,
            computeUnits: Cores.usable?.numbers.count ?? ProcessInfo.processInfo.activeProcessorCount,
            memoryBytes: Int(clamping: ProcessInfo.processInfo.physicalMemory))
    }
}

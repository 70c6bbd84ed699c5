import Foundation

/// What the machine, or the control group that this process is confined to, has.
enum Machine {
    /// Memory that this process may use, in bytes; 0 where it cannot be read.
    static var memoryBytes: UInt64 {
        let limits = groups().compactMap(\.limit)
        return ([kilobytes("MemTotal", of: "/proc/meminfo")].compactMap { $0 } + limits).min() ?? 0
    }

    /// Memory that is still to be had, in bytes; 0 where it cannot be read.
    static var freeMemoryBytes: UInt64 {
        let rooms = groups().compactMap { group in
            group.limit.map { $0 - min($0, group.used) }
        }
        return ([kilobytes("MemAvailable", of: "/proc/meminfo")].compactMap { $0 } + rooms).min() ?? 0
    }

    /// The process's resident memory, in bytes; 0 where it cannot be read.
    static var residentBytes: UInt64 {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { UInt64($0) } ?? 0
        return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Room on the file system of a path, or of the nearest folder above it that is there; in bytes.
    static func freeDiskBytes(at url: URL) -> UInt64 {
        var url = url.standardizedFileURL
        var facts = statvfs()
        while statvfs(url.path, &facts) != 0 {
            guard url.path.count > 1 else { return 0 }
            url.deleteLastPathComponent()
        }
        return UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
    }

    private struct Group {
        let limit: UInt64?
        let used: UInt64
    }

    /// The memory control groups around this process, innermost first, of either version.
    private static func groups() -> [Group] {
        guard let text = try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8) else { return [] }
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[0] == "0", fields[1].isEmpty {
                let found = groups(at: fields[2], below: "/sys/fs/cgroup", "memory.max", "memory.current")
                if !found.isEmpty { return found }
            }
            if fields[1].split(separator: ",").contains("memory") {
                return groups(
                    at: fields[2], below: "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
            }
        }
        return []
    }

    private static func groups(at path: Substring, below root: String, _ limit: String, _ used: String) -> [Group] {
        var groups: [Group] = []
        var parts = path.split(separator: "/")
        while true {
            let folder = ([root] + parts.map(String.init)).joined(separator: "/")
            // "max", and version 1's 2⁶³ cut to pages, are no limit.
            let most = number("\(folder)/\(limit)").flatMap { $0 < 1 << 60 ? $0 : nil }
            if let used = number("\(folder)/\(used)") { groups.append(Group(limit: most, used: used)) }
            guard parts.popLast() != nil else { return groups }
        }
    }

    private static func number(_ path: String) -> UInt64? {
        (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
            UInt64($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    private static func kilobytes(_ name: String, of path: String) -> UInt64? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        return line?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 }
    }
}

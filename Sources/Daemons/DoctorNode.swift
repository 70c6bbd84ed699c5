import Foundation
import Store
import Wording

/// The processor, memory, limits and clock of this machine.
struct NodeExamination {
    /// A coordinator needs a descriptor for each peer, and some for itself.
    static let descriptors = 10_000 + 512
    private static let gibibyte = 1 << 30

    func processor() -> Finding {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = information.split(separator: "\n").first { $0.hasPrefix("flags") || $0.hasPrefix("Features") }
        let flags = Set((line ?? "").split(separator: " ").map(String.init))
        let known = ["avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd"].filter(flags.contains)
        let cores = counted(ProcessInfo.processInfo.activeProcessorCount, "core")
        guard !known.isEmpty else {
            return Finding(
                "processor", .warning,
                "\(cores) without AVX2: scores are the same, but take many times as long; compute on another machine")
        }
        return Finding("processor", .ok, "\(cores), \(known.joined(separator: " "))")
    }

    func memory() -> Finding {
        let free = Self.freeMemory()
        let text = String(format: "%.1f GiB free", Double(free) / Double(Self.gibibyte))
        guard free < Self.gibibyte else { return Finding("memory", .ok, text) }
        return Finding(
            "memory", .warning,
            "\(text): a worker needs its model's weights and 1 GiB or more beside them; stop other programs, or raise "
                + "the limit of the control group")
    }

    /// What the machine and the control group leave, in bytes.
    private static func freeMemory() -> Int {
        let lines = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        let line = lines.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        let machine = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
        func group(_ name: String) -> Int? {
            (try? String(contentsOfFile: "/sys/fs/cgroup/\(name)", encoding: .utf8)).flatMap {
                Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        let room = group("memory.max").map { $0 - (group("memory.current") ?? 0) }
        return [machine, room].compactMap { $0 }.min() ?? .max
    }

    func openFiles() -> Finding {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return Finding("open files", .warning, "the limit cannot be read")
        }
        // A coordinator raises its own limit to the highest that it may have.
        guard limit.rlim_max < UInt(Self.descriptors) else { return Finding("open files", .ok, "\(limit.rlim_max)") }
        return Finding(
            "open files", .warning,
            "\(limit.rlim_max): enough for \(max(0, Int(limit.rlim_max) - 512)) peers; for 10,000 start the coordinator "
                + "with LimitNOFILE=\(Self.descriptors) in its unit, or raise nofile in limits.conf")
    }

    func clock() -> Finding {
        let now = Date()
        let text = ISO8601DateFormatter().string(from: now)
        // When this version was written.
        guard now.timeIntervalSince1970 > 1_760_000_000 else {
            return Finding(
                "clock", .failed,
                "\(text) has passed: starts of a coordinator are numbered by the clock; set it, then enable NTP")
        }
        return Finding("clock", .ok, text)
    }
}

/// The file system below a path, which may not exist yet.
struct FileSystemExamination {
    private let check: String
    private let folder: String
    /// The folder that was asked for, where it is not there.
    private let missing: String?

    init(_ check: String, _ path: String) {
        self.check = check
        let wanted = URL(fileURLWithPath: path).deletingLastPathComponent().path
        missing = FileManager.default.fileExists(atPath: wanted) ? nil : wanted
        var url = URL(fileURLWithPath: path).resolvingSymlinksInPath().deletingLastPathComponent()
        while !FileManager.default.fileExists(atPath: url.path), url.path.count > 1 { url.deleteLastPathComponent() }
        folder = url.path
    }

    func finding(isStore: Bool) -> Finding {
        var facts = statvfs()
        guard statvfs(folder, &facts) == 0 else {
            return Finding(check, .failed, "\(folder): \(String(cString: strerror(errno)))")
        }
        let free = Int(facts.f_bavail) * Int(facts.f_frsize)
        let kind = kind()
        let text = "\(folder) on \(kind), \(free >> 20) MiB free"
        guard access(folder, W_OK) == 0 else {
            return Finding(check, .failed, "\(text): you may not write there; choose another place, or chown it")
        }
        if let missing, isStore {
            return Finding(check, .failed, "\(missing) is not there: make it with mkdir -p, or choose another place")
        }
        if Self.remote.contains(kind), isStore {
            return Finding(
                check, .failed,
                "\(text): a store needs the locks and the shared memory of a local disk; choose one with --store")
        }
        if kind == "tmpfs" || kind == "ramfs" {
            return Finding(check, .warning, "\(text): what lies there is gone with the power; choose a disk")
        }
        guard free < 1 << 30 else { return Finding(check, .ok, text) }
        return Finding(check, free < 64 << 20 ? .failed : .warning, "\(text): make room, at least 1 GiB")
    }

    private static let remote: Set = ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "lustre", "glusterfs", "fuse.sshfs"]

    /// The file system's name, as the mount of the longest path above the folder says.
    private func kind() -> String {
        // Foundation's reading of a whole file ends with the first page of this one, which says that it is empty.
        let bytes = (try? FileHandle(forReadingAtPath: "/proc/self/mounts")?.readToEnd()) ?? nil
        let mounts = String(decoding: bytes ?? Data(), as: UTF8.self)
        var (kind, longest) = ("an unknown file system", -1)
        for line in mounts.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 2 else { continue }
            let point = words[1] == "/" ? "" : words[1].replacingOccurrences(of: "\\040", with: " ")
            // Of two mounts at one place, the later one is seen.
            guard folder == point || folder.hasPrefix(point + "/"), point.count >= longest else { continue }
            (kind, longest) = (String(words[2]), point.count)
        }
        return kind
    }
}

/// The port on which a coordinator would listen.
struct PortExamination {
    private let endpoint: String

    init(_ endpoint: String) { self.endpoint = endpoint }

    func finding(isServed: Bool) -> Finding {
        let parts = endpoint.replacingOccurrences(of: "tcp://", with: "").split(separator: ":")
        guard endpoint.hasPrefix("tcp://"), let text = parts.last, text != "*" else {
            return Finding("port", .ok, "\(endpoint) takes a free one")
        }
        guard let port = UInt16(text), port > 0 else {
            return Finding("port", .failed, "\(endpoint): '\(text)' is not a port; write --listen tcp://host:5555")
        }
        guard let reason = Self.refusal(of: port) else { return Finding("port", .ok, "\(port) is free") }
        if isServed { return Finding("port", .ok, "\(port) is in use, as by the coordinator that has the store") }
        return Finding(
            "port", .warning,
            "\(port): \(reason); if that is not your coordinator, see who has it with ss -ltnp, or choose another with "
                + "--listen tcp://host:port")
    }

    /// Why nobody may listen on a port; nil if one may.
    private static func refusal(of port: UInt16) -> String? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if code != 0 || Glibc.listen(descriptor, 1) != 0 { return String(cString: strerror(errno)) }
        return nil
    }
}

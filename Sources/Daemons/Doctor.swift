import Foundation
import ModelFiles
import Store

/// Checks a machine and a results store for what a coordinator or a worker will need; changes nothing.
public struct Doctor: Sendable {
    /// The results store; one that is not there yet is no fault.
    public var store = "molt.sqlite"
    /// The folder of keys.
    public var keys = KeyFolder.standard
    /// Where a coordinator would listen.
    public var listen = "tcp://127.0.0.1:5555"
    /// Checkpoints that a worker would need.
    public var models: [String] = []
    /// Where a worker keeps rows that nobody acknowledged yet.
    public var spool = Doctor.standardSpool

    public init() {}

    /// `$XDG_STATE_HOME/molt/spool`, or `~/.local/state/molt/spool`.
    public static var standardSpool: String {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["HOME"] ?? NSHomeDirectory()
        let state = environment["XDG_STATE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(home)/.local/state"
        return "\(state)/molt/spool"
    }

    /// Everything that was looked at, the machine first.
    public func findings() -> [Finding] {
        let node = NodeExamination()
        var findings = [node.processor(), node.memory(), node.openFiles(), node.clock(), GPUExamination().finding()]
        findings.append(FileSystemExamination("disk of the store", store).finding(isStore: true))
        findings.append(FileSystemExamination("disk of the spool", spool).finding(isStore: false))
        findings.append(KeyExamination.curve())
        findings += KeyExamination(keys).findings()
        let examination = StoreExamination(store)
        findings.append(PortExamination(listen).finding(isServed: examination.writer != nil))
        findings += models.map(checkpoint)
        if FileManager.default.fileExists(atPath: store) {
            findings += examination.findings()
        } else {
            findings.append(Finding("store", .ok, "\(store) is not there yet; the first run makes it"))
        }
        return findings
    }

    private func checkpoint(_ path: String) -> Finding {
        do {
            let summary = try CheckpointSummary(Checkpoint.open(URL(fileURLWithPath: path)))
            let first = summary.description.split(separator: "\n").first.map(String.init) ?? "readable"
            return Finding("model \(path)", .ok, first)
        } catch {
            return Finding("model \(path)", .failed, "\(error)")
        }
    }
}

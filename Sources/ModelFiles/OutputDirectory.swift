import Foundation

/// A folder that appears complete or not at all: its files are written beside it and moved when all are there.
struct OutputDirectory {
    private let target: URL
    private let replacesFiles: Bool

    /// Refuses a target that holds anything, unless its files of the same names are to be replaced.
    init(_ target: URL, replacing: Bool) throws(ModelFileError) {
        self.target = target
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: target.path, isDirectory: &isDirectory) else {
            replacesFiles = false
            return
        }
        guard isDirectory.boolValue else { throw ModelFileError(file: target.path, reason: "is not a folder") }
        let contents: [String]
        do {
            contents = try FileManager.default.contentsOfDirectory(atPath: target.path)
        } catch {
            throw ModelFileError(file: target.path, reason: "cannot be read: \(error.localizedDescription)")
        }
        guard contents.isEmpty || replacing else {
            throw ModelFileError(
                file: target.path, reason: "already holds \(contents.count) files; choose another folder or replace it")
        }
        replacesFiles = !contents.isEmpty
    }

    /// Calls `fill` with an empty folder and moves what it wrote to the target; a failure leaves nothing behind.
    func finish(_ fill: (URL) throws(ModelFileError) -> Void) throws(ModelFileError) {
        let parent = target.deletingLastPathComponent()
        let partial = parent.appendingPathComponent(
            ".\(target.lastPathComponent).partial-\(ProcessInfo.processInfo.globallyUniqueString)")
        do {
            try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: true)
        } catch {
            throw ModelFileError(
                file: target.path, reason: "cannot be made in \(parent.path): \(error.localizedDescription)")
        }
        defer { try? FileManager.default.removeItem(at: partial) }
        try fill(partial)
        guard replacesFiles else { return try move(partial, to: target) }
        for name in ((try? FileManager.default.contentsOfDirectory(atPath: partial.path)) ?? []).sorted() {
            try move(partial.appendingPathComponent(name), to: target.appendingPathComponent(name))
        }
    }

    /// rename(2) replaces a file, or an empty folder, in one step.
    private func move(_ source: URL, to target: URL) throws(ModelFileError) {
        guard rename(source.path, target.path) == 0 else { throw OutputFile.failure(target.path) }
    }
}

import Foundation
import Testing

/// The folder of fixtures, data and models beside the repository, which tests read in place.
public enum Shared {
    /// `MOLT_SHARED`, or the folder `shared` next to the repository.
    public static let root: URL? = {
        let environment = ProcessInfo.processInfo.environment
        let candidates: [URL]
        if let path = environment["MOLT_SHARED"] {
            candidates = [URL(fileURLWithPath: path)]
        } else {
            var folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            candidates = (0..<5).map { _ in
                folder.deleteLastPathComponent()
                return folder.appendingPathComponent("shared")
            }
        }
        return candidates.first { url in
            FileManager.default.fileExists(atPath: url.appendingPathComponent("fixtures/spec.json").path)
        }
    }()

    /// Whether tests on shared material run: always under CI, where its absence has to fail them.
    public static var isAvailable: Bool { root != nil || ProcessInfo.processInfo.environment["CI"] != nil }

    /// Why such a test was skipped.
    public static let explanation: Comment = "no shared fixtures: set MOLT_SHARED to the folder that has fixtures/"

    /// The file at a path below the shared folder.
    public static func url(_ path: String) throws -> URL {
        guard let root else { throw Missing(path: path) }
        return root.appendingPathComponent(path)
    }

    struct Missing: Error, CustomStringConvertible {
        let path: String
        var description: String {
            "\(path) is needed, but there is no shared folder; set MOLT_SHARED to the folder that has fixtures/"
        }
    }
}

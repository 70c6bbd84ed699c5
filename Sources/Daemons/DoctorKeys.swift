import Foundation
import Messaging
import Store
import Wording

/// The keys by which a coordinator and its peers know each other.
struct KeyExamination {
    private let folder: KeyFolder

    init(_ folder: KeyFolder) { self.folder = folder }

    /// Whether libzmq can encrypt at all.
    static func curve() -> Finding {
        do {
            _ = try CurveKeyPair.generate()
            return Finding("security", .ok, "libzmq has CURVE")
        } catch {
            return Finding("security", .failed, "\(error)")
        }
    }

    func findings() -> [Finding] {
        guard FileManager.default.fileExists(atPath: folder.path) else {
            return [
                Finding(
                    "keys", .warning,
                    "\(folder.path) is not there: coord serve makes it, with this machine's keys; --keys names another")
            ]
        }
        return [permissions()] + secrets() + [admitted()]
    }

    private func permissions() -> Finding {
        let mode = mode(of: folder.path)
        guard mode & 0o077 == 0 else {
            return Finding(
                "keys", .failed,
                "\(folder.path) is open to others (mode \(String(mode, radix: 8))): chmod 700 '\(folder.path)'")
        }
        return Finding("keys", .ok, folder.path)
    }

    /// Every secret in the folder, whether others may read it and whether it is whole.
    private func secrets() -> [Finding] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
        let secrets = names.filter { isSecret(folder.file($0)) }
        var findings = secrets.map { name in
            do {
                _ = try KeyFile.readSecret(folder.file(name))
                return Finding("key \(name)", .ok, "whole, and only its owner reads it")
            } catch {
                return Finding("key \(name)", .failed, "\(error)")
            }
        }
        if !secrets.contains("coordinator") {
            findings.append(
                Finding("key coordinator", .warning, "not there: a worker's machine needs only coordinator.pub"))
        }
        return findings
    }

    private func isSecret(_ path: String) -> Bool {
        guard let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? file.close() }
        return (try? file.read(upToCount: 15)) == Data("molt-secret-key".utf8)
    }

    private func admitted() -> Finding {
        guard FileManager.default.fileExists(atPath: folder.authorizedKeysFile) else {
            return Finding(
                "authorized keys", .warning,
                "\(folder.authorizedKeysFile) is not there: nobody would be admitted; "
                    + "coord keygen makes a key and admits it")
        }
        do {
            let entries = try folder.authorizedKeys().entries
            let roles = PeerRole.allCases.map { role in
                counted(entries.count { $0.role == role }, role.rawValue)
            }
            return Finding("authorized keys", .ok, roles.joined(separator: ", "))
        } catch {
            return Finding("authorized keys", .failed, "\(error)")
        }
    }

    private func mode(of path: String) -> mode_t {
        var facts = stat()
        return stat(path, &facts) == 0 ? facts.st_mode & 0o777 : 0
    }
}

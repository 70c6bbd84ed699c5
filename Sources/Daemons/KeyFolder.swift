import Foundation
import Messaging

/// A folder of keys: `coordinator`, the keys made for workers and clients by name, and `authorized_keys`.
public struct KeyFolder: Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    /// `~/.config/molt/keys`, or below `XDG_CONFIG_HOME`.
    public static var standard: KeyFolder {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["HOME"] ?? NSHomeDirectory()
        let configuration = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(home)/.config"
        return KeyFolder("\(configuration)/molt/keys")
    }

    /// The list of admitted keys.
    public var authorizedKeysFile: String { "\(path)/authorized_keys" }

    /// A key's secret file; its public half has `.pub` appended.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes the folder, which only its owner may enter, and in it the coordinator's key, a worker's named `worker` and
    /// a client's named `client`, if they are not there: enough for everything on one machine.
    public func prepare() throws {
        try makeFolder()
        if !exists("coordinator") { try KeyFile.write(.generate(), to: file("coordinator")) }
        if !exists("worker") { _ = try make("worker", role: .worker) }
        if !exists("client") { _ = try make("client", role: .client) }
    }

    /// Makes a key and admits it.
    public func make(_ name: String, role: PeerRole) throws -> CurvePublicKey {
        try makeFolder()
        let keys = try CurveKeyPair.generate()
        try KeyFile.write(keys, to: file(name))
        try admit(AuthorizedKeys.Entry(role: role, key: keys.publicKey, name: name))
        return keys.publicKey
    }

    /// Adds a key to the list of admitted ones.
    public func admit(_ entry: AuthorizedKeys.Entry) throws {
        let known = FileManager.default.fileExists(atPath: authorizedKeysFile) ? try authorizedKeys().entries : []
        let text = AuthorizedKeys(known + [entry]).text
        try Data(text.utf8).write(to: URL(fileURLWithPath: authorizedKeysFile), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: authorizedKeysFile)
    }

    /// The admitted keys.
    public func authorizedKeys() throws -> AuthorizedKeys { try AuthorizedKeys(contentsOf: authorizedKeysFile) }

    private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

    private func makeFolder() throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }
}

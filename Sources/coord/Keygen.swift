import ArgumentParser
import Daemons
import Foundation
import Messaging

/// `coord keygen`: keys for workers, clients and viewers.
struct Keygen: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a key and admit it; without a name, make the coordinator's keys.",
        discussion: """
            Writes NAME (secret, for its holder only) and NAME.pub to the folder, and adds the public key to \
            authorized_keys. Copy NAME and coordinator.pub to the machine that uses them. A running coordinator sees the \
            new key within a few seconds. To revoke a key, delete its line.
            """)

    @Argument(help: "What the key is called, such as the node's name.")
    var name: String?

    @Option(name: .long, help: "What its holder may do: worker, client or viewer.")
    var role: PeerRole = .worker

    @Option(name: .long, help: "The folder of keys.", completion: .directory)
    var keys: String = KeyFolder.standard.path

    func validate() throws {
        guard let name else { return }
        let allowed = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
        guard allowed, !name.isEmpty, !name.hasPrefix("."), name != "authorized_keys" else {
            throw ValidationError("a key's name has letters, digits, '-', '_' or '.'; found '\(name)'")
        }
    }

    func run() throws {
        let folder = KeyFolder(keys)
        try folder.prepare()
        guard let name else {
            return print("keys of this machine's coordinator are in \(folder.path)")
        }
        let key = try folder.make(name, role: role)
        print("\(role.rawValue) \(key) \(name)")
        Terminal.note("wrote \(folder.file(name)) and \(name).pub, and admitted it in \(folder.authorizedKeysFile)")
    }
}

extension PeerRole: ExpressibleByArgument {}

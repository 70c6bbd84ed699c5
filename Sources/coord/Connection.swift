import ArgumentParser
import Daemons
import Foundation
import Messaging

/// The options of commands that ask a coordinator.
struct Connection: ParsableArguments {
    @Option(name: .long, help: "Where the coordinator listens.")
    var coordinator = "tcp://127.0.0.1:5555"

    @Option(name: .long, help: "Your secret key file.", completion: .file())
    var key: String = KeyFolder.standard.file("client")

    @Option(name: .long, help: "The coordinator's public key file.", completion: .file())
    var coordinatorKey: String = KeyFolder.standard.file("coordinator") + ".pub"

    func open() throws -> ClientConnection {
        try ClientConnection(
            to: coordinator, coordinatorKey: KeyFile.readPublic(coordinatorKey), keys: KeyFile.readSecret(key))
    }
}

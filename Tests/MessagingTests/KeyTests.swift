import Foundation
import Messaging
import TestSupport
import Testing

@Suite("Keys")
struct KeyTests {
    @Test("a key's files can be read again, the secret one by its owner only")
    func files() throws {
        let folder = try TemporaryFolder()
        let keys = try CurveKeyPair.generate()
        try KeyFile.write(keys, to: folder.path("key"))
        #expect(try folder.mode("key") == 0o600)
        #expect(try folder.mode("key.pub") == 0o644)
        #expect(try KeyFile.readSecret(folder.path("key")).publicKey == keys.publicKey)
        #expect(try KeyFile.readPublic(folder.path("key.pub")) == keys.publicKey)
        #expect(try !String(contentsOfFile: folder.path("key.pub"), encoding: .utf8).contains("secret"))
    }

    @Test(
        "a secret file that others may read is refused with the command that helps", arguments: [0o640, 0o604, 0o660])
    func openSecret(mode: Int) throws {
        let folder = try TemporaryFolder()
        try KeyFile.write(CurveKeyPair.generate(), to: folder.path("key"))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path("key"))
        let error = #expect(throws: MessagingError.self) { try KeyFile.readSecret(folder.path("key")) }
        #expect(error?.description.hasSuffix("chmod 600 \(folder.path("key"))") == true)
    }

    @Test("a key is never overwritten", arguments: ["key", "key.pub"])
    func overwriting(existing: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("precious", to: existing)
        let error = #expect(throws: MessagingError.self) {
            try KeyFile.write(CurveKeyPair.generate(), to: folder.path("key"))
        }
        #expect(error?.description.contains("\(path): exists already") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == [existing])
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test("a file that is no secret key is refused without repeating what is in it")
    func damaged() throws {
        let folder = try TemporaryFolder()
        try KeyFile.write(CurveKeyPair.generate(), to: folder.path("a"))
        try KeyFile.write(CurveKeyPair.generate(), to: folder.path("b"))
        let first = try lines(folder.path("a"))
        let other = try lines(folder.path("b"))
        let damages = [
            "", "\n\n", "molt-secret-key 2\n\(first[1])\n\(first[2])", "\(first[0])\n\(first[1])\n",
            "\(first[0])\n\(other[1])\n\(first[2])\n", "\(first[0])\n\(first[1])\n\(first[2].dropLast())\n",
            "\(first[0])\n\(first[1])\n\(first[2].dropLast())~\n",
            "\(first[0])\n\(first[1])\nsecret #\(first[2].dropFirst(8))",
            String(repeating: "x", count: 5000),
        ]
        let secret = String(first[2].dropFirst(7))
        for damage in damages {
            let path = try folder.write(damage, to: "damaged")
            let error = #expect(throws: MessagingError.self, "\(damage)") { try KeyFile.readSecret(path) }
            #expect(error?.description.hasPrefix(path) == true)
            #expect(error?.description.contains(secret.dropFirst().dropLast()) == false)
        }
        #expect(throws: MessagingError.self) { try KeyFile.readSecret(folder.path("missing")) }
        #expect(throws: MessagingError.self) { try KeyFile.readSecret(folder.url.path) }
        let error = #expect(throws: MessagingError.self) { try KeyFile.readPublic(folder.path("a")) }
        #expect(error?.description.contains("pass \(folder.path("a.pub"))") == true)
    }

    @Test("a secret key does not print")
    func hidden() throws {
        let folder = try TemporaryFolder()
        let keys = try CurveKeyPair.generate()
        try KeyFile.write(keys, to: folder.path("key"))
        let secret = String(try lines(folder.path("key"))[2].dropFirst(7))
        var dumped = ""
        dump(keys, to: &dumped)
        for text in ["\(keys)", String(reflecting: keys), "\(keys.secretKey)", dumped] {
            #expect(!text.contains(secret))
            #expect(text.contains("(secret key)"))
        }
    }

    @Test(
        "a text that is no key is refused",
        arguments: ["", "short", String(repeating: "~", count: 40), String(repeating: "#", count: 40)])
    func malformed(text: String) {
        #expect(throws: MessagingError.self) { try CurvePublicKey(z85: text) }
    }

    private func lines(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}

import Messaging
import TestSupport
import Testing

@Suite("Authorised keys")
struct AuthorizedKeysTests {
    static let key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
    static let other = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"

    @Test("roles, keys and names are read, comments and empty lines passed over")
    func reading() throws {
        let text = "# who may work\n\nworker \(Self.key)  node 3, rack 1 \r\n\tviewer\t\(Self.other)\n"
        let keys = try AuthorizedKeys(text: text, file: "keys")
        #expect(keys.entries.map(\.role) == [.worker, .viewer])
        #expect(keys.entries.map(\.name) == ["node 3, rack 1", nil])
        #expect(keys[Self.other]?.role == .viewer)
        #expect(keys["unknown"] == nil)
        #expect(try AuthorizedKeys(text: keys.text, file: "keys") == keys)
    }

    @Test(
        "a bad line is named by file and number",
        arguments: [
            ("worker \(key)\nwroker \(other)", "keys:2: unknown role 'wroker'"),
            ("\n\nworker", "keys:3: the key is missing"),
            ("worker abc", "keys:1: a public key has 40 characters of Z85, this has 3"),
            ("worker \(key.dropLast())~", "keys:1: a public key is written in Z85"),
            ("worker \(key)\nclient \(key)", "keys:2: the key stands in line 1 already"),
        ])
    func malformed(text: String, message: String) {
        let error = #expect(throws: MessagingError.self) { try AuthorizedKeys(text: text, file: "keys") }
        #expect(error?.description.hasPrefix(message) == true, "\(error as Any)")
    }

    @Test("a name cannot smuggle in a line")
    func nameOfTwoLines() throws {
        let entry = AuthorizedKeys.Entry(
            role: .viewer, key: try CurvePublicKey(z85: Self.key), name: "a\nworker \(Self.other)")
        let keys = try AuthorizedKeys(text: AuthorizedKeys([entry]).text, file: "keys")
        #expect(keys.entries.count == 1)
    }

    @Test("a list that others may write is refused, for they could admit themselves", arguments: [0o620, 0o606, 0o666])
    func writableByOthers(mode: Int) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("client \(Self.key) me", to: "keys", mode: mode)
        #expect(throws: MessagingError.self) { try AuthorizedKeys(contentsOf: file) }
    }

    @Test("reloading takes the file's keys, and keeps the old ones when the file is bad")
    func reloading() throws {
        let folder = try TemporaryFolder()
        let list = AllowList(AuthorizedKeys([]))
        #expect(list[Self.key] == nil)
        try list.reload(from: folder.write("client \(Self.key) me", to: "keys"))
        #expect(list[Self.key]?.name == "me")
        #expect(throws: MessagingError.self) { try list.reload(from: folder.write("nonsense", to: "keys")) }
        #expect(throws: MessagingError.self) { try list.reload(from: folder.path("missing")) }
        #expect(list[Self.key]?.role == .client)
    }
}

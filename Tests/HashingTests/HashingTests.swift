import Foundation
import Hashing
import TestSupport
import Testing

/// Expected values are FIPS 180-2's examples.
@Suite("Hashes as text")
struct HashingTests {
    static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test("every byte has two lowercase digits")
    func digits() {
        #expect(hexadecimal([0, 9, 10, 0x1F, 0xA0, 255]) == "00090a1fa0ff")
        #expect(hexadecimal([]).isEmpty)
    }

    @Test("text and its bytes have one hash", arguments: [("abc", abc), ("", empty)])
    func text(text: String, hash: String) {
        #expect(sha256(text) == hash && sha256(Data(text.utf8)) == hash)
    }

    @Test("files hash as one content, in their order")
    func files() throws {
        let folder = try TemporaryFolder()
        let files = try [("1", "a"), ("2", ""), ("3", "bc")].map { name, text in
            URL(fileURLWithPath: try folder.write(text, to: name))
        }
        #expect(try sha256(contentsOf: files) == Self.abc)
        #expect(try sha256(contentsOf: files.reversed()) != Self.abc)
        #expect(throws: CocoaError.self) { try sha256(contentsOf: [folder.url.appendingPathComponent("4")]) }
    }
}

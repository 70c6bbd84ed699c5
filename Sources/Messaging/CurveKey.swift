import CZeroMQ

/// The public half of a CURVE key: a peer's identity.
public struct CurvePublicKey: Sendable, Hashable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]
    /// The same in Z85: 40 printable characters without space, quote or backslash.
    public let z85: String

    /// Reads 40 characters of Z85.
    public init(z85 text: String) throws(MessagingError) {
        bytes = try Z85.decode(text, what: "public key")
        z85 = text
    }

    init(bytes: [UInt8]) throws(MessagingError) {
        self.bytes = bytes
        self.z85 = try Z85.encode(bytes)
    }

    /// The key in Z85.
    public var description: String { z85 }
}

/// The secret half of a CURVE key. It prints as a placeholder, also in dumps and interpolations.
public struct CurveSecretKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let bytes: [UInt8]

    init(z85 text: String) throws(MessagingError) { bytes = try Z85.decode(text, what: "secret key") }

    /// A placeholder.
    public var description: String { "(secret key)" }
    /// A placeholder.
    public var debugDescription: String { description }
    /// No children, so that a dump has nothing to show.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A CURVE key: who one is, and the proof of it.
public struct CurveKeyPair: Sendable {
    /// What peers know one by.
    public let publicKey: CurvePublicKey
    /// What one never sends.
    public let secretKey: CurveSecretKey

    /// Makes a new key from the system's randomness.
    public static func generate() throws(MessagingError) -> CurveKeyPair {
        var publicText = [CChar](repeating: 0, count: 41)
        var secretText = [CChar](repeating: 0, count: 41)
        guard zmq_curve_keypair(&publicText, &secretText) == 0 else { throw .curveUnavailable }
        return CurveKeyPair(
            publicKey: try CurvePublicKey(z85: Z85.text(publicText)),
            secretKey: try CurveSecretKey(z85: Z85.text(secretText)))
    }

    init(publicKey: CurvePublicKey, secretKey: CurveSecretKey) {
        self.publicKey = publicKey
        self.secretKey = secretKey
    }

    /// The pair of a secret key in Z85.
    init(secretZ85 text: String) throws(MessagingError) {
        let secretKey = try CurveSecretKey(z85: text)
        var publicText = [CChar](repeating: 0, count: 41)
        guard zmq_curve_public(&publicText, text) == 0 else { throw .curveUnavailable }
        self.init(publicKey: try CurvePublicKey(z85: Z85.text(publicText)), secretKey: secretKey)
    }
}

/// Z85 (ZeroMQ RFC 32) of 32-byte keys.
enum Z85 {
    static let alphabet = Set(
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#".utf8)

    /// 32 bytes of 40 characters that are the only spelling of them. The error does not repeat the text.
    static func decode(_ text: String, what: String) throws(MessagingError) -> [UInt8] {
        guard text.utf8.count == 40 else {
            throw .badKey(reason: "a \(what) has 40 characters of Z85, this has \(text.utf8.count)")
        }
        guard text.utf8.allSatisfy(alphabet.contains) else {
            throw .badKey(reason: "a \(what) is written in Z85; this has a character that Z85 does not know")
        }
        var bytes = [UInt8](repeating: 0, count: 32)
        guard zmq_z85_decode(&bytes, text) != nil, try encode(bytes) == text else {
            throw .badKey(reason: "a \(what) in Z85 is below 2³² in every five characters; this is not")
        }
        return bytes
    }

    static func encode(_ bytes: [UInt8]) throws(MessagingError) -> String {
        guard bytes.count == 32 else { throw .badKey(reason: "a key has 32 bytes, this has \(bytes.count)") }
        var characters = [CChar](repeating: 0, count: 41)
        guard zmq_z85_encode(&characters, bytes, bytes.count) != nil else { throw .last("encoding a key") }
        return text(characters)
    }

    static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Why a tokenizer file was refused: the file, the place in it and what is wrong there.
public struct TokenizerError: Error, CustomStringConvertible, Equatable {
    /// Path of the tokenizer file.
    public let file: String
    /// The JSON key, such as `model.merges[17]`; empty where the whole file is meant.
    public let key: String
    /// What is wrong, and what would do instead.
    public let reason: String

    public var description: String {
        key.isEmpty ? "\(file): \(reason)" : "\(file): \(key): \(reason)"
    }
}

/// A refusal made while decoding, before the name of the file is known.
struct Refusal: Error {
    let key: String
    let reason: String
}

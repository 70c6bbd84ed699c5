/// A token id that the model has no embedding for.
public struct TokenError: Error, Equatable, CustomStringConvertible {
    /// The id.
    public let token: Int32
    /// Its place among the tokens that were passed, from 0.
    public let index: Int
    /// The embedding's rows, padding rows included.
    public let vocabularySize: Int

    public var description: String {
        "token \(token) (number \(index) of the batch, from 0) is outside the model's vocabulary 0..<\(vocabularySize); "
            + "use the tokenizer that the model was trained with"
    }

    static func check(_ tokens: [Int32], vocabularySize: Int) throws {
        guard let index = tokens.firstIndex(where: { $0 < 0 || $0 >= vocabularySize }) else { return }
        throw TokenError(token: tokens[index], index: index, vocabularySize: vocabularySize)
    }
}

import Testing

/// Text with the ids that Hugging Face's tokenizers gives it.
struct GoldenCase: Sendable, CustomTestStringConvertible {
    let text: String
    let ids: [Int32]

    init(_ text: String, _ ids: [Int32]) {
        self.text = text
        self.ids = ids
    }

    var testDescription: String { text.debugDescription }
}

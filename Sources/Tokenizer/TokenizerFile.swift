/// The parts of a tokenizer.json that decide token ids; decoding refuses whatever else would change them.
struct TokenizerFile: Decodable {
    var addedTokens: [AddedToken]
    var composes: Bool
    var model: Model

    struct AddedToken: Decodable {
        var id: Int32
        var content: String
        var singleWord: Bool
        var stripsLeft: Bool
        var stripsRight: Bool
        var normalized: Bool

        enum CodingKeys: String, CodingKey {
            case id, content, normalized
            case singleWord = "single_word"
            case stripsLeft = "lstrip"
            case stripsRight = "rstrip"
        }
    }

    enum CodingKeys: String, CodingKey {
        case truncation, padding, normalizer, decoder, model
        case addedTokens = "added_tokens"
        case preTokenizer = "pre_tokenizer"
        case postProcessor = "post_processor"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        for key in [CodingKeys.truncation, .padding] where try container.isSet(key) {
            throw Refusal(key: key.rawValue, reason: "not implemented; set it to null")
        }
        addedTokens = try container.decodeIfPresent([AddedToken].self, forKey: .addedTokens) ?? []
        let normalizer = try container.decodeIfPresent(Component.self, forKey: .normalizer)
        try normalizer?.require(["NFC"], key: "normalizer")
        composes = normalizer != nil
        try container.component(.preTokenizer).requireByteLevel(key: "pre_tokenizer")
        try container.component(.decoder).require(["ByteLevel"], key: "decoder")
        try container.decodeIfPresent(Component.self, forKey: .postProcessor)?.require(
            ["ByteLevel"], key: "post_processor")
        model = try container.decode(Model.self, forKey: .model)
    }

    /// A normalizer, pre-tokenizer, post-processor or decoder.
    struct Component: Decodable {
        var type: String
        var addsPrefixSpace: Bool?
        var usesExpression: Bool?

        enum CodingKeys: String, CodingKey {
            case type
            case addsPrefixSpace = "add_prefix_space"
            case usesExpression = "use_regex"
        }

        func require(_ known: [String], key: String) throws {
            guard !known.contains(type) else { return }
            let reason = "'\(type)' is not implemented; known: \(known.joined(separator: ", "))"
            throw Refusal(key: "\(key).type", reason: reason)
        }

        func requireByteLevel(key: String) throws {
            try require(["ByteLevel"], key: key)
            guard addsPrefixSpace == false else {
                throw Refusal(key: "\(key).add_prefix_space", reason: "must be false; true is not implemented")
            }
            guard usesExpression ?? true else {
                throw Refusal(key: "\(key).use_regex", reason: "must be true; false is not implemented")
            }
        }
    }
}

extension KeyedDecodingContainer<TokenizerFile.CodingKeys> {
    /// Whether a key is there and not null.
    fileprivate func isSet(_ key: Key) throws -> Bool {
        guard contains(key) else { return false }
        return try !decodeNil(forKey: key)
    }

    fileprivate func component(_ key: Key) throws -> TokenizerFile.Component {
        guard let component = try decodeIfPresent(TokenizerFile.Component.self, forKey: key) else {
            throw Refusal(key: key.rawValue, reason: "missing; only a ByteLevel one is implemented")
        }
        return component
    }
}

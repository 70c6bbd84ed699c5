extension TokenizerFile {
    /// The byte-pair model: the vocabulary, and merges in the order of their rank.
    struct Model: Decodable {
        var vocabulary: [String: Int32]
        var merges: [Merge]

        struct Merge {
            var left: String
            var right: String
        }

        enum CodingKeys: String, CodingKey {
            case type, dropout, merges
            case vocabulary = "vocab"
            case subwordPrefix = "continuing_subword_prefix"
            case wordSuffix = "end_of_word_suffix"
            case ignoresMerges = "ignore_merges"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            // Files of the first versions leave the type out.
            let type = try container.decodeIfPresent(String.self, forKey: .type) ?? "BPE"
            guard type == "BPE" else {
                throw Refusal(key: "model.type", reason: "'\(type)' is not implemented; known: BPE")
            }
            if let dropout = try container.decodeIfPresent(Double.self, forKey: .dropout), dropout != 0 {
                throw Refusal(key: "model.dropout", reason: "\(dropout) makes ids random; set it to null")
            }
            for key in [CodingKeys.subwordPrefix, .wordSuffix] {
                guard let affix = try container.decodeIfPresent(String.self, forKey: key), !affix.isEmpty else {
                    continue
                }
                throw Refusal(key: "model.\(key.rawValue)", reason: "'\(affix)' is not implemented; set it to null")
            }
            if try container.decodeIfPresent(Bool.self, forKey: .ignoresMerges) ?? false {
                throw Refusal(key: "model.ignore_merges", reason: "true is not implemented; only false is")
            }
            vocabulary = try container.decode([String: Int32].self, forKey: .vocabulary)
            merges = try Self.merges(in: container)
        }

        /// Merges are written `"a b"`, or `["a", "b"]` since tokenizers 0.20.
        private static func merges(in container: KeyedDecodingContainer<CodingKeys>) throws -> [Merge] {
            if let lines = try? container.decode([String].self, forKey: .merges) {
                return try lines.enumerated().map { index, line in
                    let parts = line.split(separator: " ", omittingEmptySubsequences: false)
                    return try merge(parts.map(String.init), index: index)
                }
            }
            let pairs = try container.decode([[String]].self, forKey: .merges)
            return try pairs.enumerated().map { index, pair in try merge(pair, index: index) }
        }

        private static func merge(_ parts: [String], index: Int) throws -> Merge {
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw Refusal(key: "model.merges[\(index)]", reason: "expected two tokens, found \(parts)")
            }
            return Merge(left: parts[0], right: parts[1])
        }
    }
}

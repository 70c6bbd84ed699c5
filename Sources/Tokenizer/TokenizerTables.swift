/// What encoding and decoding look up, made of a file whose entries have been found consistent.
struct TokenizerTables: Sendable {
    let merging: PairMerging
    /// Matched in the text as given.
    let verbatim: AddedTokens
    /// Matched after normalization.
    let normalized: AddedTokens
    let composes: Bool
    let spellings: TokenSpellings

    init(_ file: TokenizerFile) throws {
        let composes = file.composes
        let verbatim = file.addedTokens.filter { !$0.normalized }.map { $0.token(composed: false) }
        let normalized = file.addedTokens.filter(\.normalized).map { $0.token(composed: composes) }
        spellings = TokenSpellings(try Self.entries(of: file), added: verbatim + normalized)
        merging = try Self.merging(of: file.model)
        self.composes = composes
        self.verbatim = AddedTokens(verbatim)
        self.normalized = AddedTokens(normalized)
    }

    /// The entry of each id. Ids are 0, 1, 2 and so on, which bounds every table by the size of the file.
    private static func entries(of file: TokenizerFile) throws -> [String] {
        var owners: [Int32: String] = [:]
        owners.reserveCapacity(file.model.vocabulary.count + file.addedTokens.count)
        for (entry, id) in file.model.vocabulary {
            if let other = owners.updateValue(entry, forKey: id) {
                let pair = [entry, other].sorted()
                throw Refusal(key: "model.vocab", reason: "'\(pair[0])' and '\(pair[1])' have the same id \(id)")
            }
        }
        var ids = file.model.vocabulary
        for (index, token) in file.addedTokens.enumerated() {
            let key = "added_tokens[\(index)]"
            if token.content.isEmpty { throw Refusal(key: key, reason: "its content is empty") }
            if let id = ids[token.content], id != token.id {
                throw Refusal(key: key, reason: "'\(token.content)' has id \(token.id) here, but \(id) elsewhere")
            }
            ids[token.content] = token.id
            if let other = owners.updateValue(token.content, forKey: token.id), other != token.content {
                throw Refusal(key: key, reason: "'\(token.content)' has id \(token.id), which '\(other)' has too")
            }
        }
        return try (0..<Int32(owners.count)).map { id in
            if let entry = owners[id] { return entry }
            let reason = "no token has id \(id), though there are \(owners.count) tokens; ids must have no gaps"
            throw Refusal(key: "model.vocab", reason: reason)
        }
    }

    private static func merging(of model: TokenizerFile.Model) throws -> PairMerging {
        var ranks = PairTable(count: model.merges.count)
        var merged: [Int32] = []
        merged.reserveCapacity(model.merges.count)
        for (rank, merge) in model.merges.enumerated() {
            func id(of entry: String) throws -> Int32 {
                if let id = model.vocabulary[entry] { return id }
                throw Refusal(key: "model.merges[\(rank)]", reason: "'\(entry)' is not in model.vocab")
            }
            ranks[try id(of: merge.left), try id(of: merge.right)] = Int32(rank)
            merged.append(try id(of: merge.left + merge.right))
        }
        let byteTokens = try ByteAlphabet.scalars.enumerated().map { index, scalar in
            if let id = model.vocabulary[String(scalar)] { return id }
            let byte = UInt8(index)
            guard ByteAlphabet.occursInUTF8(byte) else { return Int32(-1) }
            throw Refusal(key: "model.vocab", reason: "'\(scalar)', which stands for byte \(byte), is missing")
        }
        return PairMerging(byteTokens: byteTokens, ranks: ranks, merged: merged)
    }
}

extension TokenizerFile.AddedToken {
    /// The token as it is matched, its content in composed form if the text will be.
    fileprivate func token(composed: Bool) -> AddedTokens.Token {
        var text = content
        let normalized = composed ? text.withUTF8 { CanonicalComposition.compose($0) } : nil
        return AddedTokens.Token(
            id: id, content: normalized.map { String(decoding: $0, as: UTF8.self) } ?? content,
            singleWord: singleWord, stripsLeft: stripsLeft, stripsRight: stripsRight)
    }
}

/// The bytes of every token, one after the other.
struct TokenSpellings: Sendable {
    private var bytes: [UInt8] = []
    /// Where each token starts in `bytes`, and where the last one ends.
    private var starts: [Int] = [0]

    /// An entry of the vocabulary is written in the byte alphabet; an added token spells the text that it matches.
    init(_ entries: [String], added: [AddedTokens.Token]) {
        let added = Dictionary(added.map { ($0.id, $0.content) }, uniquingKeysWith: { $1 })
        starts.reserveCapacity(entries.count + 1)
        for (id, entry) in entries.enumerated() {
            if let content = added[Int32(id)] {
                bytes.append(contentsOf: content.utf8)
            } else {
                bytes.append(contentsOf: ByteAlphabet.bytes(of: entry))
            }
            starts.append(bytes.count)
        }
    }

    var count: Int { starts.count - 1 }

    /// The bytes of a token, none for an id out of range.
    subscript(token: Int32) -> ArraySlice<UInt8> {
        guard token >= 0, Int(token) < count else { return [] }
        return bytes[starts[Int(token)]..<starts[Int(token) + 1]]
    }
}

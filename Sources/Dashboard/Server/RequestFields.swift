import Foundation
import HTTPTypes
import Hummingbird

/// What a request asks for, decoded and bounded.
struct RequestFields {
    private let query: [(name: String, value: String)]
    private let parameters: Parameters

    /// Of a page, whose forms send what was left empty too; the interface's fields are taken by the letter.
    ///
    /// - Throws: ``Refusal`` for what is no query of a form, and in the interface for a field that is given twice.
    init(_ request: Request, _ context: some RequestContext) throws {
        parameters = context.parameters
        let pairs = try Self.form(request.uri.query ?? "")
        guard request.uri.path.hasPrefix("/api/") else {
            query = pairs.filter { !$0.value.isEmpty }
            return
        }
        var seen: Set<String> = []
        if let twice = pairs.first(where: { !seen.insert($0.name).inserted })?.name {
            throw Refusal(.badRequest, "'\(twice.prefix(40))' is given twice")
        }
        query = pairs
    }

    private init(query: [(name: String, value: String)], parameters: Parameters) {
        self.query = query
        self.parameters = parameters
    }

    /// The same with one more field of the query, before the others.
    func adding(_ name: String, _ value: String) -> RequestFields {
        RequestFields(query: [(name, value)] + query, parameters: parameters)
    }

    /// The pairs of `application/x-www-form-urlencoded` text.
    static func form(_ text: String) throws -> [(name: String, value: String)] {
        try text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = parts.map { $0.replacing("+", with: " ").removingPercentEncoding }
            guard let name = decoded.first ?? nil, let value = decoded.count > 1 ? decoded[1] : "" else {
                throw Refusal(.badRequest, "the query is not percent-encoded UTF-8")
            }
            return (name, value)
        }
    }

    /// A part of the path.
    func path(_ name: String) throws -> String {
        guard let text = parameters.get(name)?.removingPercentEncoding else {
            throw Refusal(.badRequest, "the path is not percent-encoded UTF-8")
        }
        return text
    }

    /// A number in the path, from 0.
    func index(_ name: String) throws -> Int {
        let text = try path(name)
        guard let number = Self.number(text), (0..<1 << 31).contains(number) else {
            throw Refusal(.notFound, "there is no \(name) '\(text.prefix(40))': it is a whole number from 0")
        }
        return number
    }

    /// Digits alone: no sign, no blanks.
    private static func number(_ text: String) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }

    /// Whether a field of the query is given.
    func has(_ name: String) -> Bool { query.contains { $0.name == name } }

    /// Characters, as Unicode's scalars, that a text of the query has at most.
    static let textLimit = 200

    /// A text of the query; empty where it is not given.
    func text(_ name: String) throws -> String {
        let text = query.first { $0.name == name }?.value ?? ""
        guard text.unicodeScalars.count <= Self.textLimit else {
            throw Refusal(
                .badRequest, "'\(name)' has \(text.unicodeScalars.count) characters; at most \(Self.textLimit) are read"
            )
        }
        return text
    }

    /// A whole number of the query; nil where it is not given.
    func number(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard has(name) else { return nil }
        let text = try text(name)
        guard let number = Self.number(text), range.contains(number) else {
            throw Refusal(
                .badRequest,
                "'\(name)' is a whole number from \(range.lowerBound) to \(range.upperBound), "
                    + "not '\(text.prefix(40))'")
        }
        return number
    }

    /// One of some words; the first where it is not given.
    func word<Word: RawRepresentable & CaseIterable>(_ name: String, of type: Word.Type) throws -> Word
    where Word.RawValue == String {
        let text = try text(name)
        let words = Array(Word.allCases)
        if !has(name), let first = words.first { return first }
        guard let word = Word(rawValue: text) else {
            let known = words.map(\.rawValue).joined(separator: ", ")
            throw Refusal(.badRequest, "'\(name)' is one of \(known), not '\(text.prefix(40))'")
        }
        return word
    }
}

extension String {
    /// The text as one part of a path, or one value of a query.
    var percentEncoded: String {
        let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }
}

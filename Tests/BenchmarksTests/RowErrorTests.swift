import Benchmarks
import Foundation
import Testing

/// Bad files, and what they are answered with.
struct RowErrorTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        var benchmark = BenchmarkName.lambadaOpenAI
        var bytes: [UInt8]
        var labels: String?
        var limit: Int?
        let message: String

        init(
            _ name: String, _ benchmark: BenchmarkName, _ text: String, labels: String? = nil,
            limit: Int? = nil, _ message: String
        ) {
            self.name = name
            self.benchmark = benchmark
            self.bytes = Array(text.utf8)
            self.labels = labels
            self.limit = limit
            self.message = message
        }

        /// Text in place of LAMBADA's rows.
        init(_ name: String, _ text: String, limit: Int? = nil, _ message: String) {
            self.init(name, .lambadaOpenAI, text, limit: limit, message)
        }

        var testDescription: String { name }
    }

    static let piqa = #"{"goal":"g","sol1":"a","sol2":"b"}"#
    static let arc = #"{"id":"x","question":"q","choices":{"text":["a","b"],"label":["A","B"]},"answerKey":"A"}"#
    static let wino = #"{"sentence":"a _ b","option1":"x","option2":"y","answer":"1"}"#
    static let hella = #"{"activity_label":"l","ctx_a":"a","ctx_b":"b","endings":["1","2","3","4"],"label":"0"}"#

    static let files: [Case] = [
        .init("an empty file", "", "rows.jsonl: no rows; expected one JSON object a line"),
        .init("only blank lines", "\n \r\n\n", "rows.jsonl: no rows; expected one JSON object a line"),
        .init(
            "a blank line between rows", "{\"text\":\"a b\"}\n\n{\"text\":\"a b\"}\n",
            "rows.jsonl:2: a blank line between rows; remove it"),
        .init(
            "a limit of nothing", "{\"text\":\"a b\"}\n", limit: 0,
            "rows.jsonl: a limit of 0 leaves no rows; give at least 1, or none for all"),
        .init("a bare string", "\"text\"\n", "rows.jsonl:1: a string, where a row is an object with keys"),
        .init("a bare array", "[1,2]", "rows.jsonl:1: an array, where a row is an object with keys"),
        .init("no JSON", "text,label\na,b", "rows.jsonl:1: not valid JSON at byte 1: expected a value"),
        .init(
            "a truncated row", "{\"text\":\"a b\"}\n{\"text\":\"a",
            "rows.jsonl:2: not valid JSON at byte 11: the text ends inside a string"),
        .init(
            "an open object", "{\"text\":\"a\"",
            "rows.jsonl:1: not valid JSON at byte 12: the text ends where '}' is expected"),
        .init("a missing colon", "{\"text\" \"a\"}", "rows.jsonl:1: not valid JSON at byte 9: expected ':'"),
        .init(
            "two rows on a line", "{\"text\":\"a\"}{\"text\":\"b\"}",
            "rows.jsonl:1: not valid JSON at byte 13: text after the end of the value"),
        .init(
            "a key twice", "{\"text\":\"a\",\"text\":\"b\"}",
            "rows.jsonl:1: not valid JSON at byte 13: key 'text' occurs twice"),
        .init(
            "a raw tab", "{\"text\":\"a\tb\"}",
            "rows.jsonl:1: not valid JSON at byte 11: a control character inside a string; write it as an escape"),
        .init("an unknown escape", #"{"text":"\x"}"#, "rows.jsonl:1: not valid JSON at byte 11: an unknown escape"),
        .init(
            "half a surrogate pair", #"{"text":"\ud800 \udc00"}"#,
            "rows.jsonl:1: not valid JSON at byte 12: half of a surrogate pair"),
        .init(
            "a low surrogate too low", #"{"text":"\ud800\u0041"}"#,
            "rows.jsonl:1: not valid JSON at byte 12: half of a surrogate pair"),
        .init(
            "a short escape", #"{"text":"\u12"}"#,
            "rows.jsonl:1: not valid JSON at byte 14: expected four hexadecimal digits"),
        .init("not a number", #"{"text":NaN}"#, "rows.jsonl:1: not valid JSON at byte 9: expected a value"),
        .init(
            "a number with a bare point", #"{"text":1.}"#, "rows.jsonl:1: not valid JSON at byte 11: expected a digit"),
        .init(
            "deep nesting", String(repeating: "[", count: 100_000),
            "rows.jsonl:1: not valid JSON at byte 65: more than 64 levels of nesting"),
    ]

    static let rows: [Case] = [
        .init("no text", #"{"txt":"a"}"#, "rows.jsonl:1: no key 'text'; the row has 'txt'"),
        .init("no keys", "{}", "rows.jsonl:1: no key 'text'; the row has no keys"),
        .init("a number for a text", #"{"text":7}"#, "rows.jsonl:1: key 'text' holds a number, not a string"),
        .init("no passage", #"{"text":""}"#, "rows.jsonl:1: key 'text' is empty"),
        .init(
            "a solution missing in the second row", .piqa, piqa + "\n" + #"{"goal":"g","sol1":"a"}"#, labels: "0\n1\n",
            "rows.jsonl:2: no key 'sol2'; the row has 'goal', 'sol1', 'label'"),
        .init(
            "no labels", .piqa, piqa,
            "rows.jsonl:1: no key 'label', and no file of labels was given;"
                + " add `labels:` (the publisher's valid-labels.lst)"),
        .init(
            "too few labels", .piqa, piqa + "\n" + piqa, labels: "0\n",
            "rows.lst: 1 label for 2 rows of rows.jsonl; take both files from the same release and split"),
        .init(
            "too many labels under a limit", .piqa, piqa + "\n" + piqa, labels: "0\n1\n1\n", limit: 1,
            "rows.lst: 3 labels for 2 rows of rows.jsonl; take both files from the same release and split"),
        .init(
            "an unknown label", .piqa, piqa + "\n" + piqa, labels: "0\n2\n", "rows.lst:2: label '2' is none of 0, 1"),
        .init(
            "a label of the row out of range", .piqa, #"{"goal":"g","sol1":"a","sol2":"b","label":-1}"#,
            "rows.jsonl:1: key 'label' holds '-1', which is none of 0, 1"),
        .init(
            "labels that contradict the rows", .winogrande, wino, labels: "2\n",
            "rows.jsonl:1: key 'answer' holds '1', but rows.lst:1 has another label; the files do not belong together"),
        .init("no blank", .winogrande, wino.replacing("_", with: "-"), "rows.jsonl:1: key 'sentence' has no blank '_'"),
        .init(
            "the hidden answer of a test split", .winogrande, wino.replacing(#""1""#, with: #""""#),
            "rows.jsonl:1: key 'answer' holds '', which is none of 1, 2"),
        .init(
            "labels for ARC", .arcEasy, arc, labels: "0\n",
            "rows.lst: arc_easy keeps its labels in the rows; leave `labels:` out"),
        .init(
            "an answer that is no choice", .arcEasy, arc.replacing(#":"A""#, with: #":"E""#),
            "rows.jsonl:1: key 'answerKey' holds 'E', which is none of A, B"),
        .init(
            "fewer labels than choices", .arcChallenge, arc.replacing(#"["A","B"]"#, with: #"["A"]"#),
            "rows.jsonl:1: key 'choices' holds 2 texts and 1 labels"),
        .init(
            "a number among the choices", .arcChallenge, arc.replacing(#""b""#, with: "2"),
            "rows.jsonl:1: key 'choices.text[1]' holds a number, not a string"),
        .init(
            "AI2's first layout", .arcEasy, #"{"id":"x","question":{"stem":"q","choices":[]},"answerKey":"A"}"#,
            "rows.jsonl:1: key 'question' holds an object, not a string"),
        .init(
            "choices without text", .arcEasy, #"{"question":"q","choices":{},"answerKey":"A"}"#,
            "rows.jsonl:1: no key 'text' in 'choices'"),
        .init(
            "one choice", .arcEasy, #"{"question":"q","choices":{"text":["a"],"label":["A"]},"answerKey":"A"}"#,
            "rows.jsonl:1: key 'choices' holds fewer than two choices"),
        .init(
            "three endings", .hellaswag, hella.replacing(#","4""#, with: ""),
            "rows.jsonl:1: key 'endings' holds 3 endings, not 4"),
        .init(
            "the hidden label of a test split", .hellaswag, hella.replacing(#""0""#, with: #""""#),
            "rows.jsonl:1: key 'label' holds '', which is none of 0, 1, 2, 3"),
        .init(
            "a label that is a truth value", .hellaswag, hella.replacing(#""0""#, with: "true"),
            "rows.jsonl:1: key 'label' holds a truth value, not a label"),
    ]

    @Test("a bad file or row is answered with its place and the reason", arguments: files + rows)
    func message(_ example: Case) throws {
        let message = try Folder.message(
            example.benchmark, bytes: example.bytes, labels: example.labels, limit: example.limit)
        #expect(message == example.message)
    }

    @Test("a byte that is not UTF-8 is named, also where the file ends")
    func invalidUTF8() throws {
        let row = Array(#"{"text":"a b"}"#.utf8)
        let inside = row + [0x0A] + Array("{\"text\":\"é ".utf8) + [0xFF, 0x22, 0x7D]
        #expect(
            try Folder.message(.lambadaOpenAI, bytes: inside)
                == "rows.jsonl:2: not valid UTF-8 at byte 13; save the file as UTF-8")
        #expect(
            try Folder.message(.lambadaOpenAI, bytes: row + [0xE2, 0x82])
                == "rows.jsonl:1: not valid UTF-8 at byte 15; save the file as UTF-8")
    }

    @Test("a file that is missing or a folder is named")
    func missing() throws {
        let folder = try Folder()
        let missing = #expect(throws: BenchmarkError.self) {
            try documents(benchmark: .piqa, data: folder.file("absent.jsonl"))
        }
        #expect(missing?.description == "absent.jsonl: no such file")
        let directory = #expect(throws: BenchmarkError.self) {
            try documents(benchmark: .piqa, data: FileManager.default.temporaryDirectory)
        }
        #expect(directory?.message == "a folder, where a file is expected")
    }

    @Test("rows cut at every byte give an error or a document, never a crash")
    func truncation() throws {
        for (benchmark, row) in [(BenchmarkName.arcEasy, Self.arc), (.hellaswag, Self.hella), (.winogrande, Self.wino)]
        {
            let bytes = Array(row.utf8)
            for end in bytes.indices.dropFirst() {
                #expect(try Folder.message(benchmark, bytes: Array(bytes[..<end])) != nil)
            }
            #expect(try Folder.message(benchmark, bytes: bytes) == nil)
        }
    }
}

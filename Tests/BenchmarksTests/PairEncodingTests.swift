import Benchmarks
import TestSupport
import Testing
import Tokenizer

/// How a context and a continuation share the tokens of their text. Token ids are those of Hugging Face's tokenizers.
@Suite(.enabled(if: Shared.isAvailable, Shared.explanation))
struct PairEncodingTests {
    func encode(_ context: String, _ continuation: String) throws -> EncodedRequest {
        let document = Document(
            id: 4, source: "{}", docHash: "", gold: nil,
            requests: [Request(context: context, continuation: continuation)], target: continuation)
        return try document.encodedRequests(with: HarnessTests.tokenizer.get())[0]
    }

    @Test("an empty context is the end-of-text token", arguments: ["", " ", "\n\u{A0}"])
    func emptyContext(_ context: String) throws {
        let tokenizer = try HarnessTests.tokenizer.get()
        let encoded = try encode(context, " word")
        #expect(encoded.context == [EncodedRequest.endOfText])
        #expect(encoded.continuation == tokenizer.encode(context + " word"))
    }

    @Test(
        "white space at the end of the context belongs to the continuation", arguments: [" ", "  ", "\n", "\u{3000}"])
    func trailingSpace(_ space: String) throws {
        let tokenizer = try HarnessTests.tokenizer.get()
        let encoded = try encode("The end" + space, " now")
        #expect(encoded.context == tokenizer.encode("The end"))
        #expect(encoded.context + encoded.continuation == tokenizer.encode("The end\(space) now"))
    }

    @Test("tokens that merge over the boundary are cut by count")
    func merging() throws {
        let tokenizer = try HarnessTests.tokenizer.get()
        let whole = tokenizer.encode("hello world peace")
        let encoded = try encode("hello w", "orld peace")
        #expect(encoded.context == tokenizer.encode("hello w"))
        #expect(encoded.continuation == Array(whole.dropFirst(encoded.context.count)))
    }

    @Test("a continuation without a token of its own is an error that names the document")
    func nothingLeft() throws {
        let error = #expect(throws: UnscorableRequest.self) { try encode("word", "") }
        #expect(
            error?.description
                == "document 4, request 0: the continuation has no token of its own after its context;"
                + " correct the row or leave it out")
    }
}

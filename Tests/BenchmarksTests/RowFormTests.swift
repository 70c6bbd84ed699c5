import Benchmarks
import Testing

/// What a row becomes: its text, its `doc` and its hashes.
struct RowFormTests {
    @Test("line ends of Windows, a byte order mark and blank lines at the end are no part of the rows")
    func lineEnds() throws {
        let text = "\u{FEFF}{\"text\":\"a b\"}\r\n{\"text\":\"c d\"}\r\n\r\n\n"
        let documents = try Folder.documents(.lambadaOpenAI, text)
        #expect(
            documents.map(\.requests) == [
                [.init(context: "a", continuation: " b")], [.init(context: "c", continuation: " d")],
            ])
    }

    @Test("a limit takes rows from the top and leaves the others unread")
    func limit() throws {
        let text = "{\"text\":\"a b\"}\n{\"text\":\"c d\"}\nnot a row\n"
        #expect(try Folder.documents(.lambadaOpenAI, text, limit: 2).map(\.id) == [0, 1])
        #expect(try Folder.documents(.lambadaOpenAI, "{\"text\":\"a b\"}", limit: 9).count == 1)
    }

    @Test(
        "LAMBADA is cut at its last space",
        arguments: [
            ("one", "", " one"), ("a  b", "a ", " b"), ("a b ", "a b", " "), ("a\nb c\nd", "a\nb", " c\nd"),
            ("é\u{301} e\u{301}", "é\u{301}", " e\u{301}"),
        ])
    func lambada(text: String, context: String, continuation: String) throws {
        let document = try Folder.documents(.lambadaOpenAI, "{\"text\":\"\(text.replacing("\n", with: "\\n"))\"}")[0]
        #expect(Array(document.requests[0].context.utf8) == Array(context.utf8))
        #expect(Array(document.requests[0].continuation.utf8) == Array(continuation.utf8))
        #expect(document.target == document.requests[0].continuation)
    }

    @Test("WinoGrande puts each option at the first blank and asks for the stripped rest")
    func winogrande() throws {
        let row = #"{"qID":"1","sentence":"A _ B _ \u00a0","option1":"x ","option2":"y","answer":"2"}"#
        let document = try Folder.documents(.winogrande, row)[0]
        #expect(document.requests.map(\.context) == ["A x ", "A y"])
        #expect(document.requests.map(\.continuation) == [" B _", " B _"])
        #expect(document.gold == 1)
        #expect(document.target == "B _")
        #expect(!document.source.contains("qID"))
    }

    @Test("a label file and a label in the row give the same document")
    func labels() throws {
        let split = try Folder.documents(.piqa, #"{"goal":"g","sol1":"a","sol2":"b"}"#, labels: "1\n")
        let whole = try Folder.documents(.piqa, #"{"goal":"g","sol1":"a","sol2":"b","label":1}"#)
        #expect(split == whole)
        #expect(split[0].source == #"{"goal": "g", "sol1": "a", "sol2": "b", "label": 1}"#)
    }

    @Test("the publisher's HellaSwag row and the hub's give the same document")
    func hellaswagLayouts() throws {
        let publisher = #"""
            {"ind":3,"activity_label":"l","ctx_a":"a","ctx_b":"b","ctx":"a b","split":"val","split_type":"indomain","label":2,"endings":["1","2","3","4"],"source_id":"s"}
            """#
        let hub = #"""
            {"ind":3,"activity_label":"l","ctx_a":"a","ctx_b":"b","ctx":"a b","endings":["1","2","3","4"],"source_id":"s","split":"val","split_type":"indomain","label":"2"}
            """#
        #expect(try Folder.documents(.hellaswag, publisher) == Folder.documents(.hellaswag, hub))
    }

    /// Expected contexts come from Python's `strip`, `capitalize`, `replace` and `re.sub`.
    @Test(
        "HellaSwag's text is cleaned as Python cleans it",
        arguments: [
            ("Label", "[header] How [title] Go [step] now", "x", "Label: How. Go now X"),
            (" L ", "a  b   c    d", "HELLO World", "L : a b  c  d Hello world"),
            ("L", "keep [not\nclosed] but [this] goes []", "ßtart", "L: keep [not\nclosed] but goes Sstart"),
            ("L", "a [title]b [title] c", "ǆungla", "L: a. b. c ǅungla"),
            ("[x] L", "tail \u{A0}\u{2003}", "\u{3000} ", " L: tail"),
            (
                "L", "nested [a [b] c] d ]", "ὈΔΥΣΣΕΎΣ Σ ΑΣ'Α ΑΣ.", "L: nested c] d ] Ὀδυσσεύς σ ασ'α ας."
            ),
            ("L", "[\u{301} combining] x\r\n y", "", "L: x\r\n y"),
            ("\u{1C}\u{85}L", "[unclosed", "ﬁn", "L: [unclosed Fin"),
        ])
    func hellaswagText(label: String, a: String, b: String, context: String) throws {
        func quoted(_ text: String) -> String {
            let escapes = text.unicodeScalars.map { scalar in
                let digits = String(scalar.value, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            return "\"\(escapes.joined())\""
        }
        let row = """
            {"activity_label":\(quoted(label)),"ctx_a":\(quoted(a)),"ctx_b":\(quoted(b)),\
            "endings":[" [x] a","[title] b  c","d [title] e","f"],"label":1}
            """
        let document = try Folder.documents(.hellaswag, row)[0]
        #expect(Array(document.requests[0].context.utf8) == Array(context.utf8))
        #expect(document.requests.map(\.continuation) == ["  a", "  b c", " d. e", " f"])
    }

    /// The hash is Python's: hashlib.sha256(json.dumps(doc, indent=2, ensure_ascii=False).encode()).hexdigest().
    @Test("numbers, escapes and empty containers of a row are written as Python writes them")
    func pythonDump() throws {
        let row = #"""
            {"ind":-0,"activity_label":"A\u0001\u007f\b\f\n\r\t\"\\\/","ctx_a":"\ud83d\ude00 \u2028 é e\u0301",\#
            "ctx_b":"ŞİRİN ΟΔΟΣ ΣΑΣ. straße","endings":["a","b","c","d"],"label":"3","n":{"floats":[1.0,1e16,1e15,\#
            123456789012345680.0,0.0001,0.00001,-0.0,5e-324,1.7976931348623157e308,1e999,-1E-7,2.5e3,\#
            17000000000000000.0,100,0.1,123.456e-2,9007199254740993.0,1e22,1e23,12345678901234567.0],\#
            "ints":[-0,123456789012345678901234567890],"empty":[{},[],"",null,true,false],\#
            "nested":[[1,[2]],{"a":{"b":[]}}]}}
            """#
        let document = try Folder.documents(.hellaswag, row)[0]
        #expect(document.docHash == "2533c82cfc2b6cf168aff3bcdcfa02a2bdfd42a45624b107d26489d4d905ac5e")
        #expect(
            document.source.contains(
                "[1.0, 1e+16, 1000000000000000.0, 1.2345678901234568e+17, 0.0001, 1e-05, -0.0, 5e-324, "
                    + "1.7976931348623157e+308, Infinity, -1e-07, 2500.0, 1.7e+16, 100, 0.1, 1.23456, "
                    + "9007199254740992.0, 1e+22, 1e+23, 1.2345678901234568e+16]"))
    }
}

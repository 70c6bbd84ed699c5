import Testing

/// Hostile text with its ids, made with tokenizers 0.23.3 (PyPI) from the GPT-NeoX file:
/// `Tokenizer.from_file("tokenizer.json").encode(text, add_special_tokens=False).ids`
enum HuggingFaceGolden {
    static let plain: [GoldenCase] = [
        GoldenCase("", []),
        GoldenCase("a", [66]),
        GoldenCase(" ", [209]),
        GoldenCase("Hello, world!", [12092, 13, 1533, 2]),
        GoldenCase(" Hello", [24387]),
        GoldenCase("hello  world", [25521, 50276, 10186]),
        GoldenCase("The tide was 3.5 m at 06:40.", [510, 26816, 369, 495, 15, 22, 278, 387, 17796, 27, 1449, 15]),
        GoldenCase("snake_case __init__ _x_", [11489, 640, 64, 5045, 4772, 4478, 876, 795, 89, 64]),
        GoldenCase("CamelCase42x", [14651, 293, 11247, 2945, 89]),
        GoldenCase("1234567890 12 3", [42594, 25025, 2270, 1249, 495]),
    ]

    static let apostrophes: [GoldenCase] = [
        GoldenCase(
            "it's we'll I'd they've you're I'm don't",
            [262, 434, 359, 1833, 309, 1871, 597, 1849, 368, 1472, 309, 1353, 1053, 626]),
        GoldenCase("IT'S WE'LL 'S", [1433, 8, 52, 13573, 8, 2293, 686, 52]),
        GoldenCase("don\u{2019}t", [9903, 457, 85]),
        GoldenCase(" 's", [686, 84]),
        GoldenCase("''s", [6267, 84]),
        GoldenCase("'sa 'lll 'r 'v 'l '", [434, 66, 686, 620, 77, 686, 83, 686, 87, 686, 77, 686]),
        GoldenCase("\n's _'s 1's", [187, 434, 795, 8, 84, 337, 434]),
        GoldenCase("rock 'n' roll", [16249, 686, 79, 8, 4533]),
    ]

    static let spaces: [GoldenCase] = [
        GoldenCase("a b", [66, 270]),
        GoldenCase(" a", [247]),
        GoldenCase("a ", [66, 209]),
        GoldenCase("a  b", [66, 50276, 67]),
        GoldenCase("a   b", [66, 50275, 67]),
        GoldenCase("a    b ", [66, 50274, 67, 209]),
        GoldenCase("  ", [50276]),
        GoldenCase("   x", [50275, 89]),
        GoldenCase("                        ", [50254]),
        GoldenCase("                         ", [50254, 209]),
        GoldenCase("x                          y", [89, 50254, 50276, 90]),
        GoldenCase("                                                ", [50254, 50254]),
        GoldenCase(
            "                                                                                                    end",
            [50254, 50254, 50254, 50254, 50274, 423]),
        GoldenCase("a \n b", [66, 2490, 270]),
        GoldenCase("a  \n  b", [66, 50276, 187, 50276, 67]),
        GoldenCase("\n\n\n x", [2756, 1269]),
        GoldenCase("\t\tx", [186, 186, 89]),
        GoldenCase("a\t b", [66, 186, 270]),
        GoldenCase("a\r\nb\r\n", [66, 190, 187, 67, 2379]),
        GoldenCase("\r\n \r\n", [4256, 2379]),
        GoldenCase("\u{A0}x \u{A0}y\u{A0}\u{A0}z", [575, 89, 209, 575, 90, 575, 575, 91]),
        GoldenCase("a\u{2003}\u{2003}b", [66, 3930, 3930, 67]),
        GoldenCase("\u{3000}\u{3000}\u{4E2D}", [19409, 19409, 13609]),
        GoldenCase("\u{85}x\u{2028}y\u{2029}", [16643, 89, 40702, 90, 325, 104]),
        GoldenCase("\u{1680}a\u{202F}\u{205F}b", [157, 237, 211, 66, 14808, 25086, 242, 67]),
        GoldenCase("a\u{200B}b\u{FEFF}c", [66, 12882, 67, 41497, 68]),
        GoldenCase("x \u{B}\u{C} y", [89, 209, 188, 189, 340]),
        GoldenCase("\u{1C}\u{1D}z", [205, 206, 91]),
    ]

    static let added: [GoldenCase] = [
        GoldenCase("<|endoftext|>", [0]),
        GoldenCase("a<|endoftext|>b", [66, 0, 67]),
        GoldenCase("<|endoftext|><|padding|>", [0, 1]),
        GoldenCase(" <|endoftext|>  <|padding|>   x", [209, 0, 50276, 1, 50275, 89]),
        GoldenCase("<|endoftext|", [29, 93, 423, 1171, 1156, 93]),
        GoldenCase("<<|endoftext|>>", [29, 0, 31]),
        GoldenCase("<|end<|endoftext|>oftext|>", [29, 93, 423, 0, 1171, 1156, 49651]),
        GoldenCase("e<|endoftext|>\u{301}", [70, 0, 136, 212]),
        GoldenCase("<|endoftext|>\u{301} e", [0, 136, 212, 299]),
        GoldenCase("<|ENDOFTEXT|>", [29, 93, 8112, 48, 5518, 9465, 49651]),
    ]

    static let marks: [GoldenCase] = [
        GoldenCase("e\u{301}", [860]),
        GoldenCase("\u{E9}", [860]),
        GoldenCase("e\u{327}\u{301} e\u{301}\u{327}", [132, 104, 136, 212, 209, 132, 104, 136, 212]),
        GoldenCase("\u{1112}\u{1161}\u{11AB}\u{1100}\u{1173}\u{11AF}", [39742, 36178, 211]),
        GoldenCase("\u{D55C}\u{11A8}", [39742, 157, 217, 103]),
        GoldenCase("\u{212B} \u{2126} \u{F900}", [18221, 1454, 104, 209, 37300, 219]),
        GoldenCase(
            "\u{344}\u{F73}\u{F75}\u{F81}",
            [49233, 111, 49233, 111, 49233, 111, 49233, 112, 156, 124, 211, 49233, 114, 136, 219, 136, 212]),
        GoldenCase("\u{345}\u{F73}\u{334}", [136, 114, 49233, 111, 49233, 112, 137, 216]),
        GoldenCase("a\u{315}\u{300}\u{5AE}\u{302}", [5991, 146, 108, 136, 213, 136, 232]),
        GoldenCase(
            "\u{915}\u{94D}\u{937}\u{93F} \u{928}\u{92E}\u{938}\u{94D}\u{924}\u{947}",
            [24381, 17665, 2483, 117, 20489, 6280, 103, 32191, 28733, 17665, 23936, 15472]),
        GoldenCase("\u{958}", [24381, 2483, 122]),
        GoldenCase("\u{CCB}\u{CC6}\u{CC2}\u{CD5}", [28888, 222, 28888, 222]),
        GoldenCase("\u{10041}\u{301}", [172, 227, 212, 212, 136, 212]),
        GoldenCase("\u{1D15E}", [172, 240, 216, 234, 172, 240, 216, 100]),
        GoldenCase("\u{5D0}\u{5B7}\u{5D1}\u{5BC}", [21677, 146, 117, 27339, 146, 122]),
        GoldenCase(
            "Z\u{351}\u{36B}\u{343}A\u{334}\u{321}L", [59, 137, 228, 137, 106, 136, 230, 34, 136, 114, 136, 96, 45]),
    ]

    // Scalars newer than Unicode 9, beyond which Hugging Face does not compose, and 16, beyond which it knows no letter.
    static let newer: [GoldenCase] = [
        GoldenCase("\u{11935}\u{11930}", [172, 228, 99, 115, 172, 228, 99, 110]),
        GoldenCase("a\u{1DFA}\u{300}", [66, 157, 117, 120, 136, 211]),
        GoldenCase("a\u{1E94A}\u{D3B}\u{334}", [66, 172, 241, 100, 221, 12483, 121, 136, 114]),
        GoldenCase("\u{105D2}\u{307}", [172, 227, 234, 229, 136, 218]),
        GoldenCase("\u{1C89}\u{A7CB}", [157, 112, 220, 166, 242, 222]),
        GoldenCase("\u{A7CE}\u{16EA0} x", [166, 242, 225, 172, 233, 120, 243, 1269]),
        GoldenCase("\u{1DF95}\u{88F}", [172, 240, 124, 232, 156, 97, 226]),
    ]

    static let scripts: [GoldenCase] = [
        GoldenCase(
            "\u{4E2D}\u{6587}\u{5B57}\u{7B26}\u{FF0C}\u{65E5}\u{672C}\u{8A9E}\u{3067}\u{3059}\u{3002}",
            [13609, 20855, 30886, 18947, 101, 6238, 49868, 19119, 241, 20776, 4340]),
        GoldenCase(
            "\u{416}\u{438}\u{437}\u{43D}\u{44C} \u{43F}\u{440}\u{435}\u{43A}\u{440}\u{430}\u{441}\u{43D}\u{430}",
            [140, 233, 21887, 1640, 4169, 7486, 14742, 1697, 15712, 14933]),
        GoldenCase(
            "\u{645}\u{631}\u{62D}\u{628}\u{627} \u{663}\u{664}\u{665}",
            [5843, 6900, 21931, 13621, 3142, 209, 149, 98, 149, 99, 149, 100]),
        GoldenCase("\u{5E9}\u{5DC}\u{5D5}\u{5DD}", [26344, 20770, 12859, 240]),
        GoldenCase("\u{E2A}\u{E27}\u{E31}\u{E2A}\u{E14}\u{E35}", [41387, 31081, 25160, 41387, 35071, 26863]),
        GoldenCase("\u{1208}\u{120D}", [157, 219, 219, 157, 219, 224]),
        GoldenCase(
            "\u{216B} \u{BD} \u{B2} \u{325F} \u{2460}",
            [158, 216, 106, 24142, 1191, 112, 209, 159, 220, 242, 3384, 228, 243]),
        GoldenCase("\u{967}\u{968} a\u{968}b", [6123, 102, 6123, 103, 247, 6123, 103, 67]),
        GoldenCase("\u{1D7D8}\u{1D400}", [172, 240, 242, 235, 172, 240, 227, 211]),
        GoldenCase("\u{2B0}\u{1C5}\u{2C7F}", [134, 110, 131, 216, 158, 111, 125]),
        GoldenCase("\u{10D3}\u{10D4}", [7226, 230, 36017]),
    ]

    static let symbols: [GoldenCase] = [
        GoldenCase(
            "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}",
            [14931, 228, 103, 325, 224, 14931, 228, 104, 325, 224, 14931, 228, 102]),
        GoldenCase(
            "\u{1F3F3}\u{FE0F}\u{200D}\u{1F308} \u{1F1E9}\u{1F1EA}",
            [14931, 226, 113, 171, 118, 226, 325, 224, 14931, 223, 219, 22692, 218, 104, 14931, 218, 105]),
        GoldenCase("\u{1F44D}\u{1F3FD}\u{1F44D}", [14931, 228, 224, 14931, 226, 123, 14931, 228, 224]),
        GoldenCase("\u{A9}\u{2122} \u{20AC}5", [17737, 14313, 17275, 22]),
        GoldenCase("\u{0}\u{1}\u{1F}\u{7F}\u{80}\u{9F}", [177, 178, 208, 210, 9589, 24625]),
        GoldenCase("a\u{0}b", [66, 177, 67]),
        GoldenCase("\u{FFFE}\u{FFFF}\u{10FFFF}", [171, 125, 124, 171, 125, 125, 176, 226, 125, 125]),
        GoldenCase("\u{FFFD}", [21478]),
        GoldenCase("\u{E000} \u{F0000}", [170, 211, 211, 209, 175, 110, 211, 211]),
        GoldenCase("---===***///", [1532, 16536, 9264, 10638]),
        GoldenCase("\u{201C}quoted\u{201D} \u{2014} \u{2026}", [1628, 371, 4225, 668, 1905, 8139]),
    ]

    /// Bytes, some invalid as UTF-8, with the ids of `bytes.decode("utf-8", "replace")`.
    struct ByteCase: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let ids: [Int32]

        init(_ bytes: [UInt8], _ ids: [Int32]) {
            self.bytes = bytes
            self.ids = ids
        }

        var testDescription: String { "\(bytes)" }
    }

    static let bytes: [ByteCase] = [
        ByteCase([0x61, 0x62, 0x63, 0xC3], [19758, 21478]),
        ByteCase([0x61, 0x62, 0x63, 0xE4, 0xB8], [19758, 21478]),
        ByteCase([0xF0, 0x9F, 0x91], [21478]),
        ByteCase([0x80, 0x61, 0x62, 0x63], [21478, 19758]),
        ByteCase([0x61, 0xFF, 0x62, 0xFE], [66, 21478, 67, 21478]),
        ByteCase([0xC0, 0xAF, 0x78], [42481, 89]),
        ByteCase([0xED, 0xA0, 0x80], [42481, 21478]),
        ByteCase([0xF4, 0x90, 0x80, 0x80], [42481, 42481]),
        ByteCase([0xE0, 0x80, 0xAF, 0x7A], [42481, 21478, 91]),
        ByteCase([0xF0, 0x80, 0x80, 0xAF], [42481, 42481]),
        ByteCase([0x65, 0xCC], [70, 21478]),
        ByteCase([0xCC, 0x81, 0x65], [136, 212, 70]),
        ByteCase([0xE2, 0x28, 0xA1], [21478, 9, 21478]),
        ByteCase([], []),
    ]

    static let all = plain + apostrophes + spaces + added + marks + newer + scripts + symbols
}

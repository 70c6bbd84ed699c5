import Foundation
import Reports
import Testing

@Suite("Short names of reductions")
struct LabelTests {
    /// Five hundred and more that differ in each way there is: in the amount, in a key that only some have, in what a
    /// scope or a variant brings with it, and in what no label says.
    private static let many: [String] = {
        var all = [#"{"method":"none"}"#, "no JSON", #"{"keep_ratio":0.7,"layers":[1,3],"method":"evit"}"#]
        for flops in stride(from: 0.01, to: 0.6, by: 0.01) {
            let amount = String(format: "\"flops\":%.2f", flops)
            all += [
                #"{\#(amount),"method":"pumer"}"#, #"{\#(amount),"layers":[1,3],"method":"pumer"}"#,
                #"{"align":"end",\#(amount),"method":"utrc","scope":"context","variant":"paper"}"#,
                #"{"align":"start",\#(amount),"method":"utrc","scope":"sequence","variant":"paper"}"#,
                #"{"align":"end",\#(amount),"method":"utrc","scope":"context","source":"hidden","variant":"released"}"#,
                #"{"align":"start",\#(amount),"method":"ltmp","scope":"context","seed":null}"#,
                #"{"align":"end",\#(amount),"method":"ltmp","scope":"context","seed":2}"#,
                #"{\#(amount),"importance":"clip","method":"evit","seed":"2"}"#,
                #"{\#(amount),"importance":"clip","method":"evit","seed":2}"#,
            ]
        }
        return all
    }()

    @Test("of hundreds are what comparing each with each gives, and no two are the same")
    func manyReductions() {
        #expect(Self.many.count > 500)
        let labels = reductionLabels(Self.many)
        #expect(labels == NaiveLabels(Self.many).labels)
        #expect(Set(labels).count == labels.count)
    }

    @Test(
        "of a few of them are what comparing each with each gives",
        arguments: [
            [0, 3], [3, 4], [3, 4, 5], [5, 6, 7], [5, 14], [8, 9], [10, 11], [2, 10, 11], [1, 1, 2], [],
        ])
    func fewReductions(places: [Int]) {
        let few = places.map { Self.many[$0] }
        #expect(reductionLabels(few) == NaiveLabels(few).labels)
    }
}

/// The labels' definition, each reduction held against each other: quadratic, and what the product's must equal.
private struct NaiveLabels {
    private struct Settings {
        let json: String
        /// Without nulls; values as JSON writes them.
        var values: [String: String] = [:]
        /// As labels write them.
        var texts: [String: String] = [:]
        var method: String { texts["method"] ?? json }

        init(_ json: String) {
            self.json = json
            let parsed = try? JSONSerialization.jsonObject(with: Data(json.utf8))
            for (key, value) in parsed as? [String: Any] ?? [:] where !(value is NSNull) {
                let items = (value as? [Any]).map { $0.map(Self.text).joined(separator: ",") }
                texts[key] = items ?? Self.text(value)
                values[key] = (value is String ? "text " : "") + (texts[key] ?? "")
            }
        }

        private static func text(_ value: Any) -> String {
            guard let number = (value as? NSNumber)?.doubleValue else { return "\(value)" }
            return Int(exactly: number).map(String.init) ?? number.description
        }
    }

    let labels: [String]

    init(_ reductions: [String]) {
        let all = Set(reductions).sorted().map(Settings.init)
        let short = all.map { Self.name($0, Self.telling($0, all, orMissing: false)) }
        var labels: [String: String] = [:]
        for (settings, name) in zip(all, short) {
            let isAlone = short.count { $0 == name } == 1
            let full = Self.name(settings, Self.telling(settings, all, orMissing: !isAlone))
            let candidates = [full] + (2...(all.count + 1)).map { "\(full) (\($0))" }
            labels[settings.json] = candidates.first { !labels.values.contains($0) }
        }
        self.labels = reductions.map { labels[$0] ?? "" }
    }

    private static func name(_ settings: Settings, _ keys: [String]) -> String {
        ([settings.method] + keys.map { "\($0)=\(settings.texts[$0] ?? "")" }).joined(separator: " ")
    }

    private static func telling(_ settings: Settings, _ all: [Settings], orMissing: Bool) -> [String] {
        let siblings = all.filter { $0.method == settings.method }
        var keys = settings.values.keys.filter { $0 != "method" }.filter { key in
            let differs = { (others: [Settings]) in others.contains { $0.values[key] != settings.values[key] } }
            let owners = siblings.filter { orMissing || $0.values[key] != nil }
            return ["flops", "keep_ratio"].contains(key) || differs(owners)
                || key == "scope" && differs(all.filter { $0.values[key] != nil })
                || key == "variant" && settings.texts[key] != "paper"
        }
        for (key, cause) in [("align", "scope"), ("source", "variant")] where keys.contains(cause) {
            let alike = siblings.filter { $0.values[cause] == settings.values[cause] }
            if alike.allSatisfy({ $0.values[key] == settings.values[key] }) { keys.removeAll { $0 == key } }
        }
        let order = [
            "flops", "keep_ratio", "variant", "scope", "align", "importance", "source", "layers", "hidden_prune",
            "residual_prune", "seed",
        ]
        return keys.sorted { (order.firstIndex(of: $0) ?? 99, $0) < (order.firstIndex(of: $1) ?? 99, $1) }
    }
}

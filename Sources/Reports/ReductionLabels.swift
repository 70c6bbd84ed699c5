import Foundation

/// Short names for a run's reductions: the method, how far it goes, and whatever else tells it from its siblings.
struct ReductionLabels {
    private var labels: [String: String] = [:]

    /// `reductions` are canonical JSON.
    init(_ reductions: [String]) {
        let parsed = Set(reductions).sorted().map { ($0, ReductionLabels.settings($0)) }
        for (reduction, settings) in parsed {
            let siblings = parsed.map(\.1).filter { $0["method"] == settings["method"] }
            let details = settings.keys.sorted().filter { key in
                guard key != "method", settings[key] != "null" else { return false }
                return ["flops", "keep_ratio"].contains(key)
                    || siblings.contains { $0[key] != settings[key] }
            }
            let words = [settings["method"] ?? reduction] + details.map { "\($0)=\(settings[$0] ?? "")" }
            labels[reduction] = words.joined(separator: " ")
        }
    }

    /// The label of one of the reductions.
    subscript(reduction: String) -> String { labels[reduction] ?? reduction }

    /// The values of a flat JSON object as text; nothing for anything else.
    static func settings(_ reduction: String) -> [String: String] {
        let object = try? JSONDecoder().decode([String: Setting].self, from: Data(reduction.utf8))
        return object?.mapValues(\.text) ?? [:]
    }
}

/// A value of a reduction's JSON as a label shows it.
private struct Setting: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
        if var list = try? decoder.unkeyedContainer() {
            var items: [String] = []
            while !list.isAtEnd { items.append(try list.decode(Setting.self).text) }
            text = items.joined(separator: ",")
            return
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            text = "null"
        } else if let flag = try? container.decode(Bool.self) {
            text = String(flag)
        } else if let integer = try? container.decode(Int.self) {
            text = String(integer)
        } else if let number = try? container.decode(Double.self) {
            text = number.description
        } else {
            text = try container.decode(String.self)
        }
    }
}

import Benchmarks
import Foundation
import Jobs
import Mamba
import ModelFiles
import Operations
import Testing

@Suite("The schema of job files")
struct SchemaTests {
    typealias Object = [String: Any]

    /// The value at a path of keys.
    func value(_ path: String...) throws -> Any {
        let data = Data(JobFile.schema.utf8)
        return try path.reduce(JSONSerialization.jsonObject(with: data)) { value, key in
            try #require((value as? Object)?[key], "\(path)")
        }
    }

    /// The mapping among the alternatives of a definition.
    func mapping(_ definition: String) throws -> Object {
        let choices = try #require(value("$defs", definition, "anyOf") as? [Object])
        return try #require(choices.first { $0["properties"] != nil })
    }

    /// What one value of a reduction's key may be.
    func value(of key: Reduction.Key) throws -> Object {
        let properties = try #require(mapping("reduction")["properties"] as? [String: Object])
        return try #require((properties[key.rawValue]?["anyOf"] as? [Object])?.first)
    }

    func read(_ reduction: String) throws -> Reduction? {
        let text = "name: x\nmodels: [mamba2-2.7b]\nbenchmarks: [piqa]\nreductions: [\(reduction)]\n"
        return try JobFile(yaml: text, file: "job.yaml", folder: URL(fileURLWithPath: "/")).reductions.first
    }

    @Test("the repository's schema is what the program prints")
    func committed() throws {
        let file = PublishedJobs.folder.appendingPathComponent("schema.json")
        #expect(try String(contentsOf: file, encoding: .utf8) == JobFile.schema, "coord schema > jobs/schema.json")
    }

    @Test(
        "each mapping has the keys that the reader accepts, and no others",
        arguments: ["", "model", "benchmark", "measure"])
    func keys(of level: String) throws {
        let schema =
            try level.isEmpty
            ? #require(JSONSerialization.jsonObject(with: Data(JobFile.schema.utf8)) as? Object)
            : level == "measure" ? #require(value("$defs", level) as? Object) : mapping(level)
        #expect(schema["additionalProperties"] as? Bool == false)
        let text =
            switch level {
            case "model": "name: x\nmodels: [{zzzzzz: 1}]\n"
            case "measure": "name: x\nmodels: [mamba-130m]\nefficiency: [{zzzzzz: 1}]\nreductions: [none]\n"
            case "benchmark": "name: x\nmodels: [mamba-130m]\nbenchmarks: [{zzzzzz: 1}]\n"
            default: "zzzzzz: 1\n"
            }
        let error = try #require(throws: JobFileError.self) {
            try JobFile(yaml: text, file: "job.yaml", folder: URL(fileURLWithPath: "/"))
        }
        let known = try #require(error.message.split(separator: ": ").last)
        let keys = try #require(schema["properties"] as? Object).keys
        #expect(keys.sorted() == known.split(separator: ", ").map(String.init).sorted())
    }

    @Test("a reduction has every key of a reduction, and enumerations every name")
    func names() throws {
        let properties = try #require(mapping("reduction")["properties"] as? Object)
        #expect(properties.keys.sorted() == Reduction.Key.allCases.map(\.rawValue).sorted())
        let tables: [(Reduction.Key, [String])] = [
            (.method, Reduction.Method.allCases.map(\.rawValue)), (.importance, Importance.allCases.map(\.rawValue)),
            (.source, Reduction.Source.allCases.map(\.rawValue)), (.scope, Reduction.Scope.allCases.map(\.rawValue)),
            (.align, Reduction.Alignment.allCases.map(\.rawValue)),
            (.variant, Reduction.Variant.allCases.map(\.rawValue)),
        ]
        for (key, names) in tables { #expect(try value(of: key)["enum"] as? [String] == names) }
        let benchmarks = try #require(value("$defs", "benchmark", "anyOf") as? [Object])
        #expect(benchmarks.first?["enum"] as? [String] == BenchmarkName.allCases.map(\.rawValue))
        let models = try #require((value("$defs", "model", "anyOf") as? [Object])?.first?["enum"] as? [String])
        #expect(models.allSatisfy { PublishedShape(rawValue: $0) != nil } && models.count == 10)
    }

    @Test("the reader takes a number at each bound of the schema and refuses the next beyond")
    func ranges() throws {
        for key in [Reduction.Key.flops, .keepRatio, .hiddenPrune, .residualPrune, .seed] {
            let bounds = try value(of: key)
            let method = key == .seed ? "random" : "utrc"
            let rest = key == .flops || key == .keepRatio ? "" : ", flops: 0.1"
            func isRead(_ number: NSNumber) -> Bool {
                (try? read("{method: \(method)\(rest), \(key.rawValue): \(number)}")) != nil
            }
            let isWhole = bounds["type"] as? String == "integer"
            #expect(isRead(0.5) == !isWhole)
            let step = isWhole ? 1 : 0.001
            for (bound, outwards) in [
                ("minimum", -step), ("exclusiveMinimum", -step), ("maximum", step), ("exclusiveMaximum", step),
            ] {
                guard let limit = bounds[bound] as? NSNumber else { continue }
                #expect(isRead(limit) == !bound.hasPrefix("exclusive"), "\(key) \(limit)")
                let beyond =
                    isWhole
                    ? NSNumber(value: limit.intValue + Int(outwards)) : NSNumber(value: limit.doubleValue + outwards)
                #expect(!isRead(beyond), "\(key) \(beyond)")
            }
        }
    }

    @Test("a default of the schema is what the reader takes without the key")
    func defaults() throws {
        for key in Reduction.Key.allCases {
            guard let standard = try value(of: key)["default"] else { continue }
            let method = key == .seed ? "random" : "utrc"
            let plain = try read("{method: \(method), flops: 0.1}")
            #expect(try read("{method: \(method), flops: 0.1, \(key.rawValue): \(standard)}") == plain, "\(key)")
        }
    }

    @Test(
        "under each method and variant the schema forbids the keys that the reader refuses",
        arguments: Reduction.Method.allCases)
    func conditions(method: Reduction.Method) throws {
        guard method != .none else { return }
        let values: [(Reduction.Key, String)] = [
            (.importance, "clip"), (.source, "block"), (.hiddenPrune, "0.5"), (.residualPrune, "0"), (.seed, "1"),
        ]
        for variant in method.variants {
            let forbidden = try forbidden(method, variant)
            for (key, value) in values {
                let text =
                    "{method: \(method.rawValue), variant: \(variant.rawValue), flops: 0.1, \(key.rawValue): \(value)}"
                #expect(((try? read(text)) == nil) == forbidden.contains(key.rawValue), "\(text)")
            }
        }
    }

    /// The keys that the schema's conditions forbid where this method and variant are named.
    private func forbidden(_ method: Reduction.Method, _ variant: Reduction.Variant) throws -> Set<String> {
        let conditions = try #require(mapping("reduction")["allOf"] as? [Object])
        var keys: Set<String> = []
        for condition in conditions {
            let text = String(decoding: try JSONSerialization.data(withJSONObject: condition["if"] ?? 0), as: UTF8.self)
            guard text.contains("\"const\":\"\(method.rawValue)\""), text.contains("\"const\":\"\(variant.rawValue)\"")
            else { continue }
            let properties = (condition["then"] as? Object)?["properties"] as? Object ?? [:]
            for (key, value) in properties where value as? Bool == false { keys.insert(key) }
        }
        return keys
    }
}

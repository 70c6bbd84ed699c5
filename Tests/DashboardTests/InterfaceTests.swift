import Dashboard
import Foundation
import Testing
import Wire

/// Holds a JSON value to a schema of the OpenAPI document; says where it differs.
private struct SchemaCheck {
    let document: [String: Any]

    func faults(_ value: Any, _ schema: [String: Any], at place: String = "$") -> [String] {
        if let reference = schema["$ref"] as? String {
            let name = reference.split(separator: "/").last.map(String.init) ?? ""
            let components = (document["components"] as? [String: Any])?["schemas"] as? [String: Any]
            guard let target = components?[name] as? [String: Any] else { return ["\(place): no schema \(name)"] }
            return faults(value, target, at: place)
        }
        if let options = schema["anyOf"] as? [[String: Any]] {
            return options.contains { faults(value, $0).isEmpty } ? [] : ["\(place): none of anyOf"]
        }
        switch schema["type"] as? String {
        case "object": return objectFaults(value, schema, place)
        case "array":
            guard let items = value as? [Any], let schema = schema["items"] as? [String: Any] else {
                return ["\(place): no array"]
            }
            return items.enumerated().flatMap { faults($1, schema, at: "\(place)[\($0)]") }
        case "string":
            guard let text = value as? String else { return ["\(place): no string"] }
            let words = schema["enum"] as? [String]
            return words.map { $0.contains(text) } ?? true ? [] : ["\(place): '\(text)' is not listed"]
        case "boolean": return value is Bool ? [] : ["\(place): no boolean"]
        case "integer":
            return (value as? NSNumber).map { $0.doubleValue == $0.doubleValue.rounded() } ?? false
                ? [] : ["\(place): no integer"]
        case "number": return value is NSNumber ? [] : ["\(place): no number"]
        case "null": return value is NSNull ? [] : ["\(place): not null"]
        default: return ["\(place): a schema without a type"]
        }
    }

    private func objectFaults(_ value: Any, _ schema: [String: Any], _ place: String) -> [String] {
        guard let object = value as? [String: Any] else { return ["\(place): no object"] }
        guard let properties = schema["properties"] as? [String: [String: Any]] else { return [] }
        let required = schema["required"] as? [String] ?? []
        return required.filter { object[$0] == nil }.map { "\(place).\($0): missing" }
            + object.keys.filter { properties[$0] == nil }.map { "\(place).\($0): not described" }
            + object.sorted { $0.key < $1.key }.flatMap { name, value in
                properties[name].map { faults(value, $0, at: "\(place).\(name)") } ?? []
            }
    }
}

@Suite("The dashboard's interface for programs", .serialized)
struct InterfaceTests {
    /// A request of each route.
    private static let requests = [
        "/api/v1/runs": "/api/v1/runs?limit=1",
        "/api/v1/runs/{run}": "/api/v1/runs/sample",
        "/api/v1/runs/{run}/cells": "/api/v1/runs/sample/cells",
        "/api/v1/runs/{run}/cells/{cell}/examples": "/api/v1/runs/sample/cells/1/examples?against=0&limit=3",
        "/api/v1/runs/{run}/cells/{cell}/examples/{example}": "/api/v1/runs/sample/cells/1/examples/2",
        "/api/v1/runs/{run}/cells/{cell}/examples/{example}/reduction":
            "/api/v1/runs/sample/cells/1/examples/2/reduction?choice=1",
        "/api/v1/workers": "/api/v1/workers",
        "/api/v1/compare": "/api/v1/compare?baseline=sample&baseline_label=none&candidate_label=utrc+flops%3D0.2",
        "/api/v1/events": "/api/v1/events?limit=2",
        // Of a coordinator that shares no models.
        "/models/{model}": "/models/0123", "/models/{model}/{file}": "/models/0123/4567",
    ]

    private static var status: LiveStatus {
        let worker = WireStatus.Worker.with {
            ($0.key, $0.state) = ("k", "working")
            $0.device = .with { ($0.name, $0.kind, $0.architecture) = ("NVIDIA H200", "cuda", "sm_90") }
            $0.work = [.with { ($0.job, $0.run, $0.cell, $0.examples, $0.examplesDone) = ("j", "sample", "c", 3, 1) }]
        }
        let older = WireStatus.Worker.with { ($0.key, $0.state) = ("l", "idle") }
        return LiveStatus(
            build: "0.1", incarnation: 1_700_000_000_123, workers: [worker, older],
            runs: [
                LiveRun(run: "sample", rows: 15, rowsExpected: 20, tokensLeft: 9, awaitedPrecisions: ["bf16"])
            ], backlogSeconds: 3)
    }

    @Test("every route of the OpenAPI document answers what it says, to the last field")
    func openAPI() async throws {
        try await Stage.with(status: Self.status) { stage async throws in
            let document = try await stage.browser.get("/api/v1/openapi.json").object()
            #expect(document["openapi"] as? String == "3.1.0")
            let paths = try #require(document["paths"] as? [String: [String: Any]])
            #expect(Set(paths.keys) == Set(Self.requests.keys).union(["/api/v1/stream"]))
            let check = SchemaCheck(document: document)
            for (path, target) in Self.requests.sorted(by: { $0.key < $1.key }) {
                let answer = try await stage.browser.get(target)
                let operation = paths[path]?["get"] as? [String: Any]
                let responses = try #require(operation?["responses"] as? [String: [String: Any]])
                let response = try #require(responses["\(answer.status)"], "\(path) answers \(answer.status)")
                let contents = try #require(response["content"] as? [String: [String: Any]])
                let type = try #require(answer.headers["content-type"])
                let schema = try #require(contents[type]?["schema"] as? [String: Any], "\(path) answers \(type)")
                #expect(check.faults(try answer.json(), schema) == [], "\(path)")
            }
        }
    }

    @Test("refusals are problems as RFC 9457 has them")
    func problems() async throws {
        try await Stage.with { stage async throws in
            let answer = try await stage.browser.get("/api/v1/runs/nobody")
            #expect(answer.headers["content-type"] == "application/problem+json")
            let problem = try answer.object()
            #expect(problem["status"] as? Int == 404)
            #expect((problem["detail"] as? String)?.contains("nobody") == true)
        }
    }

    @Test("a cell's metrics come with their intervals, and with how much of it is there")
    func cells() async throws {
        try await Stage.with { stage async throws in
            let cells = try await stage.browser.get("/api/v1/runs/sample/cells").object()["cells"] as? [[String: Any]]
            let cell = try #require(cells?.last)
            #expect(cell["rows"] as? Int == 5 && cell["rows_expected"] as? Int == 10)
            #expect(cell["is_complete"] as? Bool == false)
            let metrics = try #require(cell["metrics"] as? [[String: Any]])
            #expect(metrics.first?["value"] as? Double == 1)
            #expect((metrics.first?["interval"] as? [Double])?.count == 2)
        }
    }

    @Test("metrics are counters and gauges with units in their names, and hostile labels stay inside their quotes")
    func metrics() async throws {
        var status = Self.status
        status.workers[0].name = "a\"b\\c\nd"
        status.counters = [
            LiveCounter(name: "rows_stored", value: 15), LiveCounter(name: "commit_milliseconds", value: 1_500),
        ]
        try await Stage.with(status: status) { stage async throws in
            let text = try await stage.browser.get("/metrics").text
            #expect(text.contains("molt_rows_stored_total 15\n"))
            #expect(text.contains("molt_commit_seconds_total 1.5\n"))
            #expect(text.contains(#"name="a\"b\\c\nd""#))
            #expect(text.contains("molt_run_rows{run=\"sample\"} 15\n"))
            #expect(text.contains("molt_coordinator_up 1\n"))
            stage.coordinator.say(nil)
            #expect(try await stage.browser.get("/metrics").text.contains("molt_coordinator_up 0\n"))
        }
    }

    @Test("a run that waits for a precision says so, on its page, in the interface and in the metrics")
    func awaitedPrecision() async throws {
        try await Stage.with(status: Self.status) { stage async throws in
            let run = try await stage.browser.get("/api/v1/runs/sample").object()
            #expect(run["awaited_precisions"] as? [String] == ["bf16"])
            let page = try await stage.browser.get("/runs/sample").text
            #expect(page.contains("Waits for a worker that computes in bf16"))
            let metrics = try await stage.browser.get("/metrics").text
            #expect(metrics.contains("molt_run_waiting_for_precision{run=\"sample\"} 1\n"))
            #expect(metrics.contains("molt_run_waiting_for_engine{run=\"sample\"} 0\n"))
        }
    }

    @Test("readiness follows the coordinator, life does not")
    func health() async throws {
        try await Stage.with { stage async throws in
            #expect(try await stage.browser.get("/readyz").status == 200)
            stage.coordinator.say(nil)
            #expect(try await stage.browser.get("/readyz").status == 503)
            #expect(try await stage.browser.get("/healthz").status == 200)
        }
    }
}

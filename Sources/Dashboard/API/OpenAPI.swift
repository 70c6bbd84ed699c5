import OrderedJSON

/// The description of the JSON interface, made of what its answers are made of.
enum OpenAPI {
    /// A parameter of a path or a query.
    struct Parameter: Sendable {
        let name: String
        let place: String
        let schema: JSONText
        let text: String
        var isRequired = false

        static func path(_ name: String, _ schema: JSONText, _ text: String) -> Parameter {
            Parameter(name: name, place: "path", schema: schema, text: text, isRequired: true)
        }

        static func query(_ name: String, _ schema: JSONText, _ text: String, isRequired: Bool = false) -> Parameter {
            Parameter(name: name, place: "query", schema: schema, text: text, isRequired: isRequired)
        }

        static func header(_ name: String, _ schema: JSONText, _ text: String) -> Parameter {
            Parameter(name: name, place: "header", schema: schema, text: text)
        }

        var json: JSONText {
            [
                "name": .string(name), "in": .string(place), "required": .bool(isRequired), "schema": schema,
                "description": .string(text),
            ]
        }
    }

    /// What a route answers with.
    enum Content: Sendable {
        /// JSON of a schema of the document.
        case json(String)
        /// Events, without an end.
        case stream
        /// A file, whole or in part.
        case file
    }

    /// A route.
    struct Route: Sendable {
        let path: String
        let title: String
        var parameters: [Parameter] = []
        let answer: Content
        /// Statuses of refusals.
        var refusals: [Int] = []

        var json: JSONText {
            let refused = ([401, 414, 421] + refusals).sorted().map { status -> (String, JSONText) in
                let content: JSONText = [
                    "application/problem+json": ["schema": Schema.named("Problem").json]
                ]
                return ("\(status)", ["description": "A refusal, as RFC 9457 has it.", "content": content])
            }
            return [
                "get": [
                    "summary": .string(title), "parameters": .array(parameters.map(\.json)),
                    "responses": .object(found + refused),
                ]
            ]
        }

        private var found: [(String, JSONText)] {
            switch answer {
            case .json(let name): Self.found(name)
            case .stream:
                [("200", Self.text("Events, without an end.", ["text/event-stream": ["schema": ["type": "string"]]]))]
            case .file:
                [
                    ("200", Self.text("The whole file.", ["application/octet-stream": [:]])),
                    ("206", Self.text("The part that Range asks for.", ["application/octet-stream": [:]])),
                    ("416", ["description": "Range begins behind the file's end."]),
                ]
            }
        }

        private static func text(_ description: String, _ content: JSONText) -> JSONText {
            ["description": .string(description), "content": content]
        }

        private static func found(_ answer: String) -> [(String, JSONText)] {
            let found: JSONText = [
                "description": "The answer.",
                "headers": ["ETag": ["schema": ["type": "string"], "description": "For If-None-Match."]],
                "content": ["application/json": ["schema": Schema.named(answer).json]],
            ]
            return [("200", found), ("304", ["description": "What If-None-Match names is current."])]
        }
    }

    private static let run = Parameter.path("run", ["type": "string"], "The run's name.")
    private static let cell = Parameter.path(
        "cell", ["type": "integer", "minimum": 0], "The cell's place in its run, from 0.")
    private static let example = Parameter.path(
        "example", ["type": "integer", "minimum": 0], "The document's row in its data file, from 0.")

    private static func words(_ words: [String]) -> JSONText {
        ["type": "string", "enum": .array(words.map { .string($0) })]
    }

    private static func number(_ range: ClosedRange<Int>, default value: Int? = nil) -> JSONText {
        var members: [(String, JSONText)] = [
            ("type", "integer"), ("minimum", .integer(range.lowerBound)), ("maximum", .integer(range.upperBound)),
        ]
        if let value { members.append(("default", .integer(value))) }
        return .object(members)
    }

    private static let text: JSONText = ["type": "string", "maxLength": .integer(RequestFields.textLimit)]
    private static let name: JSONText = [
        "type": "string", "minLength": 1, "maxLength": .integer(RequestFields.textLimit),
    ]
    private static let hash: JSONText = ["type": "string", "pattern": "^[0-9a-f]{64}$"]
    private static let model = Parameter.path("model", hash, "The model's content by its SHA-256, as runs name it.")
    private static let eventID = number(0...Int.max)

    /// Every route besides this document.
    static let routes: [Route] = [
        Route(
            path: "/api/v1/runs", title: "Runs, newest first.",
            parameters: [
                .query("state", words(Site.StateFilter.allCases.map(\.rawValue)), "Runs in this state only."),
                .query("before", name, "The last run of the page before."),
                .query("limit", number(1...200, default: 50), "Runs a page."),
            ], answer: .json("Runs"), refusals: [400, 404]),
        Route(
            path: "/api/v1/runs/{run}", title: "One run.", parameters: [run], answer: .json("Run"),
            refusals: [400, 404]),
        Route(
            path: "/api/v1/runs/{run}/cells", title: "A run's cells with their metrics.", parameters: [run],
            answer: .json("Cells"), refusals: [400, 404, 503]),
        Route(
            path: "/api/v1/runs/{run}/cells/{cell}/examples", title: "Scored examples of a cell, in document order.",
            parameters: [
                run, cell, .query("filter", words(ExampleFilter.allCases.map(\.rawValue)), "Which examples."),
                .query("against", number(0...1_000_000), "A cell of the same benchmark to compare with."),
                .query("q", text, "What the document contains."),
                .query("after", number(0...Int(Int32.max)), "The last example of the page before."),
                .query("limit", number(1...200, default: 50), "Examples a page."),
            ], answer: .json("Examples"), refusals: [400, 404, 422]),
        Route(
            path: "/api/v1/runs/{run}/cells/{cell}/examples/{example}",
            title: "One example with every method's answer.", parameters: [run, cell, example],
            answer: .json("Example"),
            refusals: [400, 404]),
        Route(
            path: "/api/v1/runs/{run}/cells/{cell}/examples/{example}/reduction",
            title: "Which tokens the cell's reduction removed or merged at each layer; computed on demand.",
            parameters: [
                run, cell, example, .query("choice", number(0...1_000, default: 0), "Which of the choices."),
            ], answer: .json("Reduction"), refusals: [400, 404, 422, 503]),
        Route(path: "/api/v1/workers", title: "The connected workers.", answer: .json("Workers"), refusals: [503]),
        Route(
            path: "/api/v1/compare", title: "Two runs, or two reductions, document by document.",
            parameters: [
                .query("baseline", name, "The run to compare against.", isRequired: true),
                .query("candidate", text, "The run to compare; the same where it is left out."),
                .query("baseline_label", text, "A reduction of the baseline by its label."),
                .query("candidate_label", text, "A reduction of the candidate by its label."),
            ], answer: .json("Comparison"), refusals: [400, 404, 422, 503]),
        Route(
            path: "/api/v1/events", title: "What happened, oldest first.",
            parameters: [
                .query("after", eventID, "The id of the last event of the page before."),
                .query("limit", number(1...500, default: 100), "Events a page."),
            ], answer: .json("Events"), refusals: [400]),
        Route(
            path: "/api/v1/stream",
            title: "Server-sent events: hello, status, journal with the id to go on from, ready, reload.",
            parameters: [
                .header("Last-Event-ID", eventID, "The last event that was heard; what was missed is told first."),
                .query("after", eventID, "The same, for who cannot send the header."),
            ], answer: .stream, refusals: [400, 503]),
        Route(
            path: "/models/{model}", title: "A model's files, where the coordinator shares its models.",
            parameters: [model], answer: .json("Model"), refusals: [400, 404, 409]),
        Route(
            path: "/models/{model}/{file}", title: "A file of a model, or a part of it.",
            parameters: [
                model, .path("file", hash, "The file's content by its SHA-256."),
                .header("Range", ["type": "string"], "Which bytes: bytes=FIRST-LAST or bytes=FIRST-."),
                .header("If-Range", ["type": "string"], "The ETag that the part must belong to."),
            ], answer: .file, refusals: [400, 404, 409]),
    ]

    private static let schemas: [(String, Schema)] = [
        ("Answer", AnswerJSON.schema), ("Cell", CellJSON.schema), ("Cells", CellsJSON.schema),
        ("Comparison", comparison), ("Event", EventJSON.schema), ("Events", EventsJSON.schema),
        ("Example", ExampleJSON.schema), ("Examples", ExamplesJSON.schema),
        ("ListedExample", ListedExampleJSON.schema), ("Model", listing), ("Problem", Problem.schema),
        ("Reduction", ReductionJSON.schema), ("Run", RunJSON.schema), ("Runs", RunsJSON.schema),
        ("Worker", WorkerJSON.schema), ("Workers", WorkersJSON.schema),
    ]

    /// As `coord compare --json` prints it.
    private static let comparison = Schema.object([
        .init("baseline", .string), .init("candidate", .string), .init("partial", .boolean),
        .init(
            "families",
            .array(
                .object([
                    .init("question", .string), .init("title", .string), .init("baseline", .string),
                    .init("tests", .integer), .init("comparisons", .array(.open)),
                ]))), .init("unmatched", .array(.string)),
    ])

    /// As `CheckpointListing` is written.
    private static let listing = Schema.object([
        .init("id", .string), .init("sha256", .string),
        .init(
            "files",
            .array(.object([.init("name", .string), .init("size", .integer), .init("sha256", .string)]))),
    ])

    /// The document.
    static let document: JSONText = [
        "openapi": "3.1.0",
        "info": [
            "title": "Molt dashboard", "version": "1",
            "description": "What a coordinator's dashboard shows, for programs. Everything is read-only.",
        ],
        "security": .array([[:], ["token": .array([])]]),
        "paths": .object(routes.map { ($0.path, $0.json) }),
        "components": [
            "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
            "schemas": .object(schemas.map { ($0.0, $0.1.json) }),
        ],
    ]
}

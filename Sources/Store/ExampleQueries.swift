import Cluster
import Foundation
import GRDB
import Wire

/// What displays ask of one run, cell or example: queries that read no more rows than they return, or one cell's.
extension StoreView {
    /// Every run without the counts of its rows, oldest first.
    public func runHeads() throws -> [RunHead] {
        try Row.fetchAll(db, sql: Self.headSelection + " ORDER BY runs.id").map(runHead)
    }

    /// One run without the counts of its rows; nil for an unknown one.
    public func runHead(_ run: RunID) throws -> RunHead? {
        try Row.fetchOne(db, sql: Self.headSelection + " WHERE runs.run = ?", arguments: [run]).map(runHead)
    }

    /// The job file of a run as canonical JSON; nil for an unknown one.
    public func job(run: RunID) throws -> String? {
        try String.fetchOne(db, sql: "SELECT job FROM runs WHERE run = ?", arguments: [run])
    }

    /// The cells of a run in the manifest's order, without counts.
    public func cellHeads(run: RunID) throws -> [CellHead] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT cells.id, cells.ordinal, models.model, cells.reduction, benchmarks.benchmark, cells.precision,
                    cells.benchmark
                FROM cells JOIN models ON models.id = cells.model JOIN benchmarks ON benchmarks.id = cells.benchmark
                WHERE cells.run = (SELECT id FROM runs WHERE run = ?) ORDER BY cells.ordinal
                """, arguments: [run]
        ).map {
            CellHead(
                id: $0[0], ordinal: $0[1], model: $0[2], reduction: $0[3], benchmark: $0[4], precision: $0[5],
                benchmarkID: $0[6])
        }
    }

    /// Scored examples of a cell above document `after`, in document order. What their documents say is `texts`' to tell.
    ///
    /// - Parameters:
    ///   - other: a cell of the same benchmark whose scores come along where it has them.
    ///   - text: what the document contains, upper or lower case alike in ASCII; empty for any.
    ///   - onlyDisagreeing: those with a second result that differs.
    public func scoredExamples(
        cell: CellHead, against other: CellHead? = nil, containing text: String = "", onlyDisagreeing: Bool = false,
        after: Int = -1, limit: Int
    ) throws -> [ScoredExample] {
        let cursor = try Row.fetchCursor(
            db,
            sql: """
                SELECT s.example, s.choices, o.choices, e.gold, e.characters, e.bytes,
                    EXISTS (SELECT 1 FROM disagreements AS x WHERE x.cell = s.cell AND x.example = s.example)
                FROM scores AS s
                JOIN examples AS e ON e.benchmark = :benchmark AND e.example = s.example
                LEFT JOIN scores AS o ON o.cell = :other AND o.example = s.example
                WHERE s.cell = :cell AND s.example > :after
                    AND (:text = '' OR EXISTS (
                        SELECT 1 FROM documents AS d WHERE d.benchmark = :benchmark AND d.example = s.example
                            AND instr(lower(d.doc), lower(:text)) > 0))
                    AND (NOT :disagreeing OR EXISTS (
                        SELECT 1 FROM disagreements AS x WHERE x.cell = s.cell AND x.example = s.example))
                ORDER BY s.example LIMIT :limit
                """,
            arguments: [
                "benchmark": cell.benchmarkID, "cell": cell.id, "other": other?.id, "after": after, "text": text,
                "disagreeing": onlyDisagreeing, "limit": limit,
            ])
        var examples: [ScoredExample] = []
        while let row = try cursor.next() {
            examples.append(
                ScoredExample(
                    example: row[0], choices: try choices(row[1]),
                    otherChoices: try (row[2] as Data?).map { try choices($0) }, gold: row[3],
                    characters: Self.numbers(row[4]), bytes: Self.numbers(row[5]), disagrees: row[6]))
        }
        return examples
    }

    /// Documents of a benchmark, JSON text as lm-evaluation-harness sees it, by index; unknown ones are left out.
    public func texts(benchmark: Int64, examples: [Int]) throws -> [Int: String] {
        let statement = try db.cachedStatement(
            sql: "SELECT doc FROM documents WHERE benchmark = ? AND example = ?")
        var texts: [Int: String] = [:]
        for example in examples {
            texts[example] = try String.fetchOne(statement, arguments: [benchmark, example])
        }
        return texts
    }

    /// A document of a benchmark with its requests in tokens; nil for an unknown one.
    public func document(benchmark: Int64, example: Int) throws -> (record: DocumentRecord, requests: WireExample)? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT example, doc, doc_hash, target, gold, prompts, characters, bytes, tokens, requests
                FROM documents JOIN examples USING (benchmark, example) WHERE benchmark = ? AND example = ?
                """, arguments: [benchmark, example])
        guard let row else { return nil }
        let pairs = PromptGroups.pairs(try list(row[5], of: [String].self))
        let (characters, bytes) = (Self.numbers(row[6]), Self.numbers(row[7]))
        guard pairs.count == characters.count, pairs.count == bytes.count,
            let requests = try? WireExample(serializedBytes: row[9] as Data)
        else { throw StoreError.unreadable(path: path, detail: "document \(example) cannot be decoded") }
        let prompts = pairs.indices.map {
            ManifestExample.Prompt(
                context: pairs[$0].context, continuation: pairs[$0].continuation, characters: characters[$0],
                bytes: bytes[$0])
        }
        let record = DocumentRecord(
            index: row[0], document: row[1], documentHash: row[2], target: row[3], gold: row[4], prompts: prompts,
            tokens: row[8])
        return (record, requests)
    }

    /// The stored row of one example in a cell, and who computed it; nil while there is none.
    public func score(cell: Int64, example: Int) throws -> ExampleScore? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT scores.choices, scores.tokens, scores.flops_reduction, workers.worker, engines.engine
                FROM scores JOIN engines ON engines.id = scores.engine
                JOIN leases ON leases.shard = scores.shard AND leases.epoch = scores.epoch
                JOIN workers ON workers.id = leases.worker
                WHERE scores.cell = ? AND scores.example = ?
                """, arguments: [cell, example]
        ).map {
            ExampleScore(
                choices: try choices($0[0]), tokens: $0[1], flopsReduction: $0[2], worker: $0[3], engine: $0[4])
        }
    }

    private static let headSelection = """
        SELECT runs.run, runs.name, runs.build, runs.priority, runs.state, runs.created, runs.finished,
            (SELECT count(*) FROM cells WHERE cells.run = runs.id),
            (SELECT count(*) FROM cells JOIN given_up AS g ON g.cell = cells.id
                WHERE cells.run = runs.id AND NOT EXISTS (
                    SELECT 1 FROM scores WHERE scores.cell = g.cell AND scores.example = g.example))
        FROM runs
        """

    private func runHead(_ row: Row) throws -> RunHead {
        RunHead(
            run: row[0], name: row[1], build: row[2], priority: row[3],
            state: try value(row[4], as: RunState.self), created: row[5], finished: row[6], cells: row[7],
            failures: row[8])
    }

    /// `[1,2,3]`, as the store writes it.
    private static func numbers(_ json: String) -> [Int] {
        json.split { !$0.isASCII || !($0.isNumber || $0 == "-") }.compactMap { Int($0) }
    }
}

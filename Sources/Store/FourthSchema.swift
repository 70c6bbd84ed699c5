extension Schema {
    /// Schema 4 from schema 3: runs may measure costs. What is measured stands where a benchmark does, and a measurement
    /// beside the row of its example; it promises besides that a measurement has such a row, never changes, and goes only
    /// with its row.
    static let fourthSchema = """
        -- Canonical JSON of what is measured; NULL of a benchmark.
        ALTER TABLE benchmarks ADD COLUMN measure TEXT CHECK (measure IS NULL OR json_valid(measure));

        -- What a worker measured, in bytes, and in `passes` in seconds: a JSON list of lists of the prompts' and the steps'
        -- time under the reduction, and the same without it.
        CREATE TABLE measurements (
            cell INTEGER NOT NULL,
            example INTEGER NOT NULL,
            weight_bytes INTEGER NOT NULL CHECK (weight_bytes >= 0),
            activation_bytes INTEGER NOT NULL CHECK (activation_bytes >= 0),
            passes TEXT NOT NULL CHECK (json_valid(passes)),
            PRIMARY KEY (cell, example),
            FOREIGN KEY (cell, example) REFERENCES scores (cell, example) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;
        """

    /// The second part of schema 4: its triggers.
    static let fourthSchemaTriggers = """
        CREATE TRIGGER measurements_never_change BEFORE UPDATE ON measurements
        BEGIN SELECT RAISE(ABORT, 'a measurement never changes'); END;

        CREATE TRIGGER measurements_leave_with_rows BEFORE DELETE ON measurements
        WHEN EXISTS (SELECT 1 FROM scores WHERE scores.cell = OLD.cell AND scores.example = OLD.example)
        BEGIN SELECT RAISE(ABORT, 'a measurement goes only with its row'); END;
        """
}

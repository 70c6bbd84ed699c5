extension Schema {
    /// Schema 1. What the store promises stands here, so that no code has to remember it:
    /// a score names an example of its cell's manifest and a lease that was granted, at most one score per
    /// (cell, example), scores never change and all those of a run's model come from one engine, epochs only rise, a job
    /// has one open lease, a job is done and a run complete only when no row is missing.
    static let firstSchema = """
        -- One start of a coordinator. The newest row fences off every earlier process.
        CREATE TABLE incarnations (
            incarnation INTEGER PRIMARY KEY AUTOINCREMENT,
            started REAL NOT NULL,
            process INTEGER NOT NULL,
            host TEXT NOT NULL,
            build TEXT NOT NULL
        ) STRICT;

        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            run TEXT NOT NULL UNIQUE CHECK (run <> ''),
            name TEXT NOT NULL,
            job TEXT NOT NULL CHECK (json_valid(job)),
            build TEXT NOT NULL,
            priority INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'complete', 'incomplete', 'cancelled')),
            created REAL NOT NULL,
            finished REAL,
            CHECK ((state = 'running') = (finished IS NULL))
        ) STRICT;

        CREATE TABLE models (
            id INTEGER PRIMARY KEY,
            run INTEGER NOT NULL REFERENCES runs (id),
            model TEXT NOT NULL,
            path TEXT NOT NULL,
            sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
            summary TEXT NOT NULL CHECK (json_valid(summary)),
            parameters INTEGER NOT NULL CHECK (parameters >= 0),
            -- The identity of the engine that scores it in this run; decided by the first grant.
            engine TEXT,
            UNIQUE (run, model),
            UNIQUE (run, id)
        ) STRICT;

        CREATE TABLE benchmarks (
            id INTEGER PRIMARY KEY,
            run INTEGER NOT NULL REFERENCES runs (id),
            benchmark TEXT NOT NULL,
            data TEXT NOT NULL,
            data_sha256 TEXT NOT NULL CHECK (length(data_sha256) = 64),
            tokenizer_sha256 TEXT NOT NULL CHECK (length(tokenizer_sha256) = 64),
            documents INTEGER NOT NULL CHECK (documents >= 0),
            row_limit INTEGER CHECK (row_limit > 0),
            UNIQUE (run, benchmark),
            UNIQUE (run, id)
        ) STRICT;

        CREATE TABLE cells (
            id INTEGER PRIMARY KEY,
            run INTEGER NOT NULL REFERENCES runs (id),
            ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
            model INTEGER NOT NULL,
            reduction TEXT NOT NULL CHECK (json_valid(reduction)),
            benchmark INTEGER NOT NULL,
            precision TEXT NOT NULL,
            UNIQUE (run, ordinal),
            UNIQUE (run, model, reduction, benchmark, precision),
            UNIQUE (id, benchmark),
            FOREIGN KEY (run, model) REFERENCES models (run, id),
            FOREIGN KEY (run, benchmark) REFERENCES benchmarks (run, id)
        ) STRICT;

        -- The manifest: what a benchmark's documents ask, as they were when the run was accepted.
        CREATE TABLE examples (
            benchmark INTEGER NOT NULL REFERENCES benchmarks (id),
            example INTEGER NOT NULL CHECK (example >= 0),
            gold INTEGER CHECK (gold >= 0 AND gold < choices),
            choices INTEGER NOT NULL CHECK (choices > 0),
            tokens INTEGER NOT NULL CHECK (tokens >= 0),
            characters TEXT NOT NULL CHECK (json_array_length(characters) = choices),
            bytes TEXT NOT NULL CHECK (json_array_length(bytes) = choices),
            PRIMARY KEY (benchmark, example)
        ) STRICT, WITHOUT ROWID;

        -- Their texts, apart, so that rows are checked against a small table. `prompts` lists groups, each a context
        -- and then its continuations; `requests` is the same in tokens, a WireExample.
        CREATE TABLE documents (
            benchmark INTEGER NOT NULL,
            example INTEGER NOT NULL,
            doc_hash TEXT NOT NULL CHECK (length(doc_hash) = 64),
            target TEXT NOT NULL,
            doc TEXT NOT NULL CHECK (json_valid(doc)),
            prompts TEXT NOT NULL CHECK (json_valid(prompts)),
            requests BLOB NOT NULL,
            PRIMARY KEY (benchmark, example),
            FOREIGN KEY (benchmark, example) REFERENCES examples (benchmark, example)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE shards (
            id INTEGER PRIMARY KEY,
            job TEXT NOT NULL UNIQUE CHECK (job <> ''),
            cell INTEGER NOT NULL REFERENCES cells (id),
            tokens INTEGER NOT NULL CHECK (tokens >= 0),
            state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'failed', 'cancelled')),
            detail TEXT NOT NULL DEFAULT '',
            epoch INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0),
            UNIQUE (id, cell)
        ) STRICT;
        CREATE INDEX shards_of_cell ON shards (cell);

        -- The rows that a cell must have, each in exactly one shard.
        CREATE TABLE expected (
            cell INTEGER NOT NULL,
            example INTEGER NOT NULL,
            benchmark INTEGER NOT NULL,
            shard INTEGER NOT NULL,
            PRIMARY KEY (cell, example),
            FOREIGN KEY (cell, benchmark) REFERENCES cells (id, benchmark),
            FOREIGN KEY (benchmark, example) REFERENCES examples (benchmark, example),
            FOREIGN KEY (shard, cell) REFERENCES shards (id, cell)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX expected_of_shard ON expected (shard, example);

        CREATE TABLE workers (id INTEGER PRIMARY KEY, worker TEXT NOT NULL UNIQUE) STRICT;
        -- `identity` is what the scores of two engines must share to be counted together: build and arithmetic.
        CREATE TABLE engines (
            id INTEGER PRIMARY KEY,
            build TEXT NOT NULL,
            engine TEXT NOT NULL,
            identity TEXT NOT NULL,
            UNIQUE (build, engine, identity)
        ) STRICT;

        CREATE TABLE leases (
            shard INTEGER NOT NULL REFERENCES shards (id),
            epoch INTEGER NOT NULL CHECK (epoch > 0),
            worker INTEGER NOT NULL REFERENCES workers (id),
            incarnation INTEGER NOT NULL REFERENCES incarnations (incarnation),
            granted REAL NOT NULL,
            ended REAL,
            reason TEXT CHECK (
                reason IN ('done', 'expired', 'returned', 'failed', 'disowned', 'cancelled', 'reused')),
            PRIMARY KEY (shard, epoch),
            CHECK ((ended IS NULL) = (reason IS NULL))
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX one_open_lease ON leases (shard) WHERE ended IS NULL;

        -- One example's result, of the worker that held the lease. `choices` holds every bit that the worker sent
        -- (ChoiceCoding.swift); the columns after it serve queries. SQLite has no NaN: a reduction that is NaN is NULL.
        CREATE TABLE scores (
            cell INTEGER NOT NULL,
            example INTEGER NOT NULL,
            shard INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            engine INTEGER NOT NULL REFERENCES engines (id),
            choices BLOB NOT NULL,
            digest BLOB NOT NULL CHECK (length(digest) = 32),
            tokens INTEGER NOT NULL,
            flops_reduction REAL,
            flops_reduction_with_head REAL,
            best INTEGER NOT NULL,
            greedy INTEGER NOT NULL CHECK (greedy IN (0, 1)),
            correct INTEGER NOT NULL CHECK (correct IN (0, 1)),
            PRIMARY KEY (cell, example),
            FOREIGN KEY (cell, example) REFERENCES expected (cell, example),
            FOREIGN KEY (shard, epoch) REFERENCES leases (shard, epoch)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX scores_by_outcome ON scores (cell, correct);

        -- A second result for an example that differs from the stored one, which stays.
        CREATE TABLE disagreements (
            id INTEGER PRIMARY KEY,
            cell INTEGER NOT NULL,
            example INTEGER NOT NULL,
            shard INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            engine INTEGER NOT NULL REFERENCES engines (id),
            choices BLOB NOT NULL,
            digest BLOB NOT NULL CHECK (length(digest) = 32),
            tokens INTEGER NOT NULL,
            flops_reduction REAL,
            flops_reduction_with_head REAL,
            at REAL NOT NULL,
            UNIQUE (cell, example, shard, epoch, digest),
            FOREIGN KEY (cell, example) REFERENCES scores (cell, example),
            FOREIGN KEY (shard, epoch) REFERENCES leases (shard, epoch)
        ) STRICT;

        CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            at REAL NOT NULL,
            run INTEGER REFERENCES runs (id),
            kind TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;

        CREATE VIEW missing AS
            SELECT expected.cell, expected.example, expected.shard FROM expected
            WHERE NOT EXISTS (
                SELECT 1 FROM scores WHERE scores.cell = expected.cell AND scores.example = expected.example);

        CREATE VIEW coverage AS
            SELECT
                cells.run, cells.id AS cell, cells.ordinal,
                (SELECT count(*) FROM expected WHERE expected.cell = cells.id) AS expected,
                (SELECT count(*) FROM scores WHERE scores.cell = cells.id) AS stored
            FROM cells;

        CREATE TRIGGER scores_never_change BEFORE UPDATE ON scores
        BEGIN SELECT RAISE(ABORT, 'a stored score never changes'); END;

        CREATE TRIGGER engines_never_mix BEFORE INSERT ON scores
        WHEN (SELECT identity FROM engines WHERE id = NEW.engine) IS NOT (
            SELECT models.engine FROM cells JOIN models ON models.id = cells.model WHERE cells.id = NEW.cell)
        BEGIN SELECT RAISE(ABORT, 'a score of another engine than its model is bound to'); END;

        CREATE TRIGGER binding_stays BEFORE UPDATE OF engine ON models
        WHEN OLD.engine IS NOT NULL AND NEW.engine IS NOT OLD.engine
        BEGIN SELECT RAISE(ABORT, 'a model that is bound to an engine stays so'); END;

        CREATE TRIGGER events_never_change BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'an event never changes'); END;

        CREATE TRIGGER events_stay BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;

        CREATE TRIGGER epochs_rise BEFORE UPDATE OF epoch ON shards WHEN NEW.epoch <= OLD.epoch
        BEGIN SELECT RAISE(ABORT, 'the epoch of a job only rises'); END;

        CREATE TRIGGER done_stays BEFORE UPDATE OF state ON shards WHEN OLD.state = 'done' AND NEW.state <> 'done'
        BEGIN SELECT RAISE(ABORT, 'a job that is done stays done'); END;

        CREATE TRIGGER done_means_stored BEFORE UPDATE OF state ON shards
        WHEN NEW.state = 'done' AND EXISTS (SELECT 1 FROM missing WHERE missing.shard = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'a job with missing rows is not done'); END;

        CREATE TRIGGER complete_means_stored BEFORE UPDATE OF state ON runs
        WHEN NEW.state = 'complete'
            AND EXISTS (SELECT 1 FROM missing JOIN cells ON cells.id = missing.cell WHERE cells.run = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'a run with missing rows is not complete'); END;
        """
}

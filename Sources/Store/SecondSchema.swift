extension Schema {
    /// Schema 2 from schema 1: leases have a purpose, failures name examples, refuted rows are put aside on record, and
    /// keys that lied are revoked for ever. It promises besides: a score leaves only when its equal copy is put aside and
    /// its run goes on, a job that failed and a run that ended incomplete name every example that they miss, a job
    /// has one open lease of a purpose and one of a worker, and a revoked worker gets no lease.
    static let secondSchema = """
        CREATE TABLE leases_2 (
            shard INTEGER NOT NULL REFERENCES shards (id),
            epoch INTEGER NOT NULL CHECK (epoch > 0),
            worker INTEGER NOT NULL REFERENCES workers (id),
            incarnation INTEGER NOT NULL REFERENCES incarnations (incarnation),
            purpose TEXT NOT NULL CHECK (purpose IN ('score', 'backup', 'check')),
            granted REAL NOT NULL,
            ended REAL,
            reason TEXT CHECK (
                reason IN ('done', 'expired', 'returned', 'failed', 'disowned', 'cancelled', 'moved', 'revoked', 'reused')),
            PRIMARY KEY (shard, epoch),
            CHECK ((ended IS NULL) = (reason IS NULL))
        ) STRICT, WITHOUT ROWID;
        INSERT INTO leases_2 (shard, epoch, worker, incarnation, purpose, granted, ended, reason)
            SELECT shard, epoch, worker, incarnation, 'score', granted, ended, reason FROM leases;
        DROP TABLE leases;
        ALTER TABLE leases_2 RENAME TO leases;
        UPDATE leases SET ended = granted, reason = 'cancelled'
            WHERE ended IS NULL AND shard IN (
                SELECT shards.id FROM shards JOIN cells ON cells.id = shards.cell JOIN runs ON runs.id = cells.run
                WHERE runs.state <> 'running');
        CREATE UNIQUE INDEX one_open_lease ON leases (shard, purpose) WHERE ended IS NULL;

        -- A row that differs from a stored one, which may have been put aside since.
        CREATE TABLE disagreements_2 (
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
            FOREIGN KEY (cell, example) REFERENCES expected (cell, example),
            FOREIGN KEY (shard, epoch) REFERENCES leases (shard, epoch)
        ) STRICT;
        INSERT INTO disagreements_2 SELECT * FROM disagreements;
        DROP TABLE disagreements;
        ALTER TABLE disagreements_2 RENAME TO disagreements;

        -- Failures of leases up to this epoch no longer count: the run was resumed since.
        ALTER TABLE shards ADD COLUMN forgiven INTEGER NOT NULL DEFAULT 0 CHECK (forgiven >= 0);

        -- Examples that nobody computes any more, and why. One that has a row nevertheless is no failure.
        CREATE TABLE given_up (
            cell INTEGER NOT NULL,
            example INTEGER NOT NULL,
            shard INTEGER NOT NULL,
            detail TEXT NOT NULL,
            at REAL NOT NULL,
            PRIMARY KEY (cell, example),
            FOREIGN KEY (cell, example) REFERENCES expected (cell, example),
            FOREIGN KEY (shard, cell) REFERENCES shards (id, cell)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX given_up_of_shard ON given_up (shard);
        INSERT INTO given_up (cell, example, shard, detail, at)
            SELECT missing.cell, missing.example, missing.shard, shards.detail, coalesce(runs.finished, runs.created)
            FROM shards JOIN missing ON missing.shard = shards.id
            JOIN cells ON cells.id = shards.cell JOIN runs ON runs.id = cells.run
            WHERE shards.state = 'failed';

        -- Scores that were refuted, or computed by a worker whose key was revoked: when and why.
        CREATE TABLE withdrawn (
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
            best INTEGER NOT NULL,
            greedy INTEGER NOT NULL CHECK (greedy IN (0, 1)),
            correct INTEGER NOT NULL CHECK (correct IN (0, 1)),
            at REAL NOT NULL,
            detail TEXT NOT NULL,
            FOREIGN KEY (cell, example) REFERENCES expected (cell, example),
            FOREIGN KEY (shard, epoch) REFERENCES leases (shard, epoch)
        ) STRICT;
        CREATE INDEX withdrawn_by_row ON withdrawn (cell, example);

        CREATE TABLE revocations (
            worker INTEGER PRIMARY KEY REFERENCES workers (id),
            at REAL NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;

        -- The earlier cell whose rows a cell took over.
        CREATE TABLE taken_over (
            cell INTEGER PRIMARY KEY REFERENCES cells (id),
            source INTEGER NOT NULL REFERENCES cells (id)
        ) STRICT;
        CREATE INDEX taken_over_from ON taken_over (source);
        INSERT OR IGNORE INTO taken_over (cell, source)
            SELECT DISTINCT new.id, old.id
            FROM leases JOIN workers ON workers.id = leases.worker JOIN runs ON workers.worker = 'run ' || runs.run
            JOIN shards ON shards.id = leases.shard JOIN cells AS new ON new.id = shards.cell
            JOIN cells AS old ON old.run = runs.id AND \(ScoreReuse.equalCells)
            WHERE leases.reason = 'reused' ORDER BY old.id;

        -- The stored rows that a revoked worker computed, those taken over from another run included.
        CREATE VIEW tainted AS
            WITH RECURSIVE computed (worker, cell, example, shard, epoch, digest) AS (
                SELECT leases.worker, scores.cell, scores.example, scores.shard, scores.epoch, scores.digest
                FROM revocations CROSS JOIN leases ON leases.worker = revocations.worker
                CROSS JOIN expected ON expected.shard = leases.shard
                CROSS JOIN scores ON scores.cell = expected.cell AND scores.example = expected.example
                    AND scores.shard = leases.shard AND scores.epoch = leases.epoch
                UNION
                SELECT leases.worker, withdrawn.cell, withdrawn.example, withdrawn.shard, withdrawn.epoch,
                    withdrawn.digest
                FROM withdrawn JOIN leases ON leases.shard = withdrawn.shard AND leases.epoch = withdrawn.epoch
                JOIN revocations ON revocations.worker = leases.worker
                UNION
                SELECT computed.worker, scores.cell, scores.example, scores.shard, scores.epoch, scores.digest
                FROM computed CROSS JOIN taken_over ON taken_over.source = computed.cell
                CROSS JOIN scores ON scores.cell = taken_over.cell AND scores.example = computed.example
                    AND scores.digest = computed.digest
                CROSS JOIN leases ON leases.shard = scores.shard AND leases.epoch = scores.epoch
                    AND leases.reason = 'reused'
                UNION
                SELECT computed.worker, withdrawn.cell, withdrawn.example, withdrawn.shard, withdrawn.epoch,
                    withdrawn.digest
                FROM computed CROSS JOIN taken_over ON taken_over.source = computed.cell
                CROSS JOIN withdrawn ON withdrawn.cell = taken_over.cell AND withdrawn.example = computed.example
                    AND withdrawn.digest = computed.digest
                CROSS JOIN leases ON leases.shard = withdrawn.shard AND leases.epoch = withdrawn.epoch
                    AND leases.reason = 'reused')
            SELECT computed.worker, scores.cell, scores.example, scores.shard
            FROM computed CROSS JOIN scores ON scores.cell = computed.cell AND scores.example = computed.example
                AND scores.shard = computed.shard AND scores.epoch = computed.epoch;
        """

    /// The second part of schema 2: what its tables and those of schema 1 promise from now on.
    static let secondSchemaTriggers = """
        CREATE TRIGGER one_lease_of_a_worker BEFORE INSERT ON leases
        WHEN NEW.ended IS NULL AND EXISTS (
            SELECT 1 FROM leases WHERE shard = NEW.shard AND worker = NEW.worker AND ended IS NULL)
        BEGIN SELECT RAISE(ABORT, 'a worker has one lease of a job'); END;

        -- The grant is the epoch.
        CREATE TRIGGER leases_raise_epochs BEFORE INSERT ON leases
        BEGIN UPDATE shards SET epoch = NEW.epoch WHERE id = NEW.shard; END;

        CREATE TRIGGER revoked_get_no_lease BEFORE INSERT ON leases
        WHEN EXISTS (SELECT 1 FROM revocations WHERE worker = NEW.worker)
        BEGIN SELECT RAISE(ABORT, 'a revoked worker gets no lease'); END;

        CREATE TRIGGER scores_leave_on_record BEFORE DELETE ON scores
        WHEN NOT EXISTS (
            SELECT 1 FROM withdrawn AS w
            WHERE w.cell = OLD.cell AND w.example = OLD.example AND w.shard = OLD.shard AND w.epoch = OLD.epoch
                AND w.engine = OLD.engine AND w.choices = OLD.choices AND w.digest = OLD.digest
                AND w.tokens = OLD.tokens AND w.flops_reduction IS OLD.flops_reduction
                AND w.flops_reduction_with_head IS OLD.flops_reduction_with_head AND w.best = OLD.best
                AND w.greedy = OLD.greedy AND w.correct = OLD.correct)
        BEGIN SELECT RAISE(ABORT, 'a score leaves only when its copy is put aside'); END;

        CREATE TRIGGER scores_outlive_runs BEFORE DELETE ON scores
        WHEN (SELECT runs.state FROM cells JOIN runs ON runs.id = cells.run WHERE cells.id = OLD.cell) <> 'running'
        BEGIN SELECT RAISE(ABORT, 'the scores of a run that is over stay'); END;

        CREATE TRIGGER jobs_reopen AFTER DELETE ON scores
        BEGIN
            UPDATE shards SET state = 'pending', detail = '' WHERE id = OLD.shard AND state IN ('done', 'failed');
        END;

        CREATE TRIGGER withdrawn_never_change BEFORE UPDATE ON withdrawn
        BEGIN SELECT RAISE(ABORT, 'a withdrawn score never changes'); END;

        CREATE TRIGGER withdrawn_stay BEFORE DELETE ON withdrawn
        BEGIN SELECT RAISE(ABORT, 'a withdrawn score is never deleted'); END;

        CREATE TRIGGER revocations_never_change BEFORE UPDATE ON revocations
        BEGIN SELECT RAISE(ABORT, 'a revocation never changes'); END;

        CREATE TRIGGER revocations_stay BEFORE DELETE ON revocations
        BEGIN SELECT RAISE(ABORT, 'a revocation is for ever'); END;

        CREATE TRIGGER given_up_means_missing BEFORE INSERT ON given_up
        WHEN EXISTS (SELECT 1 FROM scores WHERE scores.cell = NEW.cell AND scores.example = NEW.example)
        BEGIN SELECT RAISE(ABORT, 'an example that has its row is not given up'); END;

        CREATE TRIGGER given_up_stay BEFORE DELETE ON given_up
        WHEN (SELECT runs.state FROM cells JOIN runs ON runs.id = cells.run WHERE cells.id = OLD.cell) <> 'running'
        BEGIN SELECT RAISE(ABORT, 'the failures of a run that is over stay'); END;

        -- One trigger, for it runs with every job.
        DROP TRIGGER done_stays;
        DROP TRIGGER done_means_stored;
        CREATE TRIGGER job_states_hold BEFORE UPDATE OF state ON shards
        BEGIN
            SELECT RAISE(ABORT, 'a job with missing rows is not done')
                WHERE NEW.state = 'done' AND EXISTS (SELECT 1 FROM missing WHERE missing.shard = NEW.id);
            SELECT RAISE(ABORT, 'a job that is done stays done')
                WHERE OLD.state = 'done' AND NEW.state <> 'done' AND NOT (
                    NEW.state = 'pending' AND EXISTS (SELECT 1 FROM missing WHERE missing.shard = NEW.id));
            SELECT RAISE(ABORT, 'a job that failed names every example that it misses')
                WHERE NEW.state = 'failed' AND EXISTS (
                    SELECT 1 FROM missing WHERE missing.shard = NEW.id AND NOT EXISTS (
                        SELECT 1 FROM given_up AS g WHERE g.cell = missing.cell AND g.example = missing.example));
        END;

        CREATE TRIGGER incomplete_means_named BEFORE UPDATE OF state ON runs
        WHEN NEW.state = 'incomplete' AND EXISTS (
            SELECT 1 FROM cells JOIN missing ON missing.cell = cells.id
            WHERE cells.run = NEW.id AND NOT EXISTS (
                SELECT 1 FROM given_up AS g WHERE g.cell = missing.cell AND g.example = missing.example))
        BEGIN SELECT RAISE(ABORT, 'a run that ends incomplete names every example that it misses'); END;

        CREATE TRIGGER runs_end_once BEFORE UPDATE OF state ON runs
        WHEN OLD.state <> NEW.state AND (OLD.state = 'complete' OR (OLD.state <> 'running' AND NEW.state <> 'running'))
        BEGIN SELECT RAISE(ABORT, 'a run that is over stays as it ended, unless it is resumed'); END;
        """
}

extension Schema {
    /// Schema 3 from schema 2: the same promises, kept where they cost less.
    ///
    /// That a score is of the engine that its model is bound to is looked up once for a cell and an engine, not by a trigger
    /// for every row; a job's highest epoch is its latest lease's, and one trigger guards what enters `leases`.
    static let thirdSchema = """
        -- The engines whose scores a cell takes: those of the identity that its model is bound to.
        CREATE TABLE admitted (
            cell INTEGER NOT NULL REFERENCES cells (id),
            engine INTEGER NOT NULL REFERENCES engines (id),
            PRIMARY KEY (cell, engine)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO admitted (cell, engine) SELECT DISTINCT cell, engine FROM scores;

        -- A foreign key changes nothing of a table's content, so it is written into the definition.
        DROP TRIGGER engines_never_mix;
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(
            replace(sql, 'engine INTEGER NOT NULL REFERENCES engines (id),', 'engine INTEGER NOT NULL,'),
            'FOREIGN KEY (shard, epoch)', 'FOREIGN KEY (cell, engine) REFERENCES admitted (cell, engine),
            FOREIGN KEY (shard, epoch)')
            WHERE type = 'table' AND name = 'scores';
        PRAGMA writable_schema = RESET;

        DROP TRIGGER epochs_rise;
        DROP TRIGGER leases_raise_epochs;
        DROP TRIGGER one_lease_of_a_worker;
        DROP TRIGGER revoked_get_no_lease;
        ALTER TABLE shards DROP COLUMN epoch;
        """

    /// The second part of schema 3: its triggers.
    static let thirdSchemaTriggers = """
        CREATE TRIGGER engines_never_mix BEFORE INSERT ON admitted
        WHEN (SELECT identity FROM engines WHERE id = NEW.engine) IS NOT (
            SELECT models.engine FROM cells JOIN models ON models.id = cells.model WHERE cells.id = NEW.cell)
        BEGIN SELECT RAISE(ABORT, 'a score of another engine than its model is bound to'); END;

        CREATE TRIGGER admitted_never_change BEFORE UPDATE ON admitted
        BEGIN SELECT RAISE(ABORT, 'an admitted engine never changes'); END;

        CREATE TRIGGER leases_hold BEFORE INSERT ON leases
        BEGIN
            SELECT RAISE(ABORT, 'the epoch of a job only rises')
                WHERE NEW.epoch <= (SELECT max(epoch) FROM leases WHERE shard = NEW.shard);
            SELECT RAISE(ABORT, 'a worker has one lease of a job')
                WHERE NEW.ended IS NULL AND EXISTS (
                    SELECT 1 FROM leases WHERE shard = NEW.shard AND ended IS NULL AND worker = NEW.worker);
            SELECT RAISE(ABORT, 'a revoked worker gets no lease')
                WHERE EXISTS (SELECT 1 FROM revocations WHERE worker = NEW.worker);
        END;

        CREATE TRIGGER leases_never_change BEFORE UPDATE OF shard, epoch, worker, incarnation, purpose, granted ON leases
        BEGIN SELECT RAISE(ABORT, 'of a lease only the end is written later'); END;

        CREATE TRIGGER leases_stay BEFORE DELETE ON leases
        BEGIN SELECT RAISE(ABORT, 'a lease is never deleted'); END;
        """
}

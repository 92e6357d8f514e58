-- The device's memory. Append-only where it matters; the triggers are for accidents, the hash chains
-- and signatures for everything else (R-07).
CREATE TABLE record (
    raffle_id    BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    device_at_us INTEGER NOT NULL,
    server_at_us INTEGER NOT NULL,
    error_ms     INTEGER NOT NULL,
    prev         BLOB    NOT NULL,
    payload      TEXT    NOT NULL,
    signature    BLOB    NOT NULL,
    PRIMARY KEY (raffle_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE fact (
    no        INTEGER PRIMARY KEY,
    at_us     INTEGER NOT NULL,
    prev      BLOB    NOT NULL,
    body      TEXT    NOT NULL,
    signature BLOB    NOT NULL
) STRICT;

-- The end of each chain, written with it: a chain cut short shows.
CREATE TABLE tip (
    chain BLOB    PRIMARY KEY,
    seq   INTEGER NOT NULL,
    hash  BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: server time as last known, with a checksum.
CREATE TABLE anchor (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    body     TEXT NOT NULL,
    checksum BLOB NOT NULL
) STRICT;

CREATE TRIGGER record_is_not_changed BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'records are append-only'); END;
CREATE TRIGGER record_is_not_deleted BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'records are append-only'); END;
CREATE TRIGGER fact_is_not_changed BEFORE UPDATE ON fact BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END;
CREATE TRIGGER fact_is_not_deleted BEFORE DELETE ON fact BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END;
CREATE TRIGGER tip_is_not_deleted BEFORE DELETE ON tip BEGIN SELECT RAISE(ABORT, 'tips only move forward'); END;
CREATE TRIGGER tip_moves_forward BEFORE UPDATE ON tip WHEN NEW.seq <> OLD.seq + 1 BEGIN SELECT RAISE(ABORT, 'tips only move forward'); END;

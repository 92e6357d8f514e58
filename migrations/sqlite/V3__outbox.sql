-- What notification targets have been told. What there is to tell stands in facts and significant already,
-- written in the events' own transaction, so a sale writes nothing here; a target is a cursor over them.

-- Targets that were ever configured. The row and the cursors a new target starts with are written together.
CREATE TABLE outbox_targets (
    target    TEXT PRIMARY KEY,
    joined_at INTEGER NOT NULL
) STRICT;

-- How far a target has been told of one journal. seq is the last event looked at, told the last one of which
-- the target was told (0: of none).
CREATE TABLE outbox_cursors (
    target       TEXT    NOT NULL,
    stream       BLOB    NOT NULL,
    organisation BLOB    NOT NULL,
    raffle       BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    told         INTEGER NOT NULL,
    PRIMARY KEY (target, stream)
) STRICT, WITHOUT ROWID;

-- Messages that a target refused again and again. Nobody deletes them: a person decides what becomes of each.
CREATE TABLE outbox_refused (
    target       TEXT    NOT NULL,
    stream       BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    organisation BLOB    NOT NULL,
    raffle       BLOB    NOT NULL,
    at           INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    tries        INTEGER NOT NULL,
    problem      TEXT    NOT NULL,
    PRIMARY KEY (target, stream, seq)
) STRICT;

-- Facts are read by the event they are of as well.
CREATE INDEX facts_of_event ON facts (raffle, seq);

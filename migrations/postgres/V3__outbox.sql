-- What notification targets have been told. What there is to tell stands in facts and significant already,
-- written in the events' own transaction, so a sale writes nothing here; a target is a cursor over them.

-- Targets that were ever configured. The row and the cursors a new target starts with are written together.
CREATE TABLE outbox_targets (
    target    TEXT PRIMARY KEY,
    joined_at BIGINT NOT NULL
);

-- How far a target has been told of one journal. seq is the last event looked at, told the last one of which
-- the target was told (0: of none).
CREATE TABLE outbox_cursors (
    target       TEXT    NOT NULL,
    stream       UUID    NOT NULL,
    organisation UUID    NOT NULL,
    raffle       UUID    NOT NULL,
    seq          BIGINT  NOT NULL,
    told         BIGINT  NOT NULL,
    PRIMARY KEY (target, stream)
);

-- Messages that a target refused again and again. Nobody deletes them: a person decides what becomes of each.
CREATE TABLE outbox_refused (
    target       TEXT    NOT NULL,
    stream       UUID    NOT NULL,
    seq          BIGINT  NOT NULL,
    organisation UUID    NOT NULL,
    raffle       UUID    NOT NULL,
    at           BIGINT  NOT NULL,
    kind         TEXT    NOT NULL,
    tries        BIGINT  NOT NULL,
    problem      TEXT    NOT NULL,
    PRIMARY KEY (target, stream, seq)
);

-- Facts are read by the event they are of as well.
CREATE INDEX facts_of_event ON facts (raffle, seq);

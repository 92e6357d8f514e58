-- The journal, the read models made from it, and what no event carries.
--
-- Times are microseconds since 1970-01-01 UTC; amounts are minor units of the raffle's currency; a value
-- of 2^63 or more would stand as its two's complement. Every row names its organisation. Nothing
-- cascades, and nothing deletes an event, a sale or a draw (A-07).

-- The journal. One stream is one raffle's events, or one organisation's own (raffle is then all zeros).
-- docs/journal.md is the auditor's description of these two tables.
CREATE TABLE events (
    stream       BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    format       INTEGER NOT NULL,
    organisation BLOB    NOT NULL,
    raffle       BLOB    NOT NULL,
    epoch        INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    actor_kind   INTEGER NOT NULL,
    actor        BLOB    NOT NULL,
    approver     BLOB,
    cause_kind   INTEGER NOT NULL,
    cause        BLOB    NOT NULL,
    prev         BLOB    NOT NULL CHECK (length(prev) = 32),
    hash         BLOB    NOT NULL CHECK (length(hash) = 32),
    payload      BLOB    NOT NULL,
    PRIMARY KEY (stream, seq)
) STRICT;

CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'UPDATE of events is refused: the journal is append-only'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'DELETE of events is refused: the journal is append-only'); END;
-- INSERT OR REPLACE would delete without asking the trigger above.
CREATE TRIGGER events_no_replace BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE stream = NEW.stream AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'an event stands there already: the journal is append-only'); END;

-- Each stream's owner and end. The epoch fences off older owners (I11); the end shows truncation (I7).
CREATE TABLE streams (
    stream       BLOB    PRIMARY KEY,
    organisation BLOB    NOT NULL,
    raffle       BLOB    NOT NULL,
    epoch        INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    hash         BLOB    NOT NULL CHECK (length(hash) = 32),
    at           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest states, to start from. They may be dropped at any time: the journal has everything.
CREATE TABLE snapshots (
    stream       BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    organisation BLOB    NOT NULL,
    bytes        BLOB    NOT NULL,
    PRIMARY KEY (stream, seq)
) STRICT;

-- Read models: derived from events alone, written in the events' transaction.

CREATE TABLE raffles (
    raffle            BLOB    PRIMARY KEY,
    organisation      BLOB    NOT NULL,
    event_number      INTEGER NOT NULL,
    name              TEXT    NOT NULL,
    kind              TEXT    NOT NULL,
    status            TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    sales_start       INTEGER,
    closes_at         INTEGER,
    organisation_name TEXT,
    location          TEXT,
    time_zone         TEXT,
    currency          TEXT,
    jackpot_minor     INTEGER NOT NULL,
    gross_minor       INTEGER NOT NULL,
    voided_minor      INTEGER NOT NULL,
    tickets           INTEGER NOT NULL,
    numbers_sold      INTEGER NOT NULL,
    seq               INTEGER NOT NULL
) STRICT;
CREATE INDEX raffles_newest ON raffles (created_at, raffle);
CREATE INDEX raffles_of_organisation ON raffles (organisation, created_at, raffle);

CREATE TABLE tickets (
    raffle       BLOB    NOT NULL,
    order_key    BLOB    NOT NULL,
    organisation BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    validation   BLOB    NOT NULL,
    channel      INTEGER NOT NULL,
    device       BLOB,
    seller       BLOB,
    lines        TEXT    NOT NULL,
    ranges       TEXT    NOT NULL,
    numbers      INTEGER NOT NULL,
    price_minor  INTEGER NOT NULL,
    sold_at      INTEGER NOT NULL,
    sale_hash    BLOB    NOT NULL,
    salt         BLOB    NOT NULL,
    state        TEXT    NOT NULL,
    reason       TEXT,
    changed_at   INTEGER,
    PRIMARY KEY (raffle, order_key)
) STRICT;
CREATE UNIQUE INDEX tickets_in_order ON tickets (raffle, seq);
-- T-03: unique within its raffle.
CREATE UNIQUE INDEX tickets_validation ON tickets (validation, raffle);
-- Void and misprint lists are short beside the sales.
CREATE INDEX tickets_not_valid ON tickets (raffle, state, seq) WHERE state <> 'valid';

-- T-05: no draw number twice in a raffle. The key stops two ranges with one beginning, the trigger any overlap.
CREATE TABLE ticket_ranges (
    raffle       BLOB    NOT NULL,
    first        INTEGER NOT NULL,
    last         INTEGER NOT NULL CHECK (last >= first),
    order_key    BLOB    NOT NULL,
    organisation BLOB    NOT NULL,
    PRIMARY KEY (raffle, first)
) STRICT, WITHOUT ROWID;

-- What stood before is free of overlaps, so the nearest range that begins no later than this one ends is enough.
CREATE TRIGGER ticket_ranges_overlap BEFORE INSERT ON ticket_ranges
WHEN (SELECT last FROM ticket_ranges WHERE raffle = NEW.raffle AND first <= NEW.last ORDER BY first DESC LIMIT 1) >= NEW.first
BEGIN SELECT RAISE(ABORT, 'draw numbers are sold already'); END;

CREATE TABLE orders (
    raffle           BLOB    NOT NULL,
    order_key        BLOB    NOT NULL,
    organisation     BLOB    NOT NULL,
    status           TEXT    NOT NULL,
    price_minor      INTEGER NOT NULL,
    made_at          INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    payment          TEXT,
    refund_reason    TEXT,
    refund_due_at    INTEGER,
    refund_reference TEXT,
    PRIMARY KEY (raffle, order_key)
) STRICT;
CREATE INDEX orders_open ON orders (made_at, order_key) WHERE status = 'held';
CREATE INDEX orders_refund_due ON orders (refund_due_at, order_key)
    WHERE refund_due_at IS NOT NULL AND refund_reference IS NULL;

CREATE TABLE facts (
    raffle       BLOB    NOT NULL,
    position     INTEGER NOT NULL,
    organisation BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    data         TEXT    NOT NULL,
    PRIMARY KEY (raffle, position)
) STRICT;

CREATE TABLE draws (
    draw         BLOB    PRIMARY KEY,
    raffle       BLOB    NOT NULL,
    organisation BLOB    NOT NULL,
    draw_no      INTEGER NOT NULL
) STRICT;
CREATE INDEX draws_of_raffle ON draws (raffle);

CREATE TABLE organisations (
    organisation BLOB PRIMARY KEY,
    name         TEXT NOT NULL
) STRICT;

-- The ordinal says which of two accounts is the older; a rebuild keeps it.
CREATE TABLE accounts (
    account      BLOB    PRIMARY KEY,
    organisation BLOB    NOT NULL,
    login        TEXT    NOT NULL,
    login_key    TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    enabled      INTEGER NOT NULL,
    ordinal      INTEGER NOT NULL
) STRICT;
CREATE INDEX accounts_login ON accounts (login_key, ordinal);
CREATE INDEX accounts_of_organisation ON accounts (organisation);

CREATE TABLE devices (
    device        BLOB    PRIMARY KEY,
    organisation  BLOB    NOT NULL,
    label         TEXT    NOT NULL,
    public_key    BLOB,
    enabled       INTEGER NOT NULL,
    registered_at INTEGER NOT NULL,
    enrolled_at   INTEGER
) STRICT;
CREATE INDEX devices_of_organisation ON devices (organisation);

-- A-02: searched by time, component and code, in any combination.
CREATE TABLE significant (
    organisation BLOB    NOT NULL,
    raffle       BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    code         TEXT    NOT NULL,
    component    TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    detail       TEXT    NOT NULL,
    PRIMARY KEY (organisation, raffle, seq)
) STRICT;
CREATE INDEX significant_newest ON significant (organisation, at);
CREATE INDEX significant_code ON significant (organisation, code, at);
CREATE INDEX significant_component ON significant (organisation, component, at);

-- The only deletion of derived sales and draws is a rebuild, which writes them anew in the same
-- transaction and says so here. No other transaction sees the row.
CREATE TABLE rebuilding (
    stream       BLOB PRIMARY KEY,
    organisation BLOB NOT NULL
) STRICT;

CREATE TRIGGER raffles_kept BEFORE DELETE ON raffles WHEN NOT EXISTS (SELECT 1 FROM rebuilding)
BEGIN SELECT RAISE(ABORT, 'DELETE of raffles is refused: only a rebuild replaces these rows'); END;
CREATE TRIGGER tickets_kept BEFORE DELETE ON tickets WHEN NOT EXISTS (SELECT 1 FROM rebuilding)
BEGIN SELECT RAISE(ABORT, 'DELETE of tickets is refused: only a rebuild replaces these rows'); END;
CREATE TRIGGER ticket_ranges_kept BEFORE DELETE ON ticket_ranges WHEN NOT EXISTS (SELECT 1 FROM rebuilding)
BEGIN SELECT RAISE(ABORT, 'DELETE of ticket_ranges is refused: only a rebuild replaces these rows'); END;
CREATE TRIGGER orders_kept BEFORE DELETE ON orders WHEN NOT EXISTS (SELECT 1 FROM rebuilding)
BEGIN SELECT RAISE(ABORT, 'DELETE of orders is refused: only a rebuild replaces these rows'); END;
CREATE TRIGGER facts_kept BEFORE DELETE ON facts WHEN NOT EXISTS (SELECT 1 FROM rebuilding)
BEGIN SELECT RAISE(ABORT, 'DELETE of facts is refused: only a rebuild replaces these rows'); END;
CREATE TRIGGER draws_kept BEFORE DELETE ON draws WHEN NOT EXISTS (SELECT 1 FROM rebuilding)
BEGIN SELECT RAISE(ABORT, 'DELETE of draws is refused: only a rebuild replaces these rows'); END;
CREATE TRIGGER significant_kept BEFORE DELETE ON significant WHEN NOT EXISTS (SELECT 1 FROM rebuilding)
BEGIN SELECT RAISE(ABORT, 'DELETE of significant is refused: only a rebuild replaces these rows'); END;

-- What no event carries. The organisation is the account's, where it is known.

CREATE TABLE credentials (
    account       BLOB    PRIMARY KEY,
    organisation  BLOB,
    password_hash TEXT    NOT NULL,
    must_change   INTEGER NOT NULL,
    failures      INTEGER NOT NULL,
    locked_until  INTEGER
) STRICT;

CREATE TABLE sessions (
    family       BLOB    PRIMARY KEY,
    account      BLOB    NOT NULL,
    organisation BLOB,
    token_hash   BLOB    NOT NULL,
    expires_at   INTEGER NOT NULL,
    revoked      INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of_account ON sessions (account);

-- Every token a family ever had, so that an old one coming back is recognised.
CREATE TABLE session_tokens (
    token_hash   BLOB PRIMARY KEY,
    family       BLOB NOT NULL REFERENCES sessions (family),
    organisation BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment_codes (
    device       BLOB    PRIMARY KEY,
    organisation BLOB    NOT NULL,
    code_hash    BLOB    NOT NULL UNIQUE,
    expires_at   INTEGER NOT NULL
) STRICT;

-- Sealed under the master key, which is not in the database.
CREATE TABLE secrets (
    name   TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

-- Readiness commits here, for only a commit shows that one is possible.
CREATE TABLE health (
    id   INTEGER PRIMARY KEY,
    beat INTEGER NOT NULL
) STRICT;
INSERT INTO health (id, beat) VALUES (1, 0);

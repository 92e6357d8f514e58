-- The journal, the read models made from it, and what no event carries.
--
-- Times are microseconds since 1970-01-01 UTC; amounts are minor units of the raffle's currency; a value
-- of 2^63 or more would stand as its two's complement. Every row names its organisation. Nothing
-- cascades, and nothing deletes an event, a sale or a draw (A-07).

-- The journal. One stream is one raffle's events, or one organisation's own (raffle is then all zeros).
-- docs/journal.md is the auditor's description of these two tables.
CREATE TABLE events (
    stream       UUID     NOT NULL,
    seq          BIGINT   NOT NULL,
    format       SMALLINT NOT NULL,
    organisation UUID     NOT NULL,
    raffle       UUID     NOT NULL,
    epoch        BIGINT   NOT NULL,
    at           BIGINT   NOT NULL,
    actor_kind   SMALLINT NOT NULL,
    actor        UUID     NOT NULL,
    approver     UUID,
    cause_kind   SMALLINT NOT NULL,
    cause        UUID     NOT NULL,
    prev         BYTEA    NOT NULL CHECK (length(prev) = 32),
    hash         BYTEA    NOT NULL CHECK (length(hash) = 32),
    payload      BYTEA    NOT NULL,
    PRIMARY KEY (stream, seq)
) PARTITION BY HASH (stream);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the journal is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

-- A statement trigger guards the table that the statement names, so each partition has its own.
DO $$
BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format('CREATE TABLE events_%s PARTITION OF events FOR VALUES WITH (MODULUS 16, REMAINDER %s)', part, part);
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events_%s'
            ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', part);
    END LOOP;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Each stream's owner and end. The epoch fences off older owners (I11); the end shows truncation (I7).
CREATE TABLE streams (
    stream       UUID   PRIMARY KEY,
    organisation UUID   NOT NULL,
    raffle       UUID   NOT NULL,
    epoch        BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    hash         BYTEA  NOT NULL CHECK (length(hash) = 32),
    at           BIGINT NOT NULL
) WITH (fillfactor = 50);

-- The newest states, to start from. They may be dropped at any time: the journal has everything.
CREATE TABLE snapshots (
    stream       UUID   NOT NULL,
    seq          BIGINT NOT NULL,
    organisation UUID   NOT NULL,
    bytes        BYTEA  NOT NULL,
    PRIMARY KEY (stream, seq)
);
ALTER TABLE snapshots ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Read models: derived from events alone, written in the events' transaction.

CREATE TABLE raffles (
    raffle            UUID   PRIMARY KEY,
    organisation      UUID   NOT NULL,
    event_number      BIGINT NOT NULL,
    name              TEXT   NOT NULL,
    kind              TEXT   NOT NULL,
    status            TEXT   NOT NULL,
    created_at        BIGINT NOT NULL,
    sales_start       BIGINT,
    closes_at         BIGINT,
    organisation_name TEXT,
    location          TEXT,
    time_zone         TEXT,
    currency          TEXT,
    jackpot_minor     BIGINT NOT NULL,
    gross_minor       BIGINT NOT NULL,
    voided_minor      BIGINT NOT NULL,
    tickets           BIGINT NOT NULL,
    numbers_sold      BIGINT NOT NULL,
    seq               BIGINT NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX raffles_newest ON raffles (created_at, raffle);
CREATE INDEX raffles_of_organisation ON raffles (organisation, created_at, raffle);

CREATE TABLE tickets (
    raffle       UUID     NOT NULL,
    order_key    UUID     NOT NULL,
    organisation UUID     NOT NULL,
    seq          BIGINT   NOT NULL,
    validation   BYTEA    NOT NULL,
    channel      SMALLINT NOT NULL,
    device       UUID,
    seller       UUID,
    lines        TEXT     NOT NULL,
    ranges       TEXT     NOT NULL,
    numbers      BIGINT   NOT NULL,
    price_minor  BIGINT   NOT NULL,
    sold_at      BIGINT   NOT NULL,
    sale_hash    BYTEA    NOT NULL,
    salt         BYTEA    NOT NULL,
    state        TEXT     NOT NULL,
    reason       TEXT,
    changed_at   BIGINT,
    PRIMARY KEY (raffle, order_key)
);
CREATE UNIQUE INDEX tickets_in_order ON tickets (raffle, seq);
-- T-03: unique within its raffle.
CREATE UNIQUE INDEX tickets_validation ON tickets (validation, raffle);
-- Void and misprint lists are short beside the sales.
CREATE INDEX tickets_not_valid ON tickets (raffle, state, seq) WHERE state <> 'valid';

-- T-05: no draw number twice in a raffle. The key stops two ranges with one beginning, the trigger any overlap.
CREATE TABLE ticket_ranges (
    raffle       UUID   NOT NULL,
    first        BIGINT NOT NULL,
    last         BIGINT NOT NULL CHECK (last >= first),
    order_key    UUID   NOT NULL,
    organisation UUID   NOT NULL,
    PRIMARY KEY (raffle, first)
);

-- What stood before is free of overlaps, so looking at both neighbours of each new range is enough.
CREATE FUNCTION refuse_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM fresh
        WHERE (SELECT last FROM ticket_ranges AS below
               WHERE below.raffle = fresh.raffle AND below.first < fresh.first ORDER BY below.first DESC LIMIT 1) >= fresh.first
           OR (SELECT first FROM ticket_ranges AS above
               WHERE above.raffle = fresh.raffle AND above.first > fresh.first ORDER BY above.first LIMIT 1) <= fresh.last
    ) THEN
        RAISE EXCEPTION 'draw numbers are sold already' USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'ticket_ranges_overlap';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER no_overlap AFTER INSERT ON ticket_ranges REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_overlap();

CREATE TABLE orders (
    raffle           UUID   NOT NULL,
    order_key        UUID   NOT NULL,
    organisation     UUID   NOT NULL,
    status           TEXT   NOT NULL,
    price_minor      BIGINT NOT NULL,
    made_at          BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    payment          TEXT,
    refund_reason    TEXT,
    refund_due_at    BIGINT,
    refund_reference TEXT,
    PRIMARY KEY (raffle, order_key)
);
CREATE INDEX orders_open ON orders (made_at, order_key) WHERE status = 'held';
CREATE INDEX orders_refund_due ON orders (refund_due_at, order_key)
    WHERE refund_due_at IS NOT NULL AND refund_reference IS NULL;

CREATE TABLE facts (
    raffle       UUID   NOT NULL,
    position     BIGINT NOT NULL,
    organisation UUID   NOT NULL,
    seq          BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    data         TEXT   NOT NULL,
    PRIMARY KEY (raffle, position)
);

CREATE TABLE draws (
    draw         UUID   PRIMARY KEY,
    raffle       UUID   NOT NULL,
    organisation UUID   NOT NULL,
    draw_no      BIGINT NOT NULL
);
CREATE INDEX draws_of_raffle ON draws (raffle);

CREATE TABLE organisations (
    organisation UUID PRIMARY KEY,
    name         TEXT NOT NULL
);

-- The ordinal says which of two accounts is the older; a rebuild keeps it.
CREATE TABLE accounts (
    account      UUID    PRIMARY KEY,
    organisation UUID    NOT NULL,
    login        TEXT    NOT NULL,
    login_key    TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    enabled      BOOLEAN NOT NULL,
    ordinal      BIGINT  NOT NULL
);
CREATE INDEX accounts_login ON accounts (login_key, ordinal);
CREATE INDEX accounts_of_organisation ON accounts (organisation);

CREATE TABLE devices (
    device        UUID    PRIMARY KEY,
    organisation  UUID    NOT NULL,
    label         TEXT    NOT NULL,
    public_key    BYTEA,
    enabled       BOOLEAN NOT NULL,
    registered_at BIGINT  NOT NULL,
    enrolled_at   BIGINT
);
CREATE INDEX devices_of_organisation ON devices (organisation);

-- A-02: searched by time, component and code, in any combination.
CREATE TABLE significant (
    organisation UUID   NOT NULL,
    raffle       UUID   NOT NULL,
    seq          BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    code         TEXT   NOT NULL,
    component    TEXT   NOT NULL,
    actor        TEXT   NOT NULL,
    detail       TEXT   NOT NULL,
    PRIMARY KEY (organisation, raffle, seq)
);
CREATE INDEX significant_newest ON significant (organisation, at);
CREATE INDEX significant_code ON significant (organisation, code, at);
CREATE INDEX significant_component ON significant (organisation, component, at);

-- The only deletion of derived sales and draws is a rebuild, which writes them anew in the same
-- transaction and says so here. No other transaction sees the row.
CREATE TABLE rebuilding (
    stream       UUID PRIMARY KEY,
    organisation UUID NOT NULL
);

CREATE FUNCTION refuse_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM rebuilding) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% of % is refused: only a rebuild replaces these rows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
DO $$
DECLARE
    kept TEXT;
BEGIN
    FOREACH kept IN ARRAY ARRAY['raffles', 'tickets', 'ticket_ranges', 'orders', 'facts', 'draws', 'significant'] LOOP
        EXECUTE format('CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_deletion()', kept);
    END LOOP;
END $$;

-- What no event carries. The organisation is the account's, where it is known.

CREATE TABLE credentials (
    account       UUID    PRIMARY KEY,
    organisation  UUID,
    password_hash TEXT    NOT NULL,
    must_change   BOOLEAN NOT NULL,
    failures      BIGINT  NOT NULL,
    locked_until  BIGINT
);

CREATE TABLE sessions (
    family       UUID    PRIMARY KEY,
    account      UUID    NOT NULL,
    organisation UUID,
    token_hash   BYTEA   NOT NULL,
    expires_at   BIGINT  NOT NULL,
    revoked      BOOLEAN NOT NULL
);
CREATE INDEX sessions_of_account ON sessions (account);

-- Every token a family ever had, so that an old one coming back is recognised.
CREATE TABLE session_tokens (
    token_hash   BYTEA PRIMARY KEY,
    family       UUID  NOT NULL REFERENCES sessions (family),
    organisation UUID
);

CREATE TABLE enrolment_codes (
    device       UUID   PRIMARY KEY,
    organisation UUID   NOT NULL,
    code_hash    BYTEA  NOT NULL UNIQUE,
    expires_at   BIGINT NOT NULL
);

-- Sealed under the master key, which is not in the database.
CREATE TABLE secrets (
    name   TEXT  PRIMARY KEY,
    sealed BYTEA NOT NULL
);

-- Readiness commits here, for only a commit shows that one is possible.
CREATE TABLE health (
    id   SMALLINT PRIMARY KEY,
    beat BIGINT   NOT NULL
);
INSERT INTO health (id, beat) VALUES (1, 0);

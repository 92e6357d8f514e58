-- Nodes of a cluster, and which of them runs each journal's actor. One file has one server, so nothing stands
-- here; the meaning is PostgreSQL's, beside which this schema is kept.
CREATE TABLE nodes (
    node       BLOB    PRIMARY KEY,
    name       TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    until      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE streams ADD COLUMN node BLOB;

-- One-use tickets for operators' sockets: given by one node, used at another. Kept by their hash; what nobody
-- used in time goes with the next one.
CREATE TABLE socket_tickets (
    ticket_hash  BLOB    PRIMARY KEY,
    organisation BLOB    NOT NULL,
    account      BLOB    NOT NULL,
    everywhere   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX socket_tickets_expired ON socket_tickets (expires_at);

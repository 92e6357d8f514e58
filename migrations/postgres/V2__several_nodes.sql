-- Nodes of a cluster, and which of them runs each journal's actor.
--
-- A journal's lease is (node, epoch) in its row of `streams`. It holds as long as the node's row stands here:
-- the node renews `until`, by this database's clock; whoever finds it passed deletes the row, and that is the
-- node's end. Ids are never used again, so a node that was only slow finds out by its next renewal. A journal
-- without a node belongs to whoever asks first; so does one whose node is gone.
CREATE TABLE nodes (
    node       UUID   PRIMARY KEY,
    name       TEXT   NOT NULL,
    address    TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    until      BIGINT NOT NULL
) WITH (fillfactor = 50);

ALTER TABLE streams ADD COLUMN node UUID;

-- One-use tickets for operators' sockets: given by one node, used at another. Kept by their hash; what nobody
-- used in time goes with the next one.
CREATE TABLE socket_tickets (
    ticket_hash  BYTEA   PRIMARY KEY,
    organisation UUID    NOT NULL,
    account      UUID    NOT NULL,
    everywhere   BOOLEAN NOT NULL,
    expires_at   BIGINT  NOT NULL
);
CREATE INDEX socket_tickets_expired ON socket_tickets (expires_at);

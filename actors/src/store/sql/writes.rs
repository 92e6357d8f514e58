//! Writes that belong to no event.

use super::value::{Statement, Value, exact};
use crate::store::{
    CredentialRow, EnrolmentCodeRow, OutboxCursor, OutboxRefused, SecretRow, SessionRow, SocketTicketRow, StreamId,
};
use drumroll_engine::id::UserId;
use drumroll_engine::time::Timestamp;

/// Statements in one transaction. The others run only if the first changed a row.
pub(in crate::store) struct Write {
    /// The one that decides.
    pub first: Statement,
    /// What follows from it.
    pub then: Vec<Statement>,
}

fn only(sql: &'static str, params: Vec<Value<'static>>) -> Write {
    Write { first: Statement::new(sql, params), then: vec![] }
}

/// The organisation of the account in `$1`, where it is known.
macro_rules! organisation_of {
    () => {
        "(SELECT organisation FROM accounts WHERE account = $1)"
    };
}

/// Keeps the newest two: the older one serves a load that began before the newer was kept. One that is
/// ahead of the journal is no snapshot of it and is not kept.
pub(in crate::store) fn save_snapshot(stream: StreamId, seq: u64, bytes: Vec<u8>) -> Write {
    let key = Value::Id(stream.key());
    Write {
        first: Statement::new(
            "INSERT INTO snapshots (stream, seq, organisation, bytes) \
             SELECT stream, $2, organisation, $3 FROM streams WHERE stream = $1 AND seq >= $2 AND organisation = $4 \
             ON CONFLICT (stream, seq) DO UPDATE SET bytes = excluded.bytes",
            vec![key.clone(), exact(seq), Value::bytes(bytes), Value::Id(stream.organisation.0)],
        ),
        then: vec![Statement::new(
            "DELETE FROM snapshots WHERE stream = $1 AND seq NOT IN \
             (SELECT seq FROM snapshots WHERE stream = $1 ORDER BY seq DESC LIMIT 2)",
            vec![key],
        )],
    }
}

pub(in crate::store) fn put_credential(row: CredentialRow) -> Write {
    only(
        concat!(
            "INSERT INTO credentials (account, organisation, password_hash, must_change, failures, locked_until) \
             VALUES ($1, ",
            organisation_of!(),
            ", $2, $3, $4, $5) ON CONFLICT (account) DO UPDATE SET organisation = excluded.organisation, \
             password_hash = excluded.password_hash, must_change = excluded.must_change, \
             failures = excluded.failures, locked_until = excluded.locked_until"
        ),
        vec![
            Value::Id(row.user.0),
            Value::text(row.password_hash),
            Value::Flag(row.must_change),
            Value::Int(i64::from(row.failures)),
            Value::optional(row.locked_until, |at| exact(at.0)),
        ],
    )
}

pub(in crate::store) fn rotate_session(row: SessionRow, expected: Option<[u8; 32]>) -> Write {
    let (account, family) = (Value::Id(row.user.0), Value::Id(row.family));
    let token = Value::bytes(row.token_hash.to_vec());
    let first = match expected {
        None => Statement::new(
            concat!(
                "INSERT INTO sessions (account, organisation, family, token_hash, expires_at, revoked) VALUES ($1, ",
                organisation_of!(),
                ", $2, $3, $4, $5) ON CONFLICT (family) DO NOTHING"
            ),
            vec![account.clone(), family.clone(), token.clone(), exact(row.expires_at.0), Value::Flag(row.revoked)],
        ),
        Some(expected) => Statement::new(
            "UPDATE sessions SET token_hash = $3, expires_at = $4, revoked = $5 \
             WHERE account = $1 AND family = $2 AND token_hash = $6 AND NOT revoked",
            vec![
                account.clone(),
                family.clone(),
                token.clone(),
                exact(row.expires_at.0),
                Value::Flag(row.revoked),
                Value::bytes(expected.to_vec()),
            ],
        ),
    };
    let remember = Statement::new(
        concat!(
            "INSERT INTO session_tokens (organisation, family, token_hash) VALUES (",
            organisation_of!(),
            ", $2, $3)"
        ),
        vec![account, family, token],
    );
    Write { first, then: vec![remember] }
}

pub(in crate::store) fn revoke_sessions(user: UserId, family: Option<[u8; 16]>) -> Write {
    let mut first = Statement::new("UPDATE sessions SET revoked = TRUE WHERE account = $1", vec![Value::Id(user.0)]);
    if let Some(family) = family {
        first = first.and(" AND family = ?", Value::Id(family));
    }
    Write { first, then: vec![] }
}

pub(in crate::store) fn put_enrolment_code(row: &EnrolmentCodeRow) -> Write {
    only(
        "INSERT INTO enrolment_codes (device, organisation, code_hash, expires_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (device) DO UPDATE SET organisation = excluded.organisation, code_hash = excluded.code_hash, \
         expires_at = excluded.expires_at",
        vec![
            Value::Id(row.device.0),
            Value::Id(row.organisation.0),
            Value::bytes(row.code_hash.to_vec()),
            exact(row.expires_at.0),
        ],
    )
}

/// Whoever brings a new ticket takes those away that nobody used in time.
pub(in crate::store) fn put_socket_ticket(row: &SocketTicketRow, now: Timestamp) -> Write {
    Write {
        first: Statement::new(
            "INSERT INTO socket_tickets (ticket_hash, organisation, account, everywhere, expires_at) \
             VALUES ($1, $2, $3, $4, $5)",
            vec![
                Value::bytes(row.ticket_hash.to_vec()),
                Value::Id(row.organisation.0),
                Value::Id(row.user.0),
                Value::Flag(row.everywhere),
                exact(row.expires_at.0),
            ],
        ),
        then: vec![Statement::new("DELETE FROM socket_tickets WHERE expires_at <= $1", vec![exact(now.0)])],
    }
}

pub(in crate::store) fn put_secret(row: SecretRow) -> Write {
    only(
        "INSERT INTO secrets (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        vec![Value::text(row.name), Value::bytes(row.sealed)],
    )
}

/// A new target's cursors stand at the journals' ends of that moment, whatever any clock says.
pub(in crate::store) fn join_outbox(target: &str, history: bool, now: Timestamp) -> Write {
    let target = Value::text(target.to_owned());
    let first = Statement::new(
        "INSERT INTO outbox_targets (target, joined_at) VALUES ($1, $2) ON CONFLICT (target) DO NOTHING",
        vec![target.clone(), exact(now.0)],
    );
    let at_the_end = Statement::new(
        "INSERT INTO outbox_cursors (target, stream, organisation, raffle, seq, told) \
         SELECT $1, stream, organisation, raffle, seq, 0 FROM streams WHERE seq > 0",
        vec![target],
    );
    Write { first, then: if history { vec![] } else { vec![at_the_end] } }
}

/// Nothing changes unless the cursor stands where the caller found it.
pub(in crate::store) fn move_outbox(
    target: &str,
    stream: StreamId,
    from: OutboxCursor,
    to: OutboxCursor,
    refused: Option<OutboxRefused>,
) -> Write {
    let (target, key) = (Value::text(target.to_owned()), Value::Id(stream.key()));
    let (organisation, raffle) = (Value::Id(stream.organisation.0), Value::Id(stream.raffle.0));
    let first = Statement::new(
        "INSERT INTO outbox_cursors (target, stream, organisation, raffle, seq, told) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (target, stream) DO UPDATE SET seq = excluded.seq, told = excluded.told \
         WHERE outbox_cursors.seq = $7",
        vec![
            target.clone(),
            key.clone(),
            organisation.clone(),
            raffle.clone(),
            exact(to.seq),
            exact(to.told),
            exact(from.seq),
        ],
    );
    let keep = refused.map(|refused| {
        Statement::new(
            "INSERT INTO outbox_refused (target, stream, seq, organisation, raffle, at, kind, tries, problem) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (target, stream, seq) DO UPDATE SET \
             at = excluded.at, tries = excluded.tries, problem = excluded.problem",
            vec![
                target,
                key,
                exact(refused.seq),
                organisation,
                raffle,
                exact(refused.at.0),
                Value::text(refused.kind),
                Value::Int(i64::from(refused.tries)),
                Value::text(refused.problem),
            ],
        )
    });
    Write { first, then: keep.into_iter().collect() }
}

pub(in crate::store) fn ping() -> Write {
    only("UPDATE health SET beat = beat + 1 WHERE id = 1", vec![])
}

/// Deletes a journal's derived rows; the schema allows it only between these two marks.
pub(in crate::store) fn rebuild_begins(stream: StreamId) -> Vec<Statement> {
    let (organisation, raffle) = (Value::Id(stream.organisation.0), Value::Id(stream.raffle.0));
    let mut steps = vec![Statement::new(
        "INSERT INTO rebuilding (stream, organisation) VALUES ($1, $2)",
        vec![Value::Id(stream.key()), organisation.clone()],
    )];
    let of_organisation: [&str; 3] = [
        "DELETE FROM organisations WHERE organisation = $1",
        "DELETE FROM accounts WHERE organisation = $1",
        "DELETE FROM devices WHERE organisation = $1",
    ];
    let of_raffle: [&str; 6] = [
        "DELETE FROM raffles WHERE organisation = $1 AND raffle = $2",
        "DELETE FROM tickets WHERE organisation = $1 AND raffle = $2",
        "DELETE FROM ticket_ranges WHERE organisation = $1 AND raffle = $2",
        "DELETE FROM orders WHERE organisation = $1 AND raffle = $2",
        "DELETE FROM facts WHERE organisation = $1 AND raffle = $2",
        "DELETE FROM draws WHERE organisation = $1 AND raffle = $2",
    ];
    if stream.raffle == drumroll_engine::id::RaffleId::NIL {
        steps.extend(of_organisation.map(|sql| Statement::new(sql, vec![organisation.clone()])));
    } else {
        steps.extend(of_raffle.map(|sql| Statement::new(sql, vec![organisation.clone(), raffle.clone()])));
    }
    steps.push(Statement::new(
        "DELETE FROM significant WHERE organisation = $1 AND raffle = $2",
        vec![organisation, raffle],
    ));
    steps
}

/// The second mark.
pub(in crate::store) fn rebuild_ends(stream: StreamId) -> Statement {
    Statement::new("DELETE FROM rebuilding WHERE stream = $1", vec![Value::Id(stream.key())])
}

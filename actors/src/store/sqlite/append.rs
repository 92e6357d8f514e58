//! Statements on one connection.

use super::failed;
use crate::store::sql::{
    Cells, Phase, Plan, Position, Query, Rows, Statement, Value, Verdict, groups, plan, queries, writes,
};
use crate::store::{Append, Appended, Row, StoreError, StreamId};
use rusqlite::types::{Null, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, ErrorCode, params_from_iter};
use tracing::error;

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Null.to_sql(),
            Self::Flag(flag) => Ok(ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*flag)))),
            Self::Int(int) => Ok(ToSqlOutput::Borrowed(ValueRef::Integer(*int))),
            Self::Id(id) => Ok(ToSqlOutput::Borrowed(ValueRef::Blob(id))),
            Self::Text(text) => Ok(ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))),
            Self::Bytes(bytes) => Ok(ToSqlOutput::Borrowed(ValueRef::Blob(bytes))),
        }
    }
}

impl Cells for rusqlite::Row<'_> {
    fn int(&self, column: usize) -> Result<Option<u64>, StoreError> {
        self.get::<_, Option<i64>>(column).map(|int| int.map(i64::cast_unsigned)).map_err(|e| failed(&e))
    }

    fn flag(&self, column: usize) -> Result<bool, StoreError> {
        self.get(column).map_err(|e| failed(&e))
    }

    fn id(&self, column: usize) -> Result<Option<[u8; 16]>, StoreError> {
        self.get(column).map_err(|e| failed(&e))
    }

    fn text(&self, column: usize) -> Result<Option<String>, StoreError> {
        self.get(column).map_err(|e| failed(&e))
    }

    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(column).map_err(|e| failed(&e))
    }
}

/// The text with SQLite's numbered parameters.
fn numbered(statement: &Statement) -> String {
    statement.sql.replace('$', "?")
}

pub(super) fn rows<T>(connection: &Connection, query: &Query<T>) -> Result<Vec<T>, StoreError> {
    let mut prepared = connection.prepare_cached(&numbered(&query.statement)).map_err(|e| failed(&e))?;
    let mut found = prepared.query(params_from_iter(&query.statement.params)).map_err(|e| failed(&e))?;
    let mut values = Vec::new();
    while let Some(row) = found.next().map_err(|e| failed(&e))? {
        values.push((query.decode)(row)?);
    }
    Ok(values)
}

pub(super) fn execute(connection: &Connection, statement: &Statement) -> Result<u64, StoreError> {
    let run = || connection.prepare_cached(&numbered(statement))?.execute(params_from_iter(&statement.params));
    run().map(|changed| changed as u64).map_err(|e| failed(&e))
}

/// Runs a set-based write row by row; how many rows changed.
fn put(connection: &Connection, rows: &Rows<'_>) -> rusqlite::Result<u64> {
    let mut prepared = connection.prepare_cached(rows.table.sqlite())?;
    let mut changed = 0;
    for row in &rows.rows {
        changed += prepared.execute(params_from_iter(row))? as u64;
    }
    Ok(changed)
}

fn put_all(connection: &Connection, plan: &Plan<'_>) -> rusqlite::Result<()> {
    plan.phases().iter().flat_map(Phase::writes).try_for_each(|rows| put(connection, rows).map(drop))
}

/// Appends within the caller's transaction, each append behind a savepoint of its own: one that is
/// fenced off takes nothing else with it.
pub(super) fn append(connection: &Connection, batch: &[Append]) -> Result<Vec<Appended>, StoreError> {
    let mut outcomes = vec![Appended::Fenced; batch.len()];
    for group in groups(batch) {
        let mut position = Position::new(rows(connection, &queries::stream_head(group.stream))?.pop());
        for (place, append) in group.entries {
            let stored = rows(connection, &queries::stored_hash(append.stream, append.last_seq()))?.pop();
            let verdict = position.judge(append, stored.map(|(_, hash)| hash));
            outcomes[place] = match verdict {
                Verdict::Present => Appended::Committed,
                Verdict::Fresh => insert(connection, append)?,
                Verdict::Fenced => Appended::Fenced,
            };
            if verdict == Verdict::Fresh && outcomes[place] == Appended::Committed {
                position.accept(append);
            }
        }
    }
    Ok(outcomes)
}

/// Puts an append in, whole or not at all.
fn insert(connection: &Connection, append: &Append) -> Result<Appended, StoreError> {
    let savepoint =
        |sql: &str| connection.prepare_cached(sql).and_then(|mut it| it.execute([])).map_err(|e| failed(&e));
    savepoint("SAVEPOINT entry")?;
    match insert_rows(connection, append) {
        Ok(true) => {
            savepoint("RELEASE entry")?;
            Ok(Appended::Committed)
        }
        Ok(false) => {
            savepoint("ROLLBACK TO entry")?;
            savepoint("RELEASE entry")?;
            Ok(Appended::Fenced)
        }
        Err(problem) if problem.sqlite_error_code().is_some_and(lasting) => {
            // T-05: the last line of defence. The text names the constraint, never a value.
            let (seq, raffle) = (append.first_seq(), append.stream.raffle);
            error!(raffle.id = %raffle, organisation.id = %append.stream.organisation, seq, error = %problem,
                "an append breaks a constraint and is refused");
            savepoint("ROLLBACK TO entry")?;
            savepoint("RELEASE entry")?;
            Ok(Appended::Refused)
        }
        Err(problem) => Err(failed(&problem)),
    }
}

/// Whether rows that stand there forbid an append, or a value of its own cannot be stored.
fn lasting(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch)
}

fn insert_rows(connection: &Connection, append: &Append) -> Result<bool, Error> {
    let mut moves = plan::moves();
    plan::advance(&mut moves, append, append);
    if put(connection, &moves)? != 1 {
        return Ok(false);
    }
    put(connection, &plan::events([append]))?;
    let mut plan = Plan::new();
    for row in &append.rows {
        plan.add(append.stream, row);
    }
    put_all(connection, &plan)?;
    Ok(true)
}

/// Replaces a journal's derived rows within the caller's transaction.
pub(super) fn rebuild(connection: &Connection, stream: StreamId, new: &[Row]) -> Result<(), StoreError> {
    let ordinals = rows(connection, &queries::account_ordinals(stream.organisation))?;
    for statement in writes::rebuild_begins(stream) {
        execute(connection, &statement)?;
    }
    let mut plan = Plan::new();
    for row in new {
        plan.add(stream, row);
    }
    put_all(connection, &plan).map_err(|e| failed(&e))?;
    put(connection, &plan::ordinals(ordinals)).map_err(|e| failed(&e))?;
    execute(connection, &writes::rebuild_ends(stream)).map(drop)
}

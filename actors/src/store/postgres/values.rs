//! Parameters, rows and errors.

use crate::store::StoreError;
use crate::store::sql::{Cells, Value};
use std::error::Error;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

type Problem = Box<dyn Error + Sync + Send>;

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Problem> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Flag(flag) => flag.to_sql(kind, out),
            Self::Int(int) => match *kind {
                Type::INT2 => i16::try_from(*int)?.to_sql(kind, out),
                Type::INT4 => i32::try_from(*int)?.to_sql(kind, out),
                _ => int.to_sql(kind, out),
            },
            // A UUID's binary form is its sixteen bytes.
            Self::Id(id) => id.as_slice().to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.as_ref().to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::BOOL, Type::INT2, Type::INT4, Type::INT8, Type::UUID, Type::TEXT, Type::BYTEA].contains(kind)
    }

    to_sql_checked!();
}

/// An integer of any width.
struct Int(i64);

impl<'a> FromSql<'a> for Int {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Problem> {
        Ok(Self(match *kind {
            Type::INT2 => i16::from_sql(kind, raw)?.into(),
            Type::INT4 => i32::from_sql(kind, raw)?.into(),
            _ => i64::from_sql(kind, raw)?,
        }))
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT2, Type::INT4, Type::INT8].contains(kind)
    }
}

struct Id([u8; 16]);

impl<'a> FromSql<'a> for Id {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Problem> {
        Ok(Self(raw.try_into()?))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::UUID
    }
}

impl Cells for tokio_postgres::Row {
    fn int(&self, column: usize) -> Result<Option<u64>, StoreError> {
        let int: Option<Int> = self.try_get(column).map_err(|e| failed(&e))?;
        Ok(int.map(|int| int.0.cast_unsigned()))
    }

    fn flag(&self, column: usize) -> Result<bool, StoreError> {
        self.try_get(column).map_err(|e| failed(&e))
    }

    fn id(&self, column: usize) -> Result<Option<[u8; 16]>, StoreError> {
        let id: Option<Id> = self.try_get(column).map_err(|e| failed(&e))?;
        Ok(id.map(|id| id.0))
    }

    fn text(&self, column: usize) -> Result<Option<String>, StoreError> {
        self.try_get(column).map_err(|e| failed(&e))
    }

    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.try_get(column).map_err(|e| failed(&e))
    }
}

/// A database error as the contract's. Only the code and the message are kept: the detail may quote values.
pub(super) fn failed(problem: &tokio_postgres::Error) -> StoreError {
    let Some(server) = problem.as_db_error() else {
        let text = problem.source().map_or_else(|| problem.to_string(), |source| format!("{problem}: {source}"));
        // What the server did not say is about the connection, unless a value did not fit.
        let fits = problem.source().is_none_or(|source| source.is::<std::io::Error>());
        return if problem.is_closed() || fits { StoreError::Unavailable(text) } else { StoreError::Damaged(text) };
    };
    let text = format!("{}: {}", server.code().code(), server.message());
    // Syntax, data, constraints, corruption: the same statement fails the same way again.
    const LASTING: [&str; 6] = ["22", "23", "42", "0A", "XX", "P0"];
    let class = &server.code().code()[..2];
    if LASTING.contains(&class) { StoreError::Damaged(text) } else { StoreError::Unavailable(text) }
}

/// Whether an append ran into other rows or into another writer, or does not fit: judge its parts one by one.
pub(super) fn conflict(problem: &tokio_postgres::Error) -> bool {
    constraint(problem) || problem.as_db_error().is_some_and(|server| &server.code().code()[..2] == "40")
}

/// Whether rows that stand there forbid the append (class 23), or a value of its own cannot be stored (22).
pub(super) fn constraint(problem: &tokio_postgres::Error) -> bool {
    problem.as_db_error().is_some_and(|server| matches!(&server.code().code()[..2], "22" | "23"))
}

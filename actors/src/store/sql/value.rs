//! Parameters and statements.

use super::Cells;
use crate::store::StoreError;
use std::borrow::Cow;

/// One parameter. Its database type follows from where it stands in the statement.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::store) enum Value<'a> {
    /// Nothing.
    Null,
    /// A flag.
    Flag(bool),
    /// Any integer.
    Int(i64),
    /// An identifier.
    Id([u8; 16]),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
}

/// A `u64` as stored: its bits, so that every value comes back as it was. Those from 2^63 on stand as
/// negative numbers; nothing in the engine's limits reaches them.
pub(in crate::store) const fn exact(value: u64) -> Value<'static> {
    Value::Int(value.cast_signed())
}

/// A `u64` to compare with: clamped, so that "after everything" stays after everything.
pub(in crate::store) fn bound(value: u64) -> Value<'static> {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

impl<'a> Value<'a> {
    pub(in crate::store) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    pub(in crate::store) fn bytes(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self::Bytes(bytes.into())
    }

    pub(in crate::store) fn optional<T>(value: Option<T>, encode: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, encode)
    }
}

/// A statement with its parameters.
#[derive(Clone, Debug)]
pub(in crate::store) struct Statement {
    /// The text, with `$1` for the first parameter.
    pub sql: Cow<'static, str>,
    /// The parameters.
    pub params: Vec<Value<'static>>,
}

impl Statement {
    pub(in crate::store) fn new(sql: &'static str, params: Vec<Value<'static>>) -> Self {
        Self { sql: Cow::Borrowed(sql), params }
    }

    /// Appends a piece of SQL whose one `?` is the next parameter.
    pub(in crate::store) fn and(mut self, sql: &str, value: Value<'static>) -> Self {
        self.params.push(value);
        let piece = sql.replace('?', &format!("${}", self.params.len()));
        self.sql.to_mut().push_str(&piece);
        self
    }

    /// Appends a piece of SQL.
    pub(in crate::store) fn then(mut self, sql: &str) -> Self {
        self.sql.to_mut().push_str(sql);
        self
    }
}

/// A statement and what its rows are.
pub(in crate::store) struct Query<T> {
    /// The statement.
    pub statement: Statement,
    /// Reads one row.
    pub decode: fn(&dyn Cells) -> Result<T, StoreError>,
}

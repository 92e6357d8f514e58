//! Set-based writes, each written once: PostgreSQL feeds them whole columns by UNNEST, SQLite one row at
//! a time. `{source}` is that feed, named `n`; `{columns}` and `{values}` are its columns.

use std::sync::OnceLock;

/// What a second row with the same key in one batch means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Fold {
    /// Rows do not replace each other: a conflict is for the database to find.
    Plain,
    /// The later row replaces the earlier one.
    Replace,
    /// The later row's values replace the earlier one's where there are any.
    Patch,
}

/// One kind of write.
pub(in crate::store) struct Table {
    /// Names and PostgreSQL types of the fed columns.
    columns: &'static [(&'static str, &'static str)],
    /// How many of them, from the left, are its key. All are identifiers.
    pub key: usize,
    /// How rows of one key fold into one.
    pub fold: Fold,
    sql: &'static str,
    postgres: OnceLock<String>,
    sqlite: OnceLock<String>,
}

impl Table {
    const fn new(fold: Fold, key: usize, columns: &'static [(&'static str, &'static str)], sql: &'static str) -> Self {
        Self { columns, key, fold, sql, postgres: OnceLock::new(), sqlite: OnceLock::new() }
    }

    /// How many values a row has.
    pub(in crate::store) const fn width(&self) -> usize {
        self.columns.len()
    }

    /// The statement over whole columns, each parameter an array.
    pub(in crate::store) fn postgres(&self) -> &str {
        self.postgres.get_or_init(|| {
            let arrays: Vec<String> =
                self.columns.iter().zip(1..).map(|((_, kind), at)| format!("${at}::{kind}[]")).collect();
            self.render(&format!("UNNEST({}) AS n ({})", arrays.join(", "), self.names("")))
        })
    }

    /// The statement over one row.
    pub(in crate::store) fn sqlite(&self) -> &str {
        self.sqlite.get_or_init(|| {
            let row: Vec<String> =
                self.columns.iter().zip(1..).map(|((name, _), at)| format!("?{at} AS {name}")).collect();
            self.render(&format!("(SELECT {}) AS n", row.join(", ")))
        })
    }

    fn names(&self, prefix: &str) -> String {
        self.columns.iter().map(|(name, _)| format!("{prefix}{name}")).collect::<Vec<_>>().join(", ")
    }

    fn render(&self, source: &str) -> String {
        let replaced = self.columns[self.key..].iter().map(|(name, _)| format!("{name} = excluded.{name}"));
        self.sql
            .replace("{columns}", &self.names(""))
            .replace("{values}", &self.names("n."))
            .replace("{replaced}", &replaced.collect::<Vec<_>>().join(", "))
            .replace("{source}", source)
    }
}

/// Moves journals' ends on, each only for the owner's epoch and from where the new events begin.
pub(in crate::store) static ADVANCE: Table = Table::new(
    Fold::Plain,
    0,
    &[
        ("stream", "uuid"),
        ("organisation", "uuid"),
        ("raffle", "uuid"),
        ("epoch", "int8"),
        ("from_seq", "int8"),
        ("from_hash", "bytea"),
        ("to_seq", "int8"),
        ("to_hash", "bytea"),
        ("to_at", "int8"),
    ],
    "UPDATE streams SET seq = n.to_seq, hash = n.to_hash, at = n.to_at FROM {source} \
     WHERE streams.stream = n.stream AND streams.organisation = n.organisation AND streams.raffle = n.raffle \
     AND streams.epoch = n.epoch AND streams.seq = n.from_seq AND streams.hash = n.from_hash",
);

pub(in crate::store) static EVENTS: Table = Table::new(
    Fold::Plain,
    0,
    &[
        ("stream", "uuid"),
        ("format", "int2"),
        ("organisation", "uuid"),
        ("raffle", "uuid"),
        ("epoch", "int8"),
        ("seq", "int8"),
        ("at", "int8"),
        ("actor_kind", "int2"),
        ("actor", "uuid"),
        ("approver", "uuid"),
        ("cause_kind", "int2"),
        ("cause", "uuid"),
        ("prev", "bytea"),
        ("payload", "bytea"),
        ("hash", "bytea"),
    ],
    "INSERT INTO events ({columns}) SELECT {values} FROM {source}",
);

pub(super) static RAFFLES: Table = Table::new(
    Fold::Replace,
    1,
    &[
        ("raffle", "uuid"),
        ("organisation", "uuid"),
        ("event_number", "int8"),
        ("name", "text"),
        ("kind", "text"),
        ("status", "text"),
        ("created_at", "int8"),
        ("sales_start", "int8"),
        ("closes_at", "int8"),
        ("organisation_name", "text"),
        ("location", "text"),
        ("time_zone", "text"),
        ("currency", "text"),
        ("jackpot_minor", "int8"),
        ("gross_minor", "int8"),
        ("voided_minor", "int8"),
        ("tickets", "int8"),
        ("numbers_sold", "int8"),
        ("seq", "int8"),
    ],
    "INSERT INTO raffles ({columns}) SELECT {values} FROM {source} WHERE TRUE \
     ON CONFLICT (raffle) DO UPDATE SET {replaced}",
);

pub(super) static TICKETS: Table = Table::new(
    Fold::Plain,
    0,
    &[
        ("raffle", "uuid"),
        ("order_key", "uuid"),
        ("seq", "int8"),
        ("validation", "bytea"),
        ("channel", "int2"),
        ("device", "uuid"),
        ("seller", "uuid"),
        ("lines", "text"),
        ("ranges", "text"),
        ("numbers", "int8"),
        ("price_minor", "int8"),
        ("sold_at", "int8"),
        ("sale_hash", "bytea"),
        ("salt", "bytea"),
        ("state", "text"),
        ("reason", "text"),
        ("changed_at", "int8"),
        ("organisation", "uuid"),
    ],
    "INSERT INTO tickets ({columns}) SELECT {values} FROM {source}",
);

pub(super) static TICKET_RANGES: Table = Table::new(
    Fold::Plain,
    0,
    &[("raffle", "uuid"), ("first", "int8"), ("last", "int8"), ("order_key", "uuid"), ("organisation", "uuid")],
    "INSERT INTO ticket_ranges ({columns}) SELECT {values} FROM {source}",
);

pub(super) static TICKET_STATES: Table = Table::new(
    Fold::Replace,
    2,
    &[("raffle", "uuid"), ("order_key", "uuid"), ("state", "text"), ("reason", "text"), ("changed_at", "int8")],
    "UPDATE tickets SET state = n.state, reason = n.reason, changed_at = n.changed_at FROM {source} \
     WHERE tickets.raffle = n.raffle AND tickets.order_key = n.order_key",
);

/// A ticket that was voided before keeps its own reason and time.
pub(super) static VOID_ALL: Table = Table::new(
    Fold::Plain,
    0,
    &[("raffle", "uuid"), ("reason", "text"), ("changed_at", "int8")],
    "UPDATE tickets SET state = 'voided', reason = n.reason, changed_at = n.changed_at FROM {source} \
     WHERE tickets.raffle = n.raffle AND tickets.state <> 'voided'",
);

pub(super) static ORDERS: Table = Table::new(
    Fold::Plain,
    0,
    &[
        ("raffle", "uuid"),
        ("order_key", "uuid"),
        ("organisation", "uuid"),
        ("status", "text"),
        ("price_minor", "int8"),
        ("made_at", "int8"),
        ("expires_at", "int8"),
        ("payment", "text"),
        ("refund_reason", "text"),
        ("refund_due_at", "int8"),
        ("refund_reference", "text"),
    ],
    "INSERT INTO orders ({columns}) SELECT {values} FROM {source}",
);

pub(super) static ORDER_CHANGES: Table = Table::new(
    Fold::Patch,
    2,
    &[
        ("raffle", "uuid"),
        ("order_key", "uuid"),
        ("status", "text"),
        ("payment", "text"),
        ("refund_reason", "text"),
        ("refund_due_at", "int8"),
        ("refund_reference", "text"),
    ],
    "UPDATE orders SET status = COALESCE(n.status, orders.status), payment = COALESCE(n.payment, orders.payment), \
     refund_reason = COALESCE(n.refund_reason, orders.refund_reason), \
     refund_due_at = COALESCE(n.refund_due_at, orders.refund_due_at), \
     refund_reference = COALESCE(n.refund_reference, orders.refund_reference) FROM {source} \
     WHERE orders.raffle = n.raffle AND orders.order_key = n.order_key",
);

pub(super) static FACTS: Table = Table::new(
    Fold::Plain,
    0,
    &[
        ("raffle", "uuid"),
        ("position", "int8"),
        ("seq", "int8"),
        ("at", "int8"),
        ("kind", "text"),
        ("data", "text"),
        ("organisation", "uuid"),
    ],
    "INSERT INTO facts ({columns}) SELECT {values} FROM {source}",
);

pub(super) static DRAWS: Table = Table::new(
    Fold::Plain,
    0,
    &[("draw", "uuid"), ("raffle", "uuid"), ("organisation", "uuid"), ("draw_no", "int8")],
    "INSERT INTO draws ({columns}) SELECT {values} FROM {source}",
);

pub(super) static ORGANISATIONS: Table = Table::new(
    Fold::Replace,
    1,
    &[("organisation", "uuid"), ("name", "text")],
    "INSERT INTO organisations ({columns}) SELECT {values} FROM {source} WHERE TRUE \
     ON CONFLICT (organisation) DO UPDATE SET {replaced}",
);

/// The position in the batch makes the earlier of two new accounts the older one.
pub(super) static ACCOUNTS: Table = Table::new(
    Fold::Replace,
    1,
    &[
        ("account", "uuid"),
        ("organisation", "uuid"),
        ("login", "text"),
        ("login_key", "text"),
        ("name", "text"),
        ("role", "text"),
        ("enabled", "bool"),
        ("position", "int8"),
    ],
    "INSERT INTO accounts (account, organisation, login, login_key, name, role, enabled, ordinal) \
     SELECT n.account, n.organisation, n.login, n.login_key, n.name, n.role, n.enabled, \
     n.position + (SELECT COALESCE(MAX(ordinal), 0) FROM accounts) FROM {source} WHERE TRUE \
     ON CONFLICT (account) DO UPDATE SET organisation = excluded.organisation, login = excluded.login, \
     login_key = excluded.login_key, name = excluded.name, role = excluded.role, enabled = excluded.enabled",
);

/// Gives rebuilt accounts their old order back.
pub(in crate::store) static ACCOUNT_ORDINALS: Table = Table::new(
    Fold::Replace,
    1,
    &[("account", "uuid"), ("ordinal", "int8")],
    "UPDATE accounts SET ordinal = n.ordinal FROM {source} WHERE accounts.account = n.account",
);

pub(super) static DEVICES: Table = Table::new(
    Fold::Replace,
    1,
    &[
        ("device", "uuid"),
        ("organisation", "uuid"),
        ("label", "text"),
        ("public_key", "bytea"),
        ("enabled", "bool"),
        ("registered_at", "int8"),
        ("enrolled_at", "int8"),
    ],
    "INSERT INTO devices ({columns}) SELECT {values} FROM {source} WHERE TRUE \
     ON CONFLICT (device) DO UPDATE SET {replaced}",
);

pub(super) static SIGNIFICANT: Table = Table::new(
    Fold::Plain,
    0,
    &[
        ("organisation", "uuid"),
        ("raffle", "uuid"),
        ("seq", "int8"),
        ("at", "int8"),
        ("code", "text"),
        ("component", "text"),
        ("actor", "text"),
        ("detail", "text"),
    ],
    "INSERT INTO significant ({columns}) SELECT {values} FROM {source}",
);

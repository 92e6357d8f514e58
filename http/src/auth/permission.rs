//! What each role may do: one table, visible in every handler's signature (C-01).

use drumroll_engine::organisation::Role;

/// A right that a handler's signature asks for.
pub trait Permission: 'static {
    /// Its name in the journal and the documents.
    const NAME: &'static str;
    /// Who has it.
    const ROLES: &'static [Role];
    /// Whether it may be used with a one-time password that is still to be changed.
    const BEFORE_PASSWORD_CHANGE: bool = false;
}

/// [`Own`], and open to somebody who has not yet replaced his one-time password: he must be able to.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer;

impl Permission for Newcomer {
    const NAME: &'static str = Own::NAME;
    const ROLES: &'static [Role] = Own::ROLES;
    const BEFORE_PASSWORD_CHANGE: bool = true;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal: [$($role:ident),*];)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Permission for $name {
                const NAME: &'static str = $text;
                const ROLES: &'static [Role] = &[$(Role::$role),*];
            }
        )*

        /// The whole table, for the denial matrix.
        pub const ALL: &[(&str, &[Role])] = &[$(($text, &[$(Role::$role),*])),*];
    };
}

permissions! {
    /// Anything an authenticated person may do to himself.
    Own = "own": [Seller, Supervisor, Administrator, Auditor, Support, Integration, Platform];
    /// See raffles, boards and reports.
    Watch = "watch": [Supervisor, Administrator, Auditor, Support, Platform];
    /// Sell at a counter.
    SellAtCounter = "sell_at_counter": [Seller, Supervisor, Administrator];
    /// Sell from an integrated system.
    SellIntegrated = "sell_integrated": [Integration];
    /// Look a ticket up.
    FindTicket = "find_ticket": [Seller, Supervisor, Administrator, Auditor, Support];
    /// Mark a ticket as misprinted.
    MarkMisprint = "mark_misprint": [Seller, Supervisor, Administrator];
    /// Void a ticket, clear a mark, decide about quarantined sales.
    DecideTicket = "decide_ticket": [Supervisor, Administrator];
    /// Create, configure and open raffles.
    SetUp = "set_up": [Administrator];
    /// Suspend, resume, move the close, cancel.
    RunSales = "run_sales": [Supervisor, Administrator];
    /// Reconcile, acknowledge, write handhelds off.
    Reconcile = "reconcile": [Supervisor, Administrator];
    /// Seal and draw.
    Draw = "draw": [Supervisor, Administrator];
    /// Publish a result, settle a draw, finalize.
    Publish = "publish": [Supervisor, Administrator];
    /// Register, enable and disable handhelds.
    ManageDevices = "manage_devices": [Supervisor, Administrator];
    /// Accounts and venues.
    ManageOrganisation = "manage_organisation": [Administrator, Platform];
    /// Read the log of significant events.
    ReadLog = "read_log": [Supervisor, Administrator, Auditor, Platform];
    /// Stand in as the second person.
    Approve = "approve": [Supervisor, Administrator];
}

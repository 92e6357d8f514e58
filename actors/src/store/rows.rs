//! Read-model rows. They are derived from events alone ([`crate::project`]), written in the events'
//! transaction and rebuilt by `drumroll rebuild`. Credentials, sessions, codes and secrets are rows of
//! their own that no event carries.

use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DeviceId, DrawId, OrderKey, OrganisationId, RaffleId, UserId};
use drumroll_engine::money::Line;
use drumroll_engine::organisation::Role;
use drumroll_engine::raffle::{Channel, HoldEnd, Kind, RefundReason, Status};
use drumroll_engine::ticket::{NumberRange, ValidationNumber};
use drumroll_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One change of a read model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Row {
    /// Inserts or replaces a raffle's summary.
    Raffle(Box<RaffleRow>),
    /// Inserts a ticket with its ranges; a number that is there already fails the batch (T-05).
    Ticket(Box<TicketRow>),
    /// Changes a ticket's state.
    TicketState {
        /// The raffle.
        raffle: RaffleId,
        /// The ticket.
        order: OrderKey,
        /// Its new state.
        state: TicketState,
        /// Why, for voided and misprinted ones.
        reason: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// Voids every valid ticket of a raffle: it was cancelled.
    VoidAll {
        /// The raffle.
        raffle: RaffleId,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// Inserts an online order.
    Order(Box<OrderRow>),
    /// Changes where an online order stands.
    OrderStatus {
        /// The raffle.
        raffle: RaffleId,
        /// The order.
        order: OrderKey,
        /// Its new status.
        status: OrderStatus,
        /// The provider's reference, when there is a payment now.
        payment: Option<String>,
    },
    /// Money is owed back for an online order. The payment's reference stays when none is given.
    RefundDue {
        /// The raffle.
        raffle: RaffleId,
        /// The order.
        order: OrderKey,
        /// Why.
        reason: RefundReason,
        /// The provider's reference of the payment, when it was not known before.
        payment: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// The money went back.
    Refunded {
        /// The raffle.
        raffle: RaffleId,
        /// The order.
        order: OrderKey,
        /// The provider's reference of the refund.
        reference: String,
    },
    /// Inserts a fact.
    Fact(FactRow),
    /// Inserts a draw.
    Draw(DrawRow),
    /// Inserts or replaces an organisation's name.
    Organisation {
        /// Which.
        organisation: OrganisationId,
        /// Its name.
        name: String,
    },
    /// Inserts or replaces an account.
    Account(AccountRow),
    /// Inserts or replaces a handheld.
    Device(DeviceRow),
    /// Inserts a significant event.
    Significant(SignificantRow),
}

/// A raffle's summary, for lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RaffleRow {
    /// Its id.
    pub raffle: RaffleId,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// Its number.
    pub event_number: u64,
    /// Its name.
    pub name: String,
    /// Live or test.
    pub kind: Kind,
    /// Where it stands.
    pub status: Status,
    /// When it was created; the order of lists.
    pub created_at: Timestamp,
    /// Start of sales, once configured.
    pub sales_start: Option<Timestamp>,
    /// The closing time, once configured.
    pub closes_at: Option<Timestamp>,
    /// Its organisation's name on tickets, once configured.
    pub organisation_name: Option<String>,
    /// Its location, once configured.
    pub location: Option<String>,
    /// Its time zone, once configured.
    pub time_zone: Option<String>,
    /// Its currency, once configured.
    pub currency: Option<String>,
    /// What the main prize's winner gets.
    pub jackpot_minor: u64,
    /// All sales.
    pub gross_minor: u64,
    /// Voided sales.
    pub voided_minor: u64,
    /// Tickets ever sold.
    pub tickets: u64,
    /// Valid draw numbers.
    pub numbers_sold: u64,
    /// The event this summary is of.
    pub seq: u64,
}

/// A ticket's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// It takes part.
    Valid,
    /// It takes part and waits for a decision (T-09).
    Misprinted,
    /// It does not take part.
    Voided,
}

impl TicketState {
    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Misprinted => "misprinted",
            Self::Voided => "voided",
        }
    }

    /// The inverse of [`TicketState::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Valid, Self::Misprinted, Self::Voided].into_iter().find(|state| state.as_str() == text)
    }
}

/// A ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketRow {
    /// The raffle.
    pub raffle: RaffleId,
    /// The order, and the ticket's identity.
    pub order: OrderKey,
    /// The event that sold it.
    pub seq: u64,
    /// Its validation number.
    pub validation: ValidationNumber,
    /// The way in.
    pub channel: Channel,
    /// The handheld.
    pub device: Option<DeviceId>,
    /// The member of staff.
    pub seller: Option<UserId>,
    /// What was bought.
    pub lines: Vec<Line>,
    /// Its draw numbers.
    pub ranges: Vec<NumberRange>,
    /// How many they are.
    pub numbers: u64,
    /// What was paid.
    pub price_minor: u64,
    /// The decisive instant.
    pub sold_at: Timestamp,
    /// The hash that stands for it in the ledger.
    pub sale_hash: Bytes<32>,
    /// The salt under it.
    pub salt: Bytes<32>,
    /// Its state.
    pub state: TicketState,
    /// Why it is not simply valid.
    pub reason: Option<String>,
    /// When its state last changed.
    pub changed_at: Option<Timestamp>,
}

/// Where an online order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// It waits for its payment.
    Held,
    /// It has a ticket.
    Paid,
    /// Its hold ended.
    Ended(HoldEnd),
}

/// An online order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRow {
    /// The raffle.
    pub raffle: RaffleId,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// The order.
    pub order: OrderKey,
    /// Where it stands.
    pub status: OrderStatus,
    /// What it costs.
    pub price_minor: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// When its hold ends or ended.
    pub expires_at: Timestamp,
    /// The provider's reference of the payment.
    pub payment: Option<String>,
    /// Why money is owed back, if it is or was.
    pub refund_reason: Option<RefundReason>,
    /// Since when it is owed.
    pub refund_due_at: Option<Timestamp>,
    /// The provider's reference of the refund, once paid.
    pub refund_reference: Option<String>,
}

/// A place in a list of orders: by the time they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderPlace {
    /// When the order was made.
    pub made_at: Timestamp,
    /// The order.
    pub order: OrderKey,
    /// Its raffle: keys of orders are scoped by it.
    pub raffle: RaffleId,
}

impl OrderPlace {
    /// Before every order that is made at this instant or later.
    pub const fn from(made_at: Timestamp) -> Self {
        Self { made_at, order: OrderKey::NIL, raffle: RaffleId::NIL }
    }
}

impl OrderRow {
    /// Its place.
    pub const fn place(&self) -> OrderPlace {
        OrderPlace { made_at: self.made_at, order: self.order, raffle: self.raffle }
    }
}

/// A public fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactRow {
    /// The raffle.
    pub raffle: RaffleId,
    /// Its position, from 1, dense.
    pub position: u64,
    /// The event it is of.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: String,
    /// Its details as JSON.
    pub data: String,
}

/// A draw, so that it is found by its id.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrawRow {
    /// The draw.
    pub draw: DrawId,
    /// Its raffle.
    pub raffle: RaffleId,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// Its number in the raffle.
    pub draw_no: u32,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountRow {
    /// The account.
    pub user: UserId,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// The name to log in with, as created. Not unique by constraint, for an event that is decided must
    /// always commit: the edge refuses a login in use, and of two the older is found.
    pub login: String,
    /// The name people read.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may log in.
    pub enabled: bool,
}

/// A handheld.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// The handheld.
    pub device: DeviceId,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// Its label.
    pub label: String,
    /// Its key, while it is enrolled.
    pub public_key: Option<Bytes<32>>,
    /// Whether it may take part.
    pub enabled: bool,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// When it was enrolled.
    pub enrolled_at: Option<Timestamp>,
}

/// A line of the log of significant events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignificantRow {
    /// The tenant.
    pub organisation: OrganisationId,
    /// The raffle, or nil.
    pub raffle: RaffleId,
    /// The event it is of.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Its stable code.
    pub code: String,
    /// The component.
    pub component: String,
    /// Who caused it: kind and id, for example `user:…`.
    pub actor: String,
    /// A sentence.
    pub detail: String,
}

/// How an account proves itself. Never in an event.
#[derive(Clone, PartialEq, Eq)]
pub struct CredentialRow {
    /// The account.
    pub user: UserId,
    /// The argon2id hash in PHC form.
    pub password_hash: String,
    /// Whether the next login must set a new password.
    pub must_change: bool,
    /// Failures since the last success.
    pub failures: u32,
    /// Until when it is locked.
    pub locked_until: Option<Timestamp>,
}

impl std::fmt::Debug for CredentialRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialRow").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A family of refresh tokens: each use replaces the current one, and an older one coming back revokes all.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The family.
    pub family: [u8; 16],
    /// The account.
    pub user: UserId,
    /// SHA-256 of the current token.
    pub token_hash: [u8; 32],
    /// When the current token ends.
    pub expires_at: Timestamp,
    /// Whether the family is revoked.
    pub revoked: bool,
}

impl std::fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionRow").field("user", &self.user).field("revoked", &self.revoked).finish_non_exhaustive()
    }
}

/// A one-time code with which a handheld enrols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentCodeRow {
    /// The handheld.
    pub device: DeviceId,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// SHA-256 of the code.
    pub code_hash: [u8; 32],
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A one-use ticket for an operator's socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketTicketRow {
    /// SHA-256 of the ticket.
    pub ticket_hash: [u8; 32],
    /// Whose it is.
    pub user: UserId,
    /// His organisation.
    pub organisation: OrganisationId,
    /// Whether he may watch every organisation's raffles.
    pub everywhere: bool,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A secret, sealed under the master key.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretRow {
    /// Its name, for example `raffle/…/ledger`.
    pub name: String,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

impl std::fmt::Debug for SecretRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretRow").field("name", &self.name).finish_non_exhaustive()
    }
}

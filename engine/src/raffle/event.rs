//! Facts of a raffle. The log outlives this code: add variants, never reshape one; a changed shape is a
//! new variant with a higher number in its name, and the old one stays readable for ever.

use super::channel::Channel;
use super::config::Config;
use crate::bytes::Bytes;
use crate::id::{DeviceId, DrawId, OrderKey, RaffleId, UserId};
use crate::money::Line;
use crate::profile::Profile;
use crate::ticket::{IssuerSlot, NumberRange, ValidationNumber};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether a raffle's money and draw are real (L-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Real.
    Live,
    /// A rehearsal: marked TEST everywhere, never in a live report.
    Test,
}

/// The device record behind an event: its place in the device's series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRecordRef {
    /// The handheld.
    pub device: DeviceId,
    /// The record's sequence number in the series of this device and raffle.
    pub seq: u64,
    /// The record's hash, which the next record names.
    pub hash: Bytes<32>,
    /// The device's estimate of the server's time when it made the record.
    pub at: Timestamp,
    /// Its measured bound on the error of that estimate, in milliseconds.
    pub error_ms: u32,
}

/// A ticket as sold: everything a bearer ticket carries that is not in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The order, and the ticket's identity.
    pub order: OrderKey,
    /// The way in.
    pub channel: Channel,
    /// The member of staff, where there is one.
    pub seller: Option<UserId>,
    /// What was bought.
    pub lines: Vec<Line>,
    /// Its draw numbers.
    pub ranges: Vec<NumberRange>,
    /// What was paid, in minor units.
    pub price_minor: u64,
    /// The validation number.
    pub validation: ValidationNumber,
    /// The salt under the sale hash; known to the holder through the receipt's link.
    pub salt: Bytes<32>,
    /// The decisive instant: acceptance, or the device's stamp.
    pub sold_at: Timestamp,
    /// The device record it came by.
    pub device_record: Option<DeviceRecordRef>,
    /// The provider's reference of an online payment.
    pub payment: Option<String>,
}

/// Why a hold ended without a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldEnd {
    /// Its time ran out.
    Expired,
    /// The provider declined.
    Declined,
    /// Sales closed.
    Closed,
    /// The raffle was cancelled.
    Cancelled,
}

/// Why money is owed back to a buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// A payment arrived when its hold had ended.
    NoHold,
    /// The ticket was voided.
    Voided,
    /// The raffle was cancelled.
    Cancelled,
    /// A quarantined device sale was refunded.
    Quarantine,
}

/// Why a device record was not accepted as it stands (close report, R-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineReason {
    /// Sold at or after the close, or too near it for the device's clock error.
    AfterClose,
    /// Sold before sales opened.
    BeforeOpening,
    /// Sold while sales were suspended.
    WhileSuspended,
    /// Came after the acknowledgement of the reconciliation.
    AfterAcknowledgement,
    /// Came after a draw's ledger was sealed.
    AfterLock,
    /// Came from a device that had been written off.
    DeviceLost,
    /// Came after the device's own final report.
    AfterFinal,
    /// The raffle is cancelled or finalized.
    RaffleOver,
    /// Price, package or currency are not the frozen ones.
    PriceMismatch,
    /// The numbers do not belong to the lines, or are not leased to this device.
    NumbersNotLeased,
    /// A number was used before by this device.
    NumbersUsed,
    /// The validation number is not of this device's issuer slot, or was used before.
    ValidationInvalid,
    /// The order key stands for another sale.
    OrderKeyUsed,
    /// Stamped earlier than the record before it.
    ClockWentBack,
    /// Stamped later than it arrived, beyond the device's measured error.
    ClockAhead,
    /// It names a sale this device did not make.
    UnknownSale,
    /// A final report that does not agree with what the device uploaded.
    FinalMismatch,
    /// Signed by the device, but in a form this version cannot read.
    Unreadable,
}

/// What a quarantined record was worth, kept for the decision about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedSale {
    /// The order key it was made with.
    pub order: OrderKey,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Its numbers.
    pub ranges: Vec<NumberRange>,
    /// Its price.
    pub price_minor: u64,
    /// Its validation number.
    pub validation: ValidationNumber,
    /// Its salt.
    pub salt: Bytes<32>,
    /// Its seller.
    pub seller: Option<UserId>,
}

/// What was decided about a quarantined sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It takes part.
    Accepted,
    /// The money goes back, its numbers leave the game.
    Refunded,
}

/// Public halves of the keys made for one raffle at its opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaffleKeys {
    /// Ed25519: signs locks and results.
    pub ledger: Bytes<32>,
    /// ECVRF.
    pub vrf: Bytes<32>,
    /// Ed25519 of the house witness, witness 0 of every plan.
    pub house_witness: Bytes<32>,
}

/// The count of every number in a raffle (I4, D-02).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Valid tickets' numbers.
    pub sold: u64,
    /// Voided tickets' numbers.
    pub voided: u64,
    /// Numbers held for orders that wait for payment.
    pub held: u64,
    /// Numbers leased to devices whose fate is not known yet.
    pub reserved: u64,
    /// Numbers that can no longer be sold or drawn.
    pub out_of_play: u64,
    /// Never sold.
    pub unsold: u64,
}

impl Identity {
    /// The sum: equals the number range at every sequence number (I4).
    pub const fn total(&self) -> u64 {
        self.sold + self.voided + self.held + self.reserved + self.out_of_play + self.unsold
    }

    /// Adds another part of the same raffle.
    pub const fn plus(self, other: Self) -> Self {
        Self {
            sold: self.sold + other.sold,
            voided: self.voided + other.voided,
            held: self.held + other.held,
            reserved: self.reserved + other.reserved,
            out_of_play: self.out_of_play + other.out_of_play,
            unsold: self.unsold + other.unsold,
        }
    }
}

/// The value of one prize, frozen at the acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrizeValue {
    /// The prize.
    pub prize: u32,
    /// What each winner of it gets.
    pub value_minor: u64,
}

/// The event manager's statement of reconciliation (D-01).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who made it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// The words agreed to.
    pub statement: String,
    /// The counts at that moment.
    pub counts: Identity,
    /// Sales less voids at that moment.
    pub net_minor: u64,
    /// What each prize is worth (D-09).
    pub prizes: Vec<PrizeValue>,
}

/// A sealed ledger: the fields of RDP-1's lock that are not in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedLedger {
    /// Sequence of the last event before the lock.
    pub close_seq: u64,
    /// Chain hash of that event.
    pub journal_head: Bytes<32>,
    /// The instant of the lock.
    pub closed_at_ms: u64,
    /// Leaves of the ledger.
    pub range_count: u64,
    /// Draw numbers in it.
    pub sold_count: u64,
    /// Root of the sum-Merkle tree.
    pub ledger_root: Bytes<32>,
    /// Hash of the lock.
    pub lock_hash: Bytes<32>,
    /// The ledger key's signature over it.
    pub signature: Bytes<64>,
}

/// One drawn slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Rank among the sold numbers, from 0.
    pub rank: u64,
    /// The draw number.
    pub number: u64,
}

/// What happened to a raffle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum Event {
    /// A draft exists, under its gapless event number (L-05).
    #[serde(rename = "raffle_created/1")]
    Created {
        /// The raffle.
        raffle: RaffleId,
        /// Its number within the organisation.
        event_number: u64,
        /// Its working name.
        name: String,
        /// Live or test.
        kind: Kind,
    },
    /// The configuration was set or replaced, before opening.
    #[serde(rename = "raffle_configured/1")]
    Configured {
        /// The whole configuration.
        config: Box<Config>,
    },
    /// Somebody tried to change what is frozen (L-02).
    #[serde(rename = "change_refused/1")]
    ChangeRefused {
        /// What they tried.
        attempt: String,
    },
    /// Sales opened; the exact bytes of this payload are the raffle's rules (`rules_hash`).
    #[serde(rename = "sales_opened/1")]
    SalesOpened {
        /// The frozen configuration.
        config: Box<Config>,
        /// The frozen profile.
        profile: Box<Profile>,
        /// The public keys of this raffle.
        keys: RaffleKeys,
    },
    /// A draw was planned: its plan is frozen and its house commitment recorded.
    #[serde(rename = "draw_planned/1")]
    DrawPlanned {
        /// The draw.
        draw: DrawId,
        /// Its number in the raffle, from 1.
        draw_no: u32,
        /// Hash of its plan.
        plan_hash: Bytes<32>,
        /// C_0.
        house_commitment: Bytes<32>,
    },
    /// Sales paused.
    #[serde(rename = "sales_suspended/1")]
    SalesSuspended {
        /// Why (L-07).
        reason: String,
    },
    /// Sales went on.
    #[serde(rename = "sales_resumed/1")]
    SalesResumed,
    /// The closing time was moved.
    #[serde(rename = "close_moved/1")]
    CloseMoved {
        /// The new closing time.
        closes_at: Timestamp,
        /// Why.
        reason: String,
    },
    /// Sales are over, for good (L-04).
    #[serde(rename = "sales_closed/1")]
    SalesClosed,
    /// Reconciliation began.
    #[serde(rename = "reconciliation_started/1")]
    ReconciliationStarted,
    /// The event manager acknowledged the reconciliation.
    #[serde(rename = "reconciliation_acknowledged/1")]
    ReconciliationAcknowledged {
        /// The whole statement.
        acknowledgement: Acknowledgement,
    },
    /// The acknowledgement no longer holds (D-03).
    #[serde(rename = "acknowledgement_cleared/1")]
    AcknowledgementCleared {
        /// Why.
        reason: String,
    },
    /// A ticket was sold.
    #[serde(rename = "ticket_sold/1")]
    TicketSold {
        /// All of it.
        sale: Sale,
    },
    /// An online order holds a quantity of numbers until it is paid.
    #[serde(rename = "order_held/1")]
    OrderHeld {
        /// The order.
        order: OrderKey,
        /// What is bought.
        lines: Vec<Line>,
        /// How many draw numbers.
        numbers: u64,
        /// What it costs.
        price_minor: u64,
        /// When the hold ends.
        expires_at: Timestamp,
    },
    /// A hold ended without a sale.
    #[serde(rename = "hold_ended/1")]
    HoldEnded {
        /// The order.
        order: OrderKey,
        /// Why.
        end: HoldEnd,
    },
    /// Money is owed back.
    #[serde(rename = "refund_due/1")]
    RefundDue {
        /// The order.
        order: OrderKey,
        /// How much.
        amount_minor: u64,
        /// Why.
        reason: RefundReason,
        /// The provider's reference of the payment.
        payment: Option<String>,
    },
    /// The money went back.
    #[serde(rename = "refunded/1")]
    Refunded {
        /// The order.
        order: OrderKey,
        /// The provider's reference of the refund.
        reference: String,
    },
    /// A ticket was voided; its numbers are never sold again (T-07).
    #[serde(rename = "ticket_voided/1")]
    TicketVoided {
        /// The order.
        order: OrderKey,
        /// Why.
        reason: String,
    },
    /// A ticket was marked as misprinted; it stays eligible until decided (T-09).
    #[serde(rename = "ticket_misprinted/1")]
    TicketMisprinted {
        /// The order.
        order: OrderKey,
        /// Why.
        reason: String,
        /// The device record, when a handheld marked it.
        device_record: Option<DeviceRecordRef>,
    },
    /// A supervisor found a marked ticket good.
    #[serde(rename = "misprint_cleared/1")]
    MisprintCleared {
        /// The order.
        order: OrderKey,
        /// Why.
        reason: String,
    },
    /// A handheld takes part, under an issuer slot of its own.
    #[serde(rename = "device_joined/1")]
    DeviceJoined {
        /// The handheld.
        device: DeviceId,
        /// Its label, as printed and shown.
        label: String,
        /// Its slot in validation numbers.
        slot: IssuerSlot,
    },
    /// A handheld was given numbers.
    #[serde(rename = "range_reserved/1")]
    RangeReserved {
        /// The handheld.
        device: DeviceId,
        /// The numbers.
        range: NumberRange,
    },
    /// A handheld knows a closing time or suspension.
    #[serde(rename = "notice_acknowledged/1")]
    NoticeAcknowledged {
        /// The handheld.
        device: DeviceId,
        /// The closing time it will obey.
        closes_at: Timestamp,
        /// Whether it knows that sales are suspended.
        suspended: bool,
    },
    /// A device record was set aside.
    #[serde(rename = "record_quarantined/1")]
    RecordQuarantined {
        /// The record.
        record: DeviceRecordRef,
        /// Why.
        reason: QuarantineReason,
        /// The sale, when it was one.
        sale: Option<Box<QuarantinedSale>>,
    },
    /// A quarantined sale was decided upon. When accepted, its `TicketSold` follows.
    #[serde(rename = "quarantine_resolved/1")]
    QuarantineResolved {
        /// The handheld.
        device: DeviceId,
        /// The record.
        seq: u64,
        /// The decision.
        resolution: Resolution,
        /// Why.
        reason: String,
    },
    /// A handheld has uploaded everything and returned its unused numbers.
    #[serde(rename = "device_final/1")]
    DeviceFinal {
        /// The final record.
        record: DeviceRecordRef,
        /// Numbers returned as unsold; they are never leased again.
        returned: Vec<NumberRange>,
    },
    /// A handheld was written off (R-16, GLI-31 §2.8.1 g).
    #[serde(rename = "device_lost/1")]
    DeviceLost {
        /// The handheld.
        device: DeviceId,
        /// Who had it.
        operator: String,
        /// The money he handed in.
        money_collected_minor: u64,
        /// Why.
        reason: String,
        /// Its numbers of unknown fate, now out of play.
        out_of_play: Vec<NumberRange>,
    },
    /// The sold ledger of a draw was sealed, one way.
    #[serde(rename = "draw_locked/1")]
    DrawLocked {
        /// The draw.
        draw_no: u32,
        /// The lock.
        lock: SealedLedger,
    },
    /// The house witness revealed its randomness.
    #[serde(rename = "witness_revealed/1")]
    WitnessRevealed {
        /// The draw.
        draw_no: u32,
        /// Index in the plan's list of witnesses.
        witness: u16,
        /// r.
        reveal: Bytes<32>,
        /// The witness's signature over the lock hash and r.
        signature: Bytes<64>,
    },
    /// The VRF proof is on record.
    #[serde(rename = "draw_proven/1")]
    DrawProven {
        /// The draw.
        draw_no: u32,
        /// pi.
        proof: Bytes<80>,
    },
    /// The winners are fixed and on record; nothing is shown before this is durable (D-05).
    #[serde(rename = "winners_drawn/1")]
    WinnersDrawn {
        /// The draw.
        draw_no: u32,
        /// The seed.
        seed: Bytes<32>,
        /// Slots in plan order, then reserves.
        slots: Vec<Slot>,
        /// The result's hash.
        result_hash: Bytes<32>,
        /// The ledger key's signature over it.
        signature: Bytes<64>,
    },
    /// The result was confirmed for every screen.
    #[serde(rename = "draw_published/1")]
    DrawPublished {
        /// The draw.
        draw_no: u32,
    },
    /// A draw was cancelled before its lock.
    #[serde(rename = "draw_cancelled/1")]
    DrawCancelled {
        /// The draw.
        draw_no: u32,
        /// Why.
        reason: String,
    },
    /// The prizes of a draw are paid or disposed of.
    #[serde(rename = "draw_settled/1")]
    DrawSettled {
        /// The draw.
        draw_no: u32,
        /// How.
        reason: String,
    },
    /// The raffle was cancelled; every ticket is void and every order is refunded (L-07).
    #[serde(rename = "raffle_cancelled/1")]
    Cancelled {
        /// Why.
        reason: String,
    },
    /// All is settled and the reports are frozen.
    #[serde(rename = "raffle_finalized/1")]
    Finalized,
}

impl Event {
    /// The exact bytes that are stored, hashed and, for the opening, called the rules.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("events have string keys and no failing serializers")
    }

    /// Reads a stored payload of any version ever written.
    ///
    /// # Errors
    /// The payload is not an event of this or an earlier build.
    pub fn decode(payload: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(payload)
    }
}

//! The message, and the closed list of what is told. `docs/notifications.md` shows one of each kind.

use crate::store::{OutboxEvent, StreamId};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Kind as RaffleKind;
use serde::Serialize;
use serde_json::{Map, Value};

/// Version of the message. New kinds and new members do not change it; receivers ignore what they do not know.
pub const VERSION: u32 = 1;

/// Who may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everybody: the raffle's public pages say the same.
    Public,
    /// The people who run the event.
    Staff,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $audience:ident;)+) => {
        /// What is told. The words are those of the facts and of the log of significant events. What is not in
        /// this list is not told: sales show in the live state, each refund is in a list of its own that the
        /// payment worker clears (a cancelled raffle would mean one message for each buyer), and who did
        /// something stands in the log of significant events alone.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)+
        }

        impl Kind {
            /// All of them, in the order of a raffle's life.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// Who may know of it.
            pub const fn audience(self) -> Audience {
                match self { $(Self::$name => Audience::$audience),+ }
            }
        }
    };
}

kinds! {
    /// A draw's plan and commitment are frozen.
    DrawPlanned = "draw_planned", Public;
    /// Sales opened.
    Opened = "opened", Public;
    /// Sales paused.
    Suspended = "suspended", Public;
    /// Sales go on.
    Resumed = "resumed", Public;
    /// The closing time was moved.
    CloseAnnounced = "close_announced", Public;
    /// Sales are over.
    Closed = "closed", Public;
    /// Every sale is in; the count began.
    Reconciling = "reconciling", Public;
    /// The event manager acknowledged the count.
    Reconciled = "reconciled", Public;
    /// The acknowledgement no longer holds.
    ReconciliationCleared = "reconciliation_cleared", Public;
    /// A ticket was voided.
    Voided = "voided", Public;
    /// The sold list of a draw is sealed.
    Locked = "locked", Public;
    /// The draw's proof is on record.
    Proven = "proven", Public;
    /// The winners are on record, unseen.
    Drawn = "drawn", Public;
    /// The winning numbers are public.
    Published = "published", Public;
    /// A draw was cancelled before its seal.
    DrawCancelled = "draw_cancelled", Public;
    /// A draw's prizes are paid or disposed of.
    Settled = "settled", Public;
    /// The raffle was cancelled; every order is refunded.
    Cancelled = "cancelled", Public;
    /// All is settled, the reports are frozen.
    Finalized = "finalized", Public;
    /// Somebody tried to change what is frozen.
    ChangeRefused = "change_refused", Staff;
    /// A handheld's record was set aside for a decision.
    RecordQuarantined = "record_quarantined", Staff;
    /// That decision was made.
    QuarantineResolved = "quarantine_resolved", Staff;
    /// A handheld reported itself final.
    RsuFinal = "rsu_final", Staff;
    /// A handheld was written off.
    RsuLost = "rsu_lost", Staff;
    /// A handheld was enrolled.
    RsuEnrolled = "rsu_enrolled", Staff;
    /// A handheld was un-enrolled.
    RsuUnenrolled = "rsu_unenrolled", Staff;
    /// A handheld was disabled.
    RsuDisabled = "rsu_disabled", Staff;
    /// An account was locked after failed logins.
    AccountLocked = "account_locked", Staff;
    /// Somebody tried what his role does not permit.
    AccessDenied = "access_denied", Staff;
    /// A refresh token came twice and its family was revoked.
    RefreshReused = "refresh_reused", Staff;
    /// A raffle's actor failed again and again; nothing is decided on it until a person looks.
    RaffleSetAside = "raffle_set_aside", Staff;
}

impl Kind {
    /// The kind with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One message. It says what is on record of one event, so telling it again says the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notice {
    /// [`VERSION`].
    pub version: u32,
    /// Subject and position; the same whenever it is told again.
    pub id: String,
    /// What is told in order: `raffle:…`, or `organisation:…` for what belongs to none.
    pub subject: String,
    /// The event's sequence number in the subject's journal. It grows, with gaps.
    pub position: u64,
    /// The position of the message before this one, to the same target; 0 for the first.
    pub previous: u64,
    /// What happened.
    pub kind: Kind,
    /// Who may know.
    pub audience: Audience,
    /// The tenant.
    pub organisation_id: String,
    /// The raffle, unless the subject is the organisation.
    pub raffle_id: Option<String>,
    /// The raffle's number within the organisation.
    pub event_number: Option<u64>,
    /// Whether it is a rehearsal (L-08).
    pub test: bool,
    /// When it happened, milliseconds since 1970.
    pub at_ms: u64,
    /// The details, by kind.
    pub data: Value,
}

impl Notice {
    /// The message of an event; `None` for what nobody is told of.
    pub fn of(stream: StreamId, event: &OutboxEvent, previous: u64) -> Option<Self> {
        let (kind, data) = match (&event.fact, &event.significant) {
            // A fact is fit for anybody's eyes as it stands; the log's own words may name people.
            (Some((word, data)), _) => (Kind::parse(word)?, serde_json::from_str(data).unwrap_or_default()),
            (None, Some((code, component))) => (Kind::parse(code)?, about(component)),
            (None, None) => return None,
        };
        let of_raffle = stream.raffle != RaffleId::NIL;
        let subject = if of_raffle {
            format!("raffle:{}", stream.raffle)
        } else {
            format!("organisation:{}", stream.organisation)
        };
        Some(Self {
            version: VERSION,
            id: format!("{subject}/{}", event.seq),
            subject,
            position: event.seq,
            previous,
            kind,
            audience: kind.audience(),
            organisation_id: stream.organisation.to_string(),
            raffle_id: of_raffle.then(|| stream.raffle.to_string()),
            event_number: event.raffle.map(|(number, _)| number),
            test: event.raffle.is_some_and(|(_, kind)| kind == RaffleKind::Test),
            at_ms: event.at.as_millis(),
            data,
        })
    }

    /// The message as text.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("a message is plain data")
    }
}

/// The thing that a significant event is about. People stay in the log.
fn about(component: &str) -> Value {
    let member = match component.split_once(':') {
        Some(("rsu", id)) => Some(("device_id", id)),
        Some(("raffle", id)) => Some(("raffle_id", id)),
        _ => None,
    };
    Value::Object(member.map(|(name, id)| (name.to_owned(), Value::from(id))).into_iter().collect::<Map<_, _>>())
}

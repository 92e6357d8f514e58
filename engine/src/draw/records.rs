//! The JSON shapes of a transcript, member by member as RDP-1 writes them.
//!
//! Members that the protocol does not know may stand beside those it does. They are read over, and
//! remembered by name, so that a verifier can say what no hash covers.

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::beacon::Beacon;
use super::evidence::{Cosign, Evidence};
use super::slots::Slot;
use super::wire::{Hex, HexAny, U64};
use super::{
    Commitment, Flags, LedgerPublicKey, Lock, Plan, Prize, Reveal, Signature, SignedLock, VrfPublicKey,
    WitnessPublicKey,
};
use crate::ledger::SoldRange;

/// Defines a JSON object with the given members, of which the optional ones may be absent. A member
/// that occurs twice counts as its last occurrence, as in other languages' JSON readers, so that all
/// verifiers see one transcript.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident { $($member:ident: $type:ty,)* } optional { $($extra:ident: $extra_type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Serialize)]
        pub(super) struct $name {
            $(pub(super) $member: $type,)*
            $(#[serde(skip_serializing_if = "Option::is_none")] pub(super) $extra: Option<$extra_type>,)*
            /// Names of members that no hash covers.
            #[serde(skip)]
            #[allow(dead_code, reason = "the record of the version alone is read for its one member")]
            pub(super) unhashed: Vec<String>,
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;

                impl<'de> Visitor<'de> for Members {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("the members of ", stringify!($name)))
                    }

                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        $(let mut $member: Option<$type> = None;)*
                        $(let mut $extra: Option<$extra_type> = None;)*
                        let mut unhashed = Vec::new();
                        while let Some(name) = map.next_key::<String>()? {
                            match name.as_str() {
                                $(stringify!($member) => $member = Some(map.next_value()?),)*
                                $(stringify!($extra) => $extra = Some(map.next_value()?),)*
                                _ => {
                                    map.next_value::<IgnoredAny>()?;
                                    unhashed.push(name);
                                }
                            }
                        }
                        Ok($name {
                            $($member: $member.ok_or_else(|| A::Error::missing_field(stringify!($member)))?,)*
                            $($extra,)*
                            unhashed,
                        })
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }
    };
}

record! {
    /// The whole transcript.
    TranscriptRecord {
        v: String,
        plan: PlanRecord,
        ledger: Vec<SoldRangeRow>,
        lock: LockRecord,
        reveals: Vec<RevealRecord>,
        vrf_proof: HexAny,
        beacon: Option<BeaconRecord>,
        slots: Vec<SlotRow>,
        result_sig: Signature,
    }
    optional { evidence: Vec<EvidenceRecord>, }
}

record! {
    /// Only the version, so that an unknown one is reported as such and not as a wrong shape. The
    /// value may be anything.
    VersionRecord {} optional { v: Value, }
}

record! {
    PlanRecord {
        raffle_id: Hex<16>,
        draw_no: u32,
        ledger_pk: LedgerPublicKey,
        vrf_pk: VrfPublicKey,
        number_first: U64,
        number_last: U64,
        flags: Flags,
        beacon_chain: Hex<32>,
        beacon_min_delay_s: u32,
        beacon_max_delay_s: u32,
        witnesses: Vec<WitnessPublicKey>,
        prizes: Vec<(u32, u32)>,
        reserves: u32,
        rules_hash: Hex<32>,
    }
    optional {}
}

record! {
    LockRecord {
        close_seq: U64,
        journal_head: Hex<32>,
        closed_at_ms: U64,
        range_count: U64,
        sold_count: U64,
        ledger_root: Hex<32>,
        beacon_round: U64,
        witness_commitments: Vec<Commitment>,
        sig: Signature,
    }
    optional {}
}

record! { RevealRecord { r: Hex<32>, sig: Signature, } optional {} }

record! { BeaconRecord { round: U64, signature: HexAny, } optional {} }

record! { CosignRecord { kind: String, key: WitnessPublicKey, object: Hex<32>, at_ms: U64, sig: Signature, } optional {} }

/// `["first", "last", sale_hash]`.
#[derive(Serialize, Deserialize)]
pub(super) struct SoldRangeRow(U64, U64, Hex<32>);

/// `["rank", "number"]`.
#[derive(Serialize, Deserialize)]
pub(super) struct SlotRow(U64, U64);

/// One piece of evidence, and the names of its members that nothing covers.
pub(super) struct EvidenceRecord {
    pub(super) evidence: Evidence,
    pub(super) unhashed: Vec<String>,
}

impl From<SoldRangeRow> for SoldRange {
    fn from(SoldRangeRow(first, last, sale_hash): SoldRangeRow) -> Self {
        Self { first: first.0, last: last.0, sale_hash: sale_hash.0 }
    }
}

impl From<&SoldRange> for SoldRangeRow {
    fn from(range: &SoldRange) -> Self {
        Self(U64(range.first), U64(range.last), Hex(range.sale_hash))
    }
}

impl From<SlotRow> for Slot {
    fn from(SlotRow(rank, number): SlotRow) -> Self {
        Self { rank: rank.0, number: number.0 }
    }
}

impl From<&Slot> for SlotRow {
    fn from(slot: &Slot) -> Self {
        Self(U64(slot.rank), U64(slot.number))
    }
}

/// A list is longer than the count that is hashed with it.
pub(super) struct TooLong(&'static str);

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} has more entries than its count can say", self.0)
    }
}

/// Refuses lists whose length does not fit the `u16` or `u32` in front of them.
fn bounded<T, C: TryFrom<usize>>(list: &[T], name: &'static str) -> Result<(), TooLong> {
    C::try_from(list.len()).map(|_| ()).map_err(|_| TooLong(name))
}

impl TryFrom<PlanRecord> for Plan {
    type Error = TooLong;

    fn try_from(record: PlanRecord) -> Result<Self, TooLong> {
        bounded::<_, u16>(&record.witnesses, "witnesses")?;
        bounded::<_, u32>(&record.prizes, "prizes")?;
        Ok(Self {
            raffle_id: record.raffle_id.0,
            draw_no: record.draw_no,
            ledger_pk: record.ledger_pk,
            vrf_pk: record.vrf_pk,
            number_first: record.number_first.0,
            number_last: record.number_last.0,
            flags: record.flags,
            beacon_chain: record.beacon_chain.0,
            beacon_min_delay_s: record.beacon_min_delay_s,
            beacon_max_delay_s: record.beacon_max_delay_s,
            witnesses: record.witnesses,
            prizes: record.prizes.into_iter().map(|(prize_id, quantity)| Prize { prize_id, quantity }).collect(),
            reserves: record.reserves,
            rules_hash: record.rules_hash.0,
        })
    }
}

impl From<&Plan> for PlanRecord {
    fn from(plan: &Plan) -> Self {
        Self {
            raffle_id: Hex(plan.raffle_id),
            draw_no: plan.draw_no,
            ledger_pk: plan.ledger_pk,
            vrf_pk: plan.vrf_pk,
            number_first: U64(plan.number_first),
            number_last: U64(plan.number_last),
            flags: plan.flags,
            beacon_chain: Hex(plan.beacon_chain),
            beacon_min_delay_s: plan.beacon_min_delay_s,
            beacon_max_delay_s: plan.beacon_max_delay_s,
            witnesses: plan.witnesses.clone(),
            prizes: plan.prizes.iter().map(|prize| (prize.prize_id, prize.quantity)).collect(),
            reserves: plan.reserves,
            rules_hash: Hex(plan.rules_hash),
            unhashed: Vec::new(),
        }
    }
}

impl TryFrom<LockRecord> for SignedLock {
    type Error = TooLong;

    fn try_from(record: LockRecord) -> Result<Self, TooLong> {
        bounded::<_, u16>(&record.witness_commitments, "witness_commitments")?;
        let lock = Lock {
            close_seq: record.close_seq.0,
            journal_head: record.journal_head.0,
            closed_at_ms: record.closed_at_ms.0,
            range_count: record.range_count.0,
            sold_count: record.sold_count.0,
            ledger_root: record.ledger_root.0,
            beacon_round: record.beacon_round.0,
            witness_commitments: record.witness_commitments,
        };
        Ok(Self { lock, sig: record.sig })
    }
}

impl From<&SignedLock> for LockRecord {
    fn from(SignedLock { lock, sig }: &SignedLock) -> Self {
        Self {
            close_seq: U64(lock.close_seq),
            journal_head: Hex(lock.journal_head),
            closed_at_ms: U64(lock.closed_at_ms),
            range_count: U64(lock.range_count),
            sold_count: U64(lock.sold_count),
            ledger_root: Hex(lock.ledger_root),
            beacon_round: U64(lock.beacon_round),
            witness_commitments: lock.witness_commitments.clone(),
            sig: *sig,
            unhashed: Vec::new(),
        }
    }
}

impl From<RevealRecord> for Reveal {
    fn from(record: RevealRecord) -> Self {
        Self { r: record.r.0, sig: record.sig }
    }
}

impl From<&Reveal> for RevealRecord {
    fn from(reveal: &Reveal) -> Self {
        Self { r: Hex(reveal.r), sig: reveal.sig, unhashed: Vec::new() }
    }
}

impl From<BeaconRecord> for Beacon {
    fn from(record: BeaconRecord) -> Self {
        Self { round: record.round.0, signature: record.signature.0 }
    }
}

impl From<&Beacon> for BeaconRecord {
    fn from(beacon: &Beacon) -> Self {
        Self { round: U64(beacon.round), signature: HexAny(beacon.signature.clone()), unhashed: Vec::new() }
    }
}

impl<'de> Deserialize<'de> for EvidenceRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = serde_json::Map::deserialize(deserializer)?;
        match object.get("kind").and_then(Value::as_str) {
            None => Err(D::Error::missing_field("kind")),
            Some("cosign") => {
                let record = CosignRecord::deserialize(Value::Object(object)).map_err(D::Error::custom)?;
                let CosignRecord { kind: _, key, object, at_ms, sig, unhashed } = record;
                let cosign = Cosign { key, object: object.0, at_ms: at_ms.0, sig };
                Ok(Self { evidence: Evidence::Cosign(cosign), unhashed })
            }
            Some(_) => Ok(Self { evidence: Evidence::Other(Value::Object(object)), unhashed: Vec::new() }),
        }
    }
}

impl Serialize for EvidenceRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.evidence {
            Evidence::Other(value) => value.serialize(serializer),
            Evidence::Cosign(Cosign { key, object, at_ms, sig }) => CosignRecord {
                kind: "cosign".to_owned(),
                key: *key,
                object: Hex(*object),
                at_ms: U64(*at_ms),
                sig: *sig,
                unhashed: Vec::new(),
            }
            .serialize(serializer),
        }
    }
}

/// Gives a type that the journal stores the JSON it has in a transcript.
macro_rules! serde_as_record {
    ($($type:ty => $record:ty;)*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                <$record>::from(self).serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::try_from(<$record>::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    )*};
}

serde_as_record! {
    Plan => PlanRecord;
    SignedLock => LockRecord;
    Reveal => RevealRecord;
    Beacon => BeaconRecord;
    Slot => SlotRow;
}

//! The transcript: all that was published of a draw, and all that it takes to check it.

use super::beacon::Beacon;
use super::code::{Code, Failure};
use super::evidence::Evidence;
use super::records::{BeaconRecord, EvidenceRecord, LockRecord, PlanRecord, TranscriptRecord, VersionRecord};
use super::slots::Slot;
use super::wire::HexAny;
use super::{Plan, Reveal, Signature, SignedLock};
use crate::ledger::SoldRange;

/// The one version of the protocol that is known here.
pub const VERSION: &str = "rdp1";

/// A draw's published record. Decoded, not judged: [`super::verify()`] does that.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// The terms.
    pub plan: Plan,
    /// The eligible ledger.
    pub ledger: Vec<SoldRange>,
    /// The lock over it.
    pub lock: SignedLock,
    /// One for each witness, in the plan's order.
    pub reveals: Vec<Reveal>,
    /// `pi`, 80 bytes in a valid transcript.
    pub vrf_proof: Vec<u8>,
    /// The beacon round, where the plan requires one.
    pub beacon: Option<Beacon>,
    /// Who won: prizes in plan order, then reserves.
    pub slots: Vec<Slot>,
    /// `Sig(ledger, "rdp1/result-sig", result_hash)`.
    pub result_sig: Signature,
    /// Evidence of time; outside the hashes.
    pub evidence: Vec<Evidence>,
}

/// A transcript as it was read, with what in it no hash covers.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The transcript.
    pub transcript: Transcript,
    /// Paths of members unknown to the protocol, such as `title` or `plan.prize_names`. Shown to
    /// people only together with the warning that nothing vouches for them.
    pub unhashed: Vec<String>,
}

impl Transcript {
    /// Reads a transcript by the transport rules of step 0.
    ///
    /// # Errors
    /// [`Code::Version`] for JSON of another version, [`Code::Format`] for everything else that
    /// breaks a rule. A proof or beacon signature of a wrong length is no matter of transport; the
    /// verifier has codes for them.
    pub fn decode(json: &[u8]) -> Result<Decoded, Failure> {
        let format = |error: &dyn std::fmt::Display| Failure::new(Code::Format, error.to_string());
        let version: VersionRecord = serde_json::from_slice(json).map_err(|error| format(&error))?;
        if version.v.as_ref().and_then(|v| v.as_str()) != Some(VERSION) {
            return Err(Failure::new(Code::Version, format!("v is not {VERSION:?}")));
        }
        let record: TranscriptRecord = serde_json::from_slice(json).map_err(|error| format(&error))?;
        let unhashed = unhashed_paths(&record);
        let transcript = Self {
            plan: record.plan.try_into().map_err(|error: super::records::TooLong| format(&error))?,
            ledger: record.ledger.into_iter().map(Into::into).collect(),
            lock: record.lock.try_into().map_err(|error: super::records::TooLong| format(&error))?,
            reveals: record.reveals.into_iter().map(Into::into).collect(),
            vrf_proof: record.vrf_proof.0,
            beacon: record.beacon.map(Into::into),
            slots: record.slots.into_iter().map(Into::into).collect(),
            result_sig: record.result_sig,
            evidence: record.evidence.unwrap_or_default().into_iter().map(|record| record.evidence).collect(),
        };
        Ok(Decoded { transcript, unhashed })
    }

    /// Writes a transcript; `evidence` is left out if there is none.
    pub fn encode(&self) -> String {
        serde_json::to_string(&self.record()).expect("records hold strings, integers and lists only")
    }

    /// As [`Transcript::encode`], broken into lines for people.
    pub fn encode_pretty(&self) -> String {
        serde_json::to_string_pretty(&self.record()).expect("records hold strings, integers and lists only")
    }

    fn record(&self) -> TranscriptRecord {
        let evidence: Vec<EvidenceRecord> = self
            .evidence
            .iter()
            .map(|evidence| EvidenceRecord { evidence: evidence.clone(), unhashed: Vec::new() })
            .collect();
        TranscriptRecord {
            v: VERSION.to_owned(),
            plan: PlanRecord::from(&self.plan),
            ledger: self.ledger.iter().map(Into::into).collect(),
            lock: LockRecord::from(&self.lock),
            reveals: self.reveals.iter().map(Into::into).collect(),
            vrf_proof: HexAny(self.vrf_proof.clone()),
            beacon: self.beacon.as_ref().map(BeaconRecord::from),
            slots: self.slots.iter().map(Into::into).collect(),
            result_sig: self.result_sig,
            evidence: (!evidence.is_empty()).then_some(evidence),
            unhashed: Vec::new(),
        }
    }
}

/// Where members stand that the protocol does not know.
fn unhashed_paths(record: &TranscriptRecord) -> Vec<String> {
    fn add(paths: &mut Vec<String>, place: &str, names: &[String]) {
        paths.extend(names.iter().map(|name| format!("{place}{name}")));
    }
    let mut paths = record.unhashed.clone();
    add(&mut paths, "plan.", &record.plan.unhashed);
    add(&mut paths, "lock.", &record.lock.unhashed);
    for (index, reveal) in record.reveals.iter().enumerate() {
        add(&mut paths, &format!("reveals[{index}]."), &reveal.unhashed);
    }
    if let Some(beacon) = &record.beacon {
        add(&mut paths, "beacon.", &beacon.unhashed);
    }
    for (index, evidence) in record.evidence.iter().flatten().enumerate() {
        add(&mut paths, &format!("evidence[{index}]."), &evidence.unhashed);
    }
    paths
}

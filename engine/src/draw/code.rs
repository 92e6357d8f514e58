//! Why a transcript is not valid: the closed list of RDP-1.

use std::fmt;

use serde::{Serialize, Serializer};

/// The verifier's verdicts, in the order of the checks. The text of each is public API and the same
/// in every implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// `v` is not a version of the protocol known here.
    Version,
    /// Some field breaks the transport rules of step 0.
    Format,
    /// The VRF key is also the ledger key.
    KeyShared,
    /// Two witnesses have one key.
    WitnessDup,
    /// The plan is not the one that was expected.
    PlanPin,
    /// The ledger does not ascend strictly without overlap.
    LedgerOrder,
    /// The ledger leaves the plan's numbers, or holds 2^63 tickets or more.
    LedgerBounds,
    /// Nothing was sold.
    LedgerEmpty,
    /// The lock's counts are not the ledger's.
    LedgerCount,
    /// The lock's root is not the ledger's.
    LedgerRoot,
    /// Commitments, witnesses or reveals are missing, too few for the plan, or too many.
    WitnessSet,
    /// The ledger key did not sign the lock.
    LockSig,
    /// A reveal is not what its witness committed to.
    WitnessCommit,
    /// A witness did not sign its reveal for this lock.
    WitnessSig,
    /// The VRF proof does not have 80 bytes.
    VrfLen,
    /// The VRF key is not a canonical point of large order.
    VrfKey,
    /// The VRF proof does not hold.
    VrfProof,
    /// The plan requires a beacon and there is none.
    BeaconMissing,
    /// The plan's chain is not one the verifier pins, or names a chain without requiring a beacon.
    BeaconChain,
    /// The round is not the one in the lock.
    BeaconRound,
    /// The round lies outside the plan's window after the lock.
    BeaconWindow,
    /// The beacon's signature does not verify, or this build cannot tell.
    BeaconSig,
    /// There is a beacon and the plan requires none.
    BeaconUnexpected,
    /// There are not as many slots as the plan and the ledger give.
    SlotCount,
    /// A slot is not what the seed gives.
    Slot,
    /// The ledger key did not sign the result.
    ResultSig,
    /// Two locks are signed for one plan.
    Equivocation,
}

impl Code {
    /// Every code, in the order of the checks.
    pub const ALL: [Self; 27] = [
        Self::Version,
        Self::Format,
        Self::KeyShared,
        Self::WitnessDup,
        Self::PlanPin,
        Self::LedgerOrder,
        Self::LedgerBounds,
        Self::LedgerEmpty,
        Self::LedgerCount,
        Self::LedgerRoot,
        Self::WitnessSet,
        Self::LockSig,
        Self::WitnessCommit,
        Self::WitnessSig,
        Self::VrfLen,
        Self::VrfKey,
        Self::VrfProof,
        Self::BeaconMissing,
        Self::BeaconChain,
        Self::BeaconRound,
        Self::BeaconWindow,
        Self::BeaconSig,
        Self::BeaconUnexpected,
        Self::SlotCount,
        Self::Slot,
        Self::ResultSig,
        Self::Equivocation,
    ];

    /// The code as the protocol writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Version => "E_VERSION",
            Self::Format => "E_FORMAT",
            Self::KeyShared => "E_KEY_SHARED",
            Self::WitnessDup => "E_WITNESS_DUP",
            Self::PlanPin => "E_PLAN_PIN",
            Self::LedgerOrder => "E_LEDGER_ORDER",
            Self::LedgerBounds => "E_LEDGER_BOUNDS",
            Self::LedgerEmpty => "E_LEDGER_EMPTY",
            Self::LedgerCount => "E_LEDGER_COUNT",
            Self::LedgerRoot => "E_LEDGER_ROOT",
            Self::WitnessSet => "E_WITNESS_SET",
            Self::LockSig => "E_LOCK_SIG",
            Self::WitnessCommit => "E_WITNESS_COMMIT",
            Self::WitnessSig => "E_WITNESS_SIG",
            Self::VrfLen => "E_VRF_LEN",
            Self::VrfKey => "E_VRF_KEY",
            Self::VrfProof => "E_VRF_PROOF",
            Self::BeaconMissing => "E_BEACON_MISSING",
            Self::BeaconChain => "E_BEACON_CHAIN",
            Self::BeaconRound => "E_BEACON_ROUND",
            Self::BeaconWindow => "E_BEACON_WINDOW",
            Self::BeaconSig => "E_BEACON_SIG",
            Self::BeaconUnexpected => "E_BEACON_UNEXPECTED",
            Self::SlotCount => "E_SLOT_COUNT",
            Self::Slot => "E_SLOT",
            Self::ResultSig => "E_RESULT_SIG",
            Self::Equivocation => "E_EQUIVOCATION",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A check that failed: its code, and for people what exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The code.
    pub code: Code,
    /// One sentence of detail. Not part of the protocol.
    pub detail: String,
}

impl Failure {
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Failure {}

//! RDP-1, the raffle draw protocol: winners that nobody can steer and anybody can check again.
//!
//! The plan and the keys are published before sales; witnesses commit; at the close the sold ledger
//! is locked under a sum-Merkle root; witnesses reveal, signing the lock they saw; a VRF proof over
//! all of it gives the seed (with a public beacon round where the plan asks for one); the seed keys a
//! stream cipher, whose words pick sold numbers without bias and without replacement.
//!
//! | step | file | idea |
//! |---|---|---|
//! | 0 | `bytes`, `wire`, `signature` | typed byte strings, transport rules, tagged strict Ed25519 |
//! | 1 | `plan` | the terms, frozen before the first sale |
//! | 2, 4 | `witness` | bytes committed before the lock, revealed after it |
//! | 3 | `lock` | the one sealed ledger ([`crate::ledger`] holds the tree) |
//! | 5–8 | `seed`, `vrf`, `beacon` | alpha, the VRF's output, the beacon's, the seed |
//! | 9, 10 | `stream`, `drawn`, `slots` | unbiased index, the k-th remaining rank, selection |
//! | 11 | `produce` | a draw's steps for its producer, the result |
//! | – | `transcript`, `records`, `code`, `verify` | the published JSON, the verdicts, the verifier |
//! | – | `evidence` | time stamps beside the hashed core |
//!
//! A plan with the house witness alone is grade 0. Independent witnesses need nothing more here: they
//! are further entries of the plan and further reveals. A beacon needs a [`BeaconCheck`] for its
//! pairing, handed to the verifier from outside.

mod beacon;
mod bytes;
mod code;
mod drawn;
mod evidence;
mod lock;
mod plan;
pub mod produce;
mod records;
mod seed;
mod signature;
pub mod slots;
mod stream;
mod transcript;
mod verify;
pub mod vrf;
mod wire;
mod witness;

pub use beacon::{Beacon, BeaconCheck, Schedule};
pub use bytes::{
    Alpha, Beta, Commitment, LedgerPublicKey, LockHash, PlanHash, Proof, ResultHash, Seed, Signature, VrfPublicKey,
    WitnessPublicKey,
};
pub use code::{Code, Failure};
pub use evidence::{About, Cosign, Evidence, EvidenceNote, proof_object};
pub use lock::{Close, Lock, SignedLock};
pub use plan::{Flags, PLAN_SLOTS_MAX, Plan, PlanError, Prize};
pub use produce::{Outcome, ProduceError};
pub use seed::BeaconOutput;
pub use signature::{LedgerSecret, WitnessSecret, verify_strict};
pub use slots::{Award, DrawnSlot, Slot};
pub use stream::{Keystream, Selection};
pub use transcript::{Decoded, Transcript, VERSION};
pub use verify::{Grade, Options, Report, Winner, equivocation, verify, verify_json};
pub use vrf::{VrfError, VrfSecret};
pub use witness::{Reveal, WitnessRandom};

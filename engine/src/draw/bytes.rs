//! Byte strings that must not be mistaken for one another.
//!
//! A draw handles a dozen 32-byte values. Each kind has its own type, so that a lock hash cannot
//! stand where a plan hash belongs. All are written as lowercase hex of exact length (RDP-1 step 0).

/// Defines a fixed-length byte string with hex for `Display`, `Debug` and serde.
macro_rules! fixed_bytes {
    ($($(#[$doc:meta])* $name:ident($length:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            /// Reads lowercase hex of exact length; `None` for anything else.
            pub fn from_hex(text: &str) -> Option<Self> {
                $crate::hex::decode_array(text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::hex::encode(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&$crate::hex::encode(&self.0))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::draw::wire::hex_bytes(deserializer).map(Self)
            }
        }
    )*};
}

fixed_bytes! {
    /// SHA-256 over the plan's bytes (step 1): names one draw, published before the first sale.
    PlanHash(32);
    /// A witness's commitment `C_i` to its random bytes (step 2).
    Commitment(32);
    /// Hash of the lock (step 3): names one sealed ledger.
    LockHash(32);
    /// What the VRF is evaluated on (step 5).
    Alpha(32);
    /// A VRF proof `pi` (step 6).
    Proof(80);
    /// A VRF output, unique for one key and one alpha (step 6).
    Beta(64);
    /// The key of the draw's keystream (step 8).
    Seed(32);
    /// Hash of the result (step 11).
    ResultHash(32);
    /// An Ed25519 signature over a tagged message (step 0).
    Signature(64);
    /// The ledger operator's Ed25519 public key.
    LedgerPublicKey(32);
    /// The RNG operator's ECVRF public key, never shared with Ed25519.
    VrfPublicKey(32);
    /// A witness's Ed25519 public key.
    WitnessPublicKey(32);
}

//! Tagged Ed25519 signatures with one strict rule of verification (RDP-1 step 0).
//!
//! Ed25519 verifiers differ in corner cases, and two verifiers that differ on one transcript are an
//! attack (RDP-1 §1, attack 16). The rule here: A and R in canonical encoding and not of small order,
//! S below the group's order, and `[S]B = R + [k]A` without multiplying by the cofactor.

use std::fmt;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::{LedgerPublicKey, Signature, WitnessPublicKey};

/// Defines an Ed25519 secret that belongs to one role only.
macro_rules! signing_secret {
    ($($(#[$doc:meta])* $secret:ident => $public:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// Made from the 32-byte seed of RFC 8032, held for the length of one call and wiped afterwards.
        pub struct $secret(Zeroizing<[u8; 32]>);

        impl $secret {
            /// The secret with this seed.
            pub const fn new(seed: Zeroizing<[u8; 32]>) -> Self {
                Self(seed)
            }

            /// Its public key.
            pub fn public(&self) -> $public {
                $public(SigningKey::from_bytes(&self.0).verifying_key().to_bytes())
            }

            /// `Sig(self, tag, parts)`.
            pub(super) fn sign(&self, tag: &str, parts: &[&[u8]]) -> Signature {
                Signature(SigningKey::from_bytes(&self.0).sign(&message(tag, parts)).to_bytes())
            }
        }

        impl fmt::Debug for $secret {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($secret), "(withheld)"))
            }
        }
    )*};
}

signing_secret! {
    /// The ledger operator's secret: signs the lock and the result.
    LedgerSecret => LedgerPublicKey;
    /// A witness's secret: signs its reveal, and cosigns.
    WitnessSecret => WitnessPublicKey;
}

/// Decodes a curve point from its one canonical encoding (RFC 8032 §5.1.3); `None` for a y
/// coordinate of p or more, a sign on x = 0, or bytes that are no point.
pub(super) fn canonical_point(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    let point = CompressedEdwardsY(*bytes).decompress()?;
    // The library reads some points from two encodings and writes each in one.
    (point.compress().as_bytes() == bytes).then_some(point)
}

/// Verifies an Ed25519 signature over the bare message by the strict rule of RDP-1 step 0.
pub fn verify_strict(public: &[u8; 32], message: &[u8], signature: &Signature) -> bool {
    // `verify_strict` checks all of the rule but the canonical encoding of A.
    if canonical_point(public).is_none() {
        return false;
    }
    let Ok(key) = VerifyingKey::from_bytes(public) else { return false };
    let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
    key.verify_strict(message, &signature).is_ok()
}

/// Verifies `Sig(key, tag, parts)`.
pub(super) fn verify(public: &[u8; 32], tag: &str, parts: &[&[u8]], signature: &Signature) -> bool {
    verify_strict(public, &message(tag, parts), signature)
}

/// `M(tag, parts) = u8(len(tag)) ‖ tag ‖ parts`.
fn message(tag: &str, parts: &[&[u8]]) -> Vec<u8> {
    let length = u8::try_from(tag.len()).expect("tags are short literals");
    let mut message = vec![length];
    message.extend_from_slice(tag.as_bytes());
    for part in parts {
        message.extend_from_slice(part);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    fn secret(fill: u8) -> LedgerSecret {
        LedgerSecret::new(Zeroizing::new([fill; 32]))
    }

    #[test]
    fn a_signature_holds_for_its_tag_parts_and_key_only() {
        let signature = secret(1).sign("rdp1/test", &[b"ab", b"c"]);
        let public = secret(1).public();
        assert!(verify(public.as_bytes(), "rdp1/test", &[b"abc"], &signature));
        assert!(!verify(public.as_bytes(), "rdp1/tesu", &[b"abc"], &signature));
        assert!(!verify(public.as_bytes(), "rdp1/test", &[b"abd"], &signature));
        assert!(!verify(secret(2).public().as_bytes(), "rdp1/test", &[b"abc"], &signature));
        assert!(!format!("{:?}", secret(1)).contains('1'));
    }

    /// I10, RDP-1 §9: R carries a torsion component. Verifiers that multiply by the cofactor accept it.
    #[test]
    fn i10_a_signature_with_torsion_in_r_is_refused() {
        let signature = Signature::from_hex(
            "37da69e09442b7d55cc3b5795bfab9763f2d49979cf569920d433aac74ed56b9\
             d1adff40a89d9734c83b97e68999187d7fb54d4d34f7bf813e77b3c91c929c03",
        )
        .unwrap();
        let public = hex::decode_array("7767a3242dc9b58bbc68488c1265cc6cc5f26c6f3c88a5d55e901b0734dca572").unwrap();
        assert!(canonical_point(&public).is_some(), "the key itself is sound");
        assert!(!verify_strict(&public, b"rdp1", &signature));
    }

    /// RDP-1 step 0: S + q signs the same message in a lax verifier.
    #[test]
    fn i10_s_of_q_or_more_is_refused() {
        let good = secret(1).sign("rdp1/test", &[]);
        let mut bytes = good.0;
        // q = 2^252 + 27742317777372353535851937790883648493, little-endian.
        let order: [u8; 32] =
            hex::decode_array("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
        let mut carry = 0u16;
        for (byte, addend) in bytes[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(addend) + carry;
            *byte = (sum & 0xff) as u8;
            carry = sum >> 8;
        }
        let public = secret(1).public();
        assert!(verify(public.as_bytes(), "rdp1/test", &[], &good));
        assert!(!verify(public.as_bytes(), "rdp1/test", &[], &Signature(bytes)));
    }

    /// RDP-1 step 0: with A and R of small order one signature would fit many messages.
    #[test]
    fn i10_small_order_and_non_canonical_points_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&identity);
        assert!(!verify_strict(&identity, b"anything", &Signature(signature)));

        // y = p + 1 is the identity once more, y = 1 with a sign on x = 0 a third time.
        let mut above_p = [0xff; 32];
        (above_p[0], above_p[31]) = (0xee, 0x7f);
        let mut signed_zero = identity;
        signed_zero[31] = 0x80;
        assert!(canonical_point(&identity).is_some());
        assert!(canonical_point(&above_p).is_none());
        assert!(canonical_point(&signed_zero).is_none());
    }

    /// Every y from p to 2^255 - 1 is a second spelling of a small y; none is read.
    #[test]
    fn i10_no_y_of_p_or_more_is_a_point() {
        for low in 0xed..=0xff_u8 {
            for top in [0x7f, 0xff] {
                let mut bytes = [0xff; 32];
                (bytes[0], bytes[31]) = (low, top);
                assert!(canonical_point(&bytes).is_none(), "{low:x} {top:x}");
            }
        }
    }
}

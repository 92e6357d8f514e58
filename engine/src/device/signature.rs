//! Tagged Ed25519, the one signature of devices and of the server they trust.
//!
//! `Sig(key, tag, parts)` is Ed25519 over `u8(len(tag)) ‖ tag ‖ parts`, as in RDP-1 step 0, so that a
//! signature made for one purpose never serves another. Verification is strict: canonical encodings,
//! no small-order keys, no cofactor.

use core::fmt;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// A device's or server's Ed25519 secret. It is wiped when dropped and has no printed form.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// From 32 random bytes, which the caller wipes.
    pub fn from_bytes(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs `parts` for the purpose `tag`.
    pub fn sign(&self, tag: &'static str, parts: &[u8]) -> [u8; 64] {
        self.0.sign(&message(tag, parts)).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(withheld)")
    }
}

/// Whether `signature` over `parts` for the purpose `tag` was made with the secret of `public`.
pub fn verify(public: &[u8; 32], tag: &'static str, parts: &[u8], signature: &[u8; 64]) -> bool {
    let Ok(key) = VerifyingKey::from_bytes(public) else { return false };
    key.verify_strict(&message(tag, parts), &Signature::from_bytes(signature)).is_ok()
}

fn message(tag: &'static str, parts: &[u8]) -> Vec<u8> {
    let length = u8::try_from(tag.len()).expect("tags are short literals");
    let mut message = Vec::with_capacity(1 + tag.len() + parts.len());
    message.push(length);
    message.extend_from_slice(tag.as_bytes());
    message.extend_from_slice(parts);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r02_a_signature_serves_one_key_one_purpose_and_one_message() {
        let key = SecretKey::from_bytes(&[7; 32]);
        let other = SecretKey::from_bytes(&[8; 32]);
        let signature = key.sign("test/a", b"parts");
        assert!(verify(&key.public(), "test/a", b"parts", &signature));
        assert!(!verify(&key.public(), "test/b", b"parts", &signature));
        assert!(!verify(&key.public(), "test/a", b"part", &signature));
        assert!(!verify(&other.public(), "test/a", b"parts", &signature));
        // Moving a byte between tag and message changes the message.
        assert_ne!(message("test/a", b"b"), message("test/ab", b""));
    }

    #[test]
    fn r02_a_small_order_key_signs_nothing() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut forged = [0; 64];
        forged[0] = 1;
        assert!(!verify(&identity, "test/a", b"anything", &forged));
    }

    #[test]
    fn a_secret_has_no_printed_form() {
        assert_eq!(format!("{:?}", SecretKey::from_bytes(&[7; 32])), "SecretKey(withheld)");
    }
}

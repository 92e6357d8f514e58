//! Tagged SHA-256, the one hash of this project (RDP-1 step 0).

use sha2::{Digest, Sha256};

/// A tagged hash under construction: `H(tag, parts) = SHA-256(u8(len(tag)) ‖ tag ‖ parts)`.
///
/// The tag separates domains, so bytes hashed for one purpose never collide with another's.
/// Integers go in as fixed-width big-endian.
#[derive(Clone)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Starts a hash in the domain `tag`, an ASCII label of at most 255 bytes.
    pub fn new(tag: &'static str) -> Self {
        let length = u8::try_from(tag.len()).expect("tags are short literals");
        let mut inner = Sha256::new();
        inner.update([length]);
        inner.update(tag.as_bytes());
        Self(inner)
    }

    /// Appends raw bytes.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update(bytes);
        self
    }

    /// Appends one byte.
    pub fn u8(self, value: u8) -> Self {
        self.bytes(&[value])
    }

    /// Appends a big-endian `u16`.
    pub fn u16(self, value: u16) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    /// Appends a big-endian `u32`.
    pub fn u32(self, value: u32) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    /// Appends a big-endian `u64`.
    pub fn u64(self, value: u64) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    /// The 32-byte digest.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Plain SHA-256, for values whose definition names it without a tag (`rules_hash`).
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tagged_hash_is_sha256_over_length_tag_and_parts() {
        let mut whole = vec![9];
        whole.extend_from_slice(b"rdp1/leaf");
        whole.extend_from_slice(&7u64.to_be_bytes());
        whole.push(1);
        assert_eq!(Hasher::new("rdp1/leaf").u64(7).u8(1).finish(), sha256(&whole));
    }
}

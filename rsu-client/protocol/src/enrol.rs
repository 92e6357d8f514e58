//! Enrolment: how a device's key comes to be known, and the device comes to know the server's.
//!
//! `POST /api/v1/devices/enrol`. The one-time code from the administrator is the right to enrol; the
//! proof shows that whoever sends the public key holds its secret; the answer carries the server's
//! identity key, which the device pins.

use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::{SecretKey, verify};
use drumroll_engine::id::DeviceId;
use serde::{Deserialize, Serialize};

const PROOF_TAG: &str = "drumroll/device-enrol/1";

/// The body of the call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolRequest {
    /// The one-time code, as the administrator was shown it.
    pub code: String,
    /// The device's new Ed25519 key.
    pub public_key: Bytes<32>,
    /// `Sig(device, "drumroll/device-enrol/1", public_key[32] ‖ code)`.
    pub proof: Bytes<64>,
}

impl EnrolRequest {
    /// Makes the request for a key that was just generated.
    pub fn new(code: &str, key: &SecretKey) -> Self {
        let public_key = key.public();
        let proof = key.sign(PROOF_TAG, &proof_parts(&public_key, code));
        Self { code: code.to_owned(), public_key: Bytes(public_key), proof: Bytes(proof) }
    }

    /// Whether the sender holds the secret of `public_key`.
    pub fn proof_is_valid(&self) -> bool {
        verify(&self.public_key.0, PROOF_TAG, &proof_parts(&self.public_key.0, &self.code), &self.proof.0)
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolResponse {
    /// Who the device is from now on.
    pub device_id: DeviceId,
    /// For the device's own screens.
    pub organisation_name: String,
    /// The name the administrator gave the device.
    pub label: String,
    /// The server's identity, pinned from now on.
    pub server_public_key: Bytes<32>,
}

fn proof_parts(public_key: &[u8; 32], code: &str) -> Vec<u8> {
    [&public_key[..], code.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r02_the_proof_binds_key_and_code() {
        let key = SecretKey::from_bytes(&[1; 32]);
        let good = EnrolRequest::new("ABCD-1234", &key);
        assert!(good.proof_is_valid());
        assert!(!EnrolRequest { code: "ABCD-1235".into(), ..good.clone() }.proof_is_valid());
        let other = SecretKey::from_bytes(&[2; 32]).public();
        assert!(!EnrolRequest { public_key: Bytes(other), ..good }.proof_is_valid());
    }
}

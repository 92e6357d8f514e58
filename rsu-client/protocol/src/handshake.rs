//! Mutual authentication (R-02): each side signs a fresh nonce of the other.
//!
//! ```text
//! server → challenge {nonce s, identity key}
//! device → hello     {nonce d, Sig(device, "drumroll/device-hello/1", …)}
//! server → welcome   {Sig(server, "drumroll/server-welcome/1", …)}
//! ```
//!
//! Both signatures cover everything that was agreed: version, both nonces, device, and the identity key
//! the device pinned, so that a hello overheard by one server is worth nothing at another. The device
//! believes nothing the server says before the welcome verifies, and says nothing about sales.

use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::{SecretKey, verify};
use drumroll_engine::hash::Hasher;
use drumroll_engine::id::DeviceId;
use drumroll_engine::time::Timestamp;

use crate::from_device::{Hello, Software};
use crate::to_device::{Challenge, Welcome};

const HELLO_TAG: &str = "drumroll/device-hello/1";
const WELCOME_TAG: &str = "drumroll/server-welcome/1";

/// `H("drumroll/device-hello/1", u16 protocol ‖ server_nonce[32] ‖ device_nonce[32] ‖ device_id[16] ‖
/// server_key[32] ‖ digest[32] ‖ u32 len ‖ name ‖ u32 len ‖ version)`.
fn hello_hash(
    protocol: u16,
    server_nonce: &[u8; 32],
    server_key: &[u8; 32],
    device_id: DeviceId,
    device_nonce: &[u8; 32],
    software: &Software,
) -> [u8; 32] {
    let hasher = Hasher::new(HELLO_TAG)
        .u16(protocol)
        .bytes(server_nonce)
        .bytes(device_nonce)
        .bytes(device_id.as_bytes())
        .bytes(server_key)
        .bytes(&software.digest.0);
    text(text(hasher, &software.name), &software.version).finish()
}

/// `H("drumroll/server-welcome/1", u16 protocol ‖ server_nonce[32] ‖ device_nonce[32] ‖ device_id[16] ‖
/// server_key[32] ‖ u64 server_time_us)`.
fn welcome_hash(
    protocol: u16,
    server_nonce: &[u8; 32],
    server_key: &[u8; 32],
    device_id: DeviceId,
    device_nonce: &[u8; 32],
    server_time_us: Timestamp,
) -> [u8; 32] {
    Hasher::new(WELCOME_TAG)
        .u16(protocol)
        .bytes(server_nonce)
        .bytes(device_nonce)
        .bytes(device_id.as_bytes())
        .bytes(server_key)
        .u64(server_time_us.0)
        .finish()
}

fn text(hasher: Hasher, text: &str) -> Hasher {
    let length = u32::try_from(text.len()).expect("a frame is shorter than 4 GiB");
    hasher.u32(length).bytes(text.as_bytes())
}

impl Hello {
    /// The device's answer to `challenge`. The caller has checked that the challenge names the pinned
    /// identity key, and made `device_nonce` from the system's randomness.
    pub fn sign(
        challenge: &Challenge,
        device_id: DeviceId,
        device_nonce: [u8; 32],
        software: Software,
        key: &SecretKey,
    ) -> Self {
        let protocol = crate::PROTOCOL;
        let hash = hello_hash(
            protocol,
            &challenge.nonce.0,
            &challenge.server_public_key.0,
            device_id,
            &device_nonce,
            &software,
        );
        let signature = Bytes(key.sign(HELLO_TAG, &hash));
        Self { protocol, device_id, nonce: Bytes(device_nonce), software, signature }
    }

    /// Whether the device with `device_public_key` answered this very `challenge`.
    pub fn is_signed(&self, challenge: &Challenge, device_public_key: &[u8; 32]) -> bool {
        let hash = hello_hash(
            self.protocol,
            &challenge.nonce.0,
            &challenge.server_public_key.0,
            self.device_id,
            &self.nonce.0,
            &self.software,
        );
        verify(device_public_key, HELLO_TAG, &hash, &self.signature.0)
    }
}

impl Welcome {
    /// The server's answer to a `hello` that was verified.
    pub fn sign(
        challenge: &Challenge,
        hello: &Hello,
        server_time_us: Timestamp,
        heartbeat_ms: u32,
        key: &SecretKey,
    ) -> Self {
        let hash = welcome_hash(
            hello.protocol,
            &challenge.nonce.0,
            &challenge.server_public_key.0,
            hello.device_id,
            &hello.nonce.0,
            server_time_us,
        );
        Self { server_time_us, heartbeat_ms, signature: Bytes(key.sign(WELCOME_TAG, &hash)) }
    }

    /// Whether the server with the pinned key `server_public_key` answered this very `hello`.
    pub fn is_signed(&self, challenge: &Challenge, hello: &Hello, server_public_key: &[u8; 32]) -> bool {
        let hash = welcome_hash(
            hello.protocol,
            &challenge.nonce.0,
            server_public_key,
            hello.device_id,
            &hello.nonce.0,
            self.server_time_us,
        );
        verify(server_public_key, WELCOME_TAG, &hash, &self.signature.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn software() -> Software {
        Software { name: "rsu".into(), version: "1.2.3".into(), digest: Bytes([5; 32]) }
    }

    /// R-02, both directions: every agreed value is under both signatures.
    #[test]
    fn r02_neither_side_accepts_an_answer_to_another_question() {
        let (device, server) = (SecretKey::from_bytes(&[1; 32]), SecretKey::from_bytes(&[2; 32]));
        let challenge = Challenge { protocol: 1, nonce: Bytes([3; 32]), server_public_key: Bytes(server.public()) };
        let hello = Hello::sign(&challenge, DeviceId([4; 16]), [6; 32], software(), &device);
        assert!(hello.is_signed(&challenge, &device.public()));
        assert!(!hello.is_signed(&challenge, &server.public()));
        let other_nonce = Challenge { nonce: Bytes([9; 32]), ..challenge.clone() };
        assert!(!hello.is_signed(&other_nonce, &device.public()));
        let other_server = Challenge { server_public_key: Bytes([9; 32]), ..challenge.clone() };
        assert!(!hello.is_signed(&other_server, &device.public()));
        let mut older = hello.clone();
        older.software.version = "1.2.2".into();
        assert!(!older.is_signed(&challenge, &device.public()));
        // Where name ends and version begins is under the signature too.
        let mut shifted = hello.clone();
        shifted.software.name = "rsu1".into();
        shifted.software.version = ".2.3".into();
        assert!(!shifted.is_signed(&challenge, &device.public()));

        let welcome = Welcome::sign(&challenge, &hello, Timestamp(77), 5_000, &server);
        assert!(welcome.is_signed(&challenge, &hello, &server.public()));
        assert!(!welcome.is_signed(&challenge, &hello, &device.public()));
        assert!(!welcome.is_signed(&other_nonce, &hello, &server.public()));
        let replayed = Hello::sign(&challenge, DeviceId([4; 16]), [7; 32], software(), &device);
        assert!(!welcome.is_signed(&challenge, &replayed, &server.public()));
        let mut later = welcome.clone();
        later.server_time_us = Timestamp(78);
        assert!(!later.is_signed(&challenge, &hello, &server.public()));
    }
}

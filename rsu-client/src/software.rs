//! What runs on this device: name, version and digest of the program file.

use std::sync::OnceLock;

use drumroll_engine::bytes::Bytes;
use drumroll_engine::hash::sha256;
use drumroll_protocol::Software;

/// Name, version and digest. The digest is of the file as it is when first asked for; zeros if it
/// cannot be read, which no server accepts as an authorised program.
pub fn this() -> &'static Software {
    static THIS: OnceLock<Software> = OnceLock::new();
    THIS.get_or_init(|| {
        let file = std::env::current_exe().and_then(std::fs::read);
        Software {
            name: "rsu".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            digest: Bytes(file.map_or([0; 32], |bytes| sha256(&bytes))),
        }
    })
}

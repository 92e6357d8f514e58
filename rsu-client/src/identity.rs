//! Who this device is: its key, made here and never shown, and the server it trusts.
//!
//! Two files in the data directory: `device.key`, the secret, readable by its owner only, and
//! `identity.json`, everything else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::SecretKey;
use drumroll_engine::hex;
use drumroll_engine::id::DeviceId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const KEY_FILE: &str = "device.key";
const IDENTITY_FILE: &str = "identity.json";

/// Everything about the enrolment but the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// Who the device is.
    pub device_id: DeviceId,
    /// The name the administrator gave it.
    pub label: String,
    /// Whose it is.
    pub organisation_name: String,
    /// Where the server is, e.g. `https://raffle.example`.
    pub server_url: String,
    /// The server's identity, pinned.
    pub server_public_key: Bytes<32>,
    /// The device's own key.
    pub public_key: Bytes<32>,
}

/// The enrolment with the secret.
#[derive(Debug)]
pub struct Identity {
    /// What is known.
    pub enrolment: Enrolment,
    /// What signs.
    pub key: SecretKey,
}

/// Why there is no identity. None of these passes by itself.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Nothing was enrolled in this directory.
    #[error("no device is enrolled in {0}")]
    NotEnrolled(PathBuf),
    /// Something was: a device enrols once.
    #[error("a device is enrolled in {0} already")]
    AlreadyEnrolled(PathBuf),
    /// The files are there and do not belong together.
    #[error("the identity of the device is damaged: {0}")]
    Damaged(&'static str),
    /// The disk said no.
    #[error("the identity of the device cannot be read or written")]
    Io(#[from] io::Error),
    /// The system gave no random bytes.
    #[error("the system has no random bytes to give")]
    Entropy,
}

/// Makes a key, or takes up the one that an interrupted enrolment in `dir` left behind, so that a
/// repeated enrolment with the same code offers the same key.
///
/// # Errors
/// [`IdentityError`]
pub fn prepare_key(dir: &Path) -> Result<SecretKey, IdentityError> {
    if dir.join(IDENTITY_FILE).exists() {
        return Err(IdentityError::AlreadyEnrolled(dir.to_owned()));
    }
    fs::create_dir_all(dir)?;
    if dir.join(KEY_FILE).exists() {
        return read_key(dir);
    }
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|_| IdentityError::Entropy)?;
    let text = Zeroizing::new(hex::encode(&*seed));
    write_new(&dir.join(KEY_FILE), text.as_bytes())?;
    Ok(SecretKey::from_bytes(&seed))
}

/// Writes down who the device is, after the server accepted its key.
///
/// # Errors
/// [`IdentityError`]
pub fn save(dir: &Path, enrolment: &Enrolment) -> Result<(), IdentityError> {
    let text = serde_json::to_vec_pretty(enrolment).map_err(io::Error::other)?;
    // Whole or not at all: an enrolment that is half written would be neither.
    let draft = dir.join("identity.json.new");
    let _ = fs::remove_file(&draft);
    write_new(&draft, &text)?;
    fs::rename(&draft, dir.join(IDENTITY_FILE))?;
    File::open(dir)?.sync_all()?;
    Ok(())
}

impl Identity {
    /// Reads the identity in `dir`.
    ///
    /// # Errors
    /// [`IdentityError`]
    pub fn load(dir: &Path) -> Result<Self, IdentityError> {
        let text = match fs::read(dir.join(IDENTITY_FILE)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(IdentityError::NotEnrolled(dir.to_owned()));
            }
            Err(error) => return Err(error.into()),
        };
        let enrolment: Enrolment =
            serde_json::from_slice(&text).map_err(|_| IdentityError::Damaged("identity.json cannot be read"))?;
        let key = read_key(dir)?;
        if key.public() != enrolment.public_key.0 {
            return Err(IdentityError::Damaged("the key is not the enrolled one"));
        }
        Ok(Self { enrolment, key })
    }
}

fn read_key(dir: &Path) -> Result<SecretKey, IdentityError> {
    let mut text = Zeroizing::new(String::new());
    File::open(dir.join(KEY_FILE))?.take(1_000).read_to_string(&mut text)?;
    let seed = hex::decode_array::<32>(text.trim()).map(Zeroizing::new);
    let seed = seed.ok_or(IdentityError::Damaged("device.key is not a key"))?;
    Ok(SecretKey::from_bytes(&seed))
}

/// Creates a file only its owner can read, and waits until it is on the disk.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TempDir;

    fn enrolment(public_key: [u8; 32]) -> Enrolment {
        Enrolment {
            device_id: DeviceId([1; 16]),
            label: "Handheld 1".into(),
            organisation_name: "Test".into(),
            server_url: "http://localhost:1".into(),
            server_public_key: Bytes([2; 32]),
            public_key: Bytes(public_key),
        }
    }

    #[test]
    fn r02_a_key_is_made_once_kept_private_and_found_again() {
        let dir = TempDir::new("identity");
        assert!(matches!(Identity::load(dir.path()), Err(IdentityError::NotEnrolled(_))));
        let key = prepare_key(dir.path()).unwrap();
        assert_eq!(prepare_key(dir.path()).unwrap().public(), key.public(), "an interrupted enrolment goes on");
        save(dir.path(), &enrolment(key.public())).unwrap();
        let identity = Identity::load(dir.path()).unwrap();
        assert_eq!(identity.key.public(), key.public());
        assert!(matches!(prepare_key(dir.path()), Err(IdentityError::AlreadyEnrolled(_))));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.path().join(KEY_FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn r07_a_foreign_key_is_found() {
        let dir = TempDir::new("identity-foreign");
        prepare_key(dir.path()).unwrap();
        save(dir.path(), &enrolment([9; 32])).unwrap();
        assert!(matches!(Identity::load(dir.path()), Err(IdentityError::Damaged(_))));
    }
}

//! The key store: secrets of raffles and of the node, each sealed under a master key from file or
//! environment, never in events, logs, snapshots or exports (decisions: keys, plan, secrets).

use crate::store::{SecretRow, Store, StoreError};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::draw::{LedgerSecret, VrfSecret, WitnessRandom, WitnessSecret};
use drumroll_engine::hex;
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::RaffleKeys;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a secret could not be had.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The operating system gave no random bytes. Nothing was made (G-01).
    #[error("the operating system gave no random bytes")]
    Entropy,
    /// The master key file cannot be used.
    #[error("the master key cannot be used: {0}")]
    Master(String),
    /// The secret does not open under this master key.
    #[error("the secret {0} does not open under this master key")]
    Sealed(String),
    /// The secret should exist and does not.
    #[error("the secret {0} is missing")]
    Missing(String),
    /// The store did not answer.
    #[error("the store did not answer")]
    Store(#[from] StoreError),
}

/// The key under which all others are sealed.
pub struct MasterKey(LessSafeKey);

impl MasterKey {
    /// From 32 bytes.
    pub fn new(bytes: &Zeroizing<[u8; 32]>) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, bytes.as_slice()).expect("AES-256 takes 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// From 64 hex digits.
    ///
    /// # Errors
    /// The text is something else.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let bytes =
            hex::decode_array(text.trim()).ok_or_else(|| KeyError::Master("it is not 64 hex digits".to_owned()))?;
        Ok(Self::new(&Zeroizing::new(bytes)))
    }

    /// Reads the key file, or makes it with owner-only rights at the first start.
    ///
    /// # Errors
    /// The file cannot be read or made, or others may read it.
    pub fn open_or_create(path: &Path) -> Result<Self, KeyError> {
        let problem = |error: std::io::Error| KeyError::Master(error.to_string());
        if !path.exists() {
            let text = Zeroizing::new(hex::encode(random::<32>()?.as_slice()));
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path).map_err(problem)?;
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(problem)?;
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let mode = std::fs::metadata(path).map_err(problem)?.mode();
            if mode & 0o077 != 0 {
                return Err(KeyError::Master("others than the owner may read it; set its rights to 0600".to_owned()));
            }
        }
        Self::from_hex(&Zeroizing::new(std::fs::read_to_string(path).map_err(problem)?))
    }

    fn seal(&self, name: &str, secret: &[u8]) -> Result<Vec<u8>, KeyError> {
        let nonce: [u8; NONCE_LEN] = *random()?;
        let mut sealed = secret.to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name), &mut sealed)
            .map_err(|_| KeyError::Sealed(name.to_owned()))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    fn open<const N: usize>(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<[u8; N]>, KeyError> {
        let damaged = || KeyError::Sealed(name.to_owned());
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or_else(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut body = Zeroizing::new(body.to_vec());
        let secret = self.0.open_in_place(nonce, Aad::from(name), &mut body).map_err(|_| damaged())?;
        <[u8; N]>::try_from(&*secret).map(Zeroizing::new).map_err(|_| damaged())
    }
}

/// Bytes of the operating system's CSPRNG; a failed or short read is an error, never a default.
///
/// # Errors
/// [`KeyError::Entropy`].
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, KeyError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| KeyError::Entropy)?;
    Ok(bytes)
}

/// The secrets of a raffle, for the moment they are needed.
pub struct RaffleSecrets {
    /// Signs locks and results.
    pub ledger: LedgerSecret,
    /// Proves.
    pub vrf: VrfSecret,
    /// Signs the house witness's reveals.
    pub house: WitnessSecret,
}

impl RaffleSecrets {
    /// The public halves.
    pub fn public(&self) -> RaffleKeys {
        RaffleKeys {
            ledger: Bytes(self.ledger.public().0),
            vrf: Bytes(self.vrf.public().0),
            house_witness: Bytes(self.house.public().0),
        }
    }
}

/// Secrets by name, in the store, sealed.
#[derive(Clone)]
pub struct KeyStore {
    store: Arc<dyn Store>,
    master: Arc<MasterKey>,
}

impl KeyStore {
    /// A key store over `store`.
    pub fn new(store: Arc<dyn Store>, master: MasterKey) -> Self {
        Self { store, master: Arc::new(master) }
    }

    /// The secret `name`, made from the operating system's CSPRNG if it does not exist. Whoever asks
    /// first makes it; everybody gets the same.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub async fn get_or_create<const N: usize>(&self, name: &str) -> Result<Zeroizing<[u8; N]>, KeyError> {
        if let Some(row) = self.store.secret(name).await? {
            return self.master.open(name, &row.sealed);
        }
        // G-06: a random number of random bytes is read and thrown away before the ones that count.
        let discard = usize::from(random::<1>()?[0]);
        let mut thrown = Zeroizing::new(vec![0u8; discard]);
        getrandom::fill(&mut thrown).map_err(|_| KeyError::Entropy)?;
        let sealed = self.master.seal(name, random::<N>()?.as_slice())?;
        let row = self.store.put_secret(SecretRow { name: name.to_owned(), sealed }).await?;
        self.master.open(name, &row.sealed)
    }

    async fn get<const N: usize>(&self, name: &str) -> Result<Zeroizing<[u8; N]>, KeyError> {
        let row = self.store.secret(name).await?.ok_or_else(|| KeyError::Missing(name.to_owned()))?;
        self.master.open(name, &row.sealed)
    }

    /// Makes, or finds, the keys of a raffle (decisions: made per raffle when it opens).
    ///
    /// # Errors
    /// See [`KeyError`].
    pub async fn create_raffle_keys(&self, raffle: RaffleId) -> Result<RaffleSecrets, KeyError> {
        for part in ["ledger", "vrf", "house"] {
            self.get_or_create::<32>(&format!("raffle/{raffle}/{part}")).await?;
        }
        self.raffle_keys(raffle).await
    }

    /// The keys of a raffle that opened.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub async fn raffle_keys(&self, raffle: RaffleId) -> Result<RaffleSecrets, KeyError> {
        Ok(RaffleSecrets {
            ledger: LedgerSecret::new(self.get(&format!("raffle/{raffle}/ledger")).await?),
            vrf: VrfSecret::new(self.get(&format!("raffle/{raffle}/vrf")).await?),
            house: WitnessSecret::new(self.get(&format!("raffle/{raffle}/house")).await?),
        })
    }

    /// The house witness's random bytes for a draw, made at the opening.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub async fn house_random(&self, raffle: RaffleId, draw_no: u32) -> Result<WitnessRandom, KeyError> {
        let name = format!("raffle/{raffle}/draw/{draw_no}/house-random");
        Ok(WitnessRandom::new(self.get_or_create(&name).await?))
    }
}

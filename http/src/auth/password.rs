//! Passwords: argon2id, off the request threads, a bounded number at a time.

use super::secret::Secret;
use crate::api::error::ApiError;
use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use drumroll_actors::keys::{KeyError, random};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Memory of one hash in KiB, passes and lanes: OWASP's first recommendation for argon2id. The only place
/// where they stand; hashes carry their own, so raising these leaves older ones valid.
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// Shortest password (C-01).
pub const LENGTH_MIN: usize = 12;
/// Longest, so that hashing it stays cheap.
pub const LENGTH_MAX: usize = 200;

/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(5);

/// Letters of one-time passwords: Crockford's, which nobody confuses when reading them from a screen.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Memory that hashes were made in, kept for the next: 19 MiB taken and given back on whichever thread comes
/// along stay with the allocator once per thread.
#[derive(Default)]
struct Memories(Mutex<Vec<Vec<Block>>>);

impl Memories {
    /// Lends one for a piece of work. There are as many as were ever lent at once.
    fn lend<T>(&self, work: impl FnOnce(&mut Vec<Block>) -> T) -> T {
        let free = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut memory = free().pop().unwrap_or_default();
        let done = work(&mut memory);
        free().push(memory);
        done
    }
}

/// Hashes and checks passwords.
pub struct Passwords {
    turns: Arc<Semaphore>,
    memories: Arc<Memories>,
    /// What is checked for a login that nobody has, so that it takes as long.
    dummy: String,
}

impl Passwords {
    /// As many at a time as half the processors: hashing must not starve sales.
    ///
    /// # Errors
    /// [`KeyError::Entropy`].
    pub fn new() -> Result<Self, KeyError> {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let nobody = random::<32>()?;
        let memories = Arc::new(Memories::default());
        let dummy = memories.lend(|memory| hash(nobody.as_slice(), memory))?;
        Ok(Self { turns: Arc::new(Semaphore::new((processors / 2).max(1))), memories, dummy })
    }

    /// The PHC string of a password.
    ///
    /// # Errors
    /// `busy` when its turn does not come; `internal` without random bytes.
    pub async fn hash(&self, password: &Secret) -> Result<String, ApiError> {
        let password = password.clone();
        Ok(self.turn(move |memory| hash(password.expose().as_bytes(), memory)).await??)
    }

    /// Whether `password` is the one behind `hash`. Without a hash the answer is no, after the same work.
    ///
    /// # Errors
    /// `busy` when its turn does not come.
    pub async fn verify(&self, password: &Secret, hash: Option<&str>) -> Result<bool, ApiError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.dummy).to_owned();
        // Nothing as long was ever accepted; hashing it would only cost.
        if password.expose().len() > LENGTH_MAX {
            return Ok(false);
        }
        let password = password.clone();
        let matches = self.turn(move |memory| matches(password.expose().as_bytes(), &hash, memory));
        Ok(matches.await? & known)
    }

    async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || ApiError {
            retry_after: Some(2),
            ..ApiError::new("busy", "Too many people log in at once. Try again in a moment.")
        };
        let permit = tokio::time::timeout(TURN, self.turns.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| busy())?.map_err(|_| busy())?;
        let memories = self.memories.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            memories.lend(work)
        });
        done.await.map_err(|_| ApiError::new("internal", "A password could not be checked. Nothing was changed."))
    }
}

fn hash(password: &[u8], memory: &mut Vec<Block>) -> Result<String, KeyError> {
    let salt = random::<16>()?;
    // The password, the salt and the costs are within argon2's bounds, so only memory can be missing.
    seal(password, salt.as_slice(), memory)
        .map(|hash| hash.to_string())
        .map_err(|_| KeyError::Master("a password could not be hashed".to_owned()))
}

fn seal(password: &[u8], salt: &[u8], memory: &mut Vec<Block>) -> argon2::password_hash::Result<PasswordHash> {
    let (size, passes, lanes) = COST;
    let params = Params::new(size, passes, lanes, None)?;
    let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
    Ok(PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: (&params).try_into()?,
        hash: Some(output(Argon2::new(algorithm, version, params), password, salt, memory)?),
        salt: Some(Salt::new(salt)?),
    })
}

/// Whether `password` is the one behind a PHC string, at the costs written in that string.
fn matches(password: &[u8], hash: &str, memory: &mut Vec<Block>) -> bool {
    let mut computed = || {
        let known = PasswordHash::new(hash).ok()?;
        let algorithm = Algorithm::try_from(known.algorithm.as_str()).ok()?;
        let version = Version::try_from(known.version?).ok()?;
        let argon2 = Argon2::new(algorithm, version, Params::try_from(&known).ok()?);
        // Two outputs are compared in constant time by their type.
        Some(output(argon2, password, &known.salt?, memory).ok()? == known.hash?)
    };
    computed().unwrap_or(false)
}

fn output(
    argon2: Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    memory: &mut Vec<Block>,
) -> argon2::password_hash::Result<Output> {
    memory.resize(argon2.params().block_count(), Block::default());
    let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let mut bytes = [0; Output::MAX_LENGTH];
    let bytes = bytes.get_mut(..length).ok_or(argon2::password_hash::Error::OutputSize)?;
    argon2.hash_password_into_with_memory(password, salt, bytes, memory.as_mut_slice())?;
    Ok(Output::new(bytes)?)
}

/// Refuses a new password that is too short, too long, or easily guessed from the account.
///
/// # Errors
/// `weak_password`.
pub fn check_strength(password: &Secret, login: &str, name: &str) -> Result<(), ApiError> {
    let text = password.expose();
    let weak = |why: &str| Err(ApiError::new("weak_password", why.to_owned()));
    if text.chars().count() < LENGTH_MIN {
        return weak("A password has at least 12 characters. Several words together are fine.");
    }
    if text.len() > LENGTH_MAX {
        return weak("A password has at most 200 bytes.");
    }
    let lower = text.to_lowercase();
    let named = |word: &str| word.chars().count() >= 4 && lower.contains(&word.to_lowercase());
    if named(login) || name.split_whitespace().any(named) {
        return weak("A password may not contain the login or the name.");
    }
    let mut letters: Vec<char> = lower.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < 5 {
        return weak("A password needs at least five different characters.");
    }
    Ok(())
}

/// A password for one use: 100 random bits in four groups.
///
/// # Errors
/// [`KeyError::Entropy`].
pub fn one_time() -> Result<Secret, KeyError> {
    let bytes = random::<20>()?;
    Ok(one_time_of(&bytes))
}

/// The password for one use that these random bytes stand for.
pub fn one_time_of(bytes: &[u8; 20]) -> Secret {
    let mut text = String::with_capacity(23);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Secret::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused() {
        let check = |text: &str| check_strength(&Secret::new(text.to_owned()), "mara", "Mara Ito").is_ok();
        assert!(check("correct horse battery"));
        assert!(!check("elevenchars"));
        assert!(!check("aaaaaaaaaaaaaaaa"));
        assert!(!check("my name is MARA ok"));
        assert!(!check(&"long enough ".repeat(40)));
    }

    #[test]
    fn one_time_passwords_are_readable_and_differ() {
        let (one, two) = (one_time().unwrap(), one_time().unwrap());
        assert_eq!(one.expose().len(), 23);
        assert_ne!(one.expose(), two.expose());
        assert_eq!(format!("{one:?}"), "(secret)");
        assert!(check_strength(&one, "admin", "Administrator").is_ok());
    }

    #[tokio::test]
    async fn a_login_nobody_has_never_matches() {
        let passwords = Passwords::new().unwrap();
        let password = Secret::new("correct horse battery".to_owned());
        let hash = passwords.hash(&password).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify(&password, Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&password, None).await.unwrap());
        assert!(!passwords.verify(&Secret::new("another horse battery".to_owned()), Some(&hash)).await.unwrap());
    }

    #[test]
    fn memory_left_by_one_hash_is_without_effect_on_the_next() {
        let memories = Memories::default();
        let first = memories.lend(|memory| hash(b"correct horse battery", memory)).unwrap();
        memories.lend(|memory| hash(b"something else entirely", memory)).unwrap();
        assert!(memories.lend(|memory| matches(b"correct horse battery", &first, memory)));
        assert!(!memories.lend(|memory| matches(b"something else entirely", &first, memory)));
        // The reference implementation reads it alike.
        let known = PasswordHash::new(&first).unwrap();
        assert!(
            argon2::PasswordVerifier::verify_password(&Argon2::default(), b"correct horse battery", &known).is_ok()
        );
        assert!(!memories.lend(|memory| matches(b"correct horse battery", "$argon2id$nonsense", memory)));
        assert_eq!(memories.0.lock().unwrap().len(), 1);
    }
}

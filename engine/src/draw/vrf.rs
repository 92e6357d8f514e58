//! ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381, suite 3): RDP-1 step 6.
//!
//! For one key and one alpha there is exactly one output, anybody can check it, and nobody can tell
//! it without the secret. That is what keeps the RNG operator from choosing a seed.
//!
//! Decoding is stricter than the RFC asks where the RFC leaves a choice: one proof has one spelling
//! (points canonical, s below the group's order) and keys of small order are refused, since under
//! them the output would not depend on a secret. The challenge includes the public key, as in the
//! final RFC and unlike its drafts.

use std::fmt;

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::signature::canonical_point;
use super::{Beta, Proof, VrfPublicKey};

/// The suite's number, first byte of every hash.
const SUITE: u8 = 3;

/// The RNG operator's secret.
///
/// Made from a 32-byte seed as in RFC 8032 §5.1.5, held for the length of one call and wiped
/// afterwards. The seed must never be an Ed25519 seed too: both schemes derive the same nonces, and
/// one signature with one proof then gives the secret away (RDP-1 §1, attack 15).
pub struct VrfSecret(Zeroizing<[u8; 32]>);

impl VrfSecret {
    /// The secret with this seed.
    pub const fn new(seed: Zeroizing<[u8; 32]>) -> Self {
        Self(seed)
    }

    /// Its public key.
    pub fn public(&self) -> VrfPublicKey {
        VrfPublicKey(Expanded::of(self).public)
    }
}

impl fmt::Debug for VrfSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VrfSecret(withheld)")
    }
}

/// What is derived from the secret (RFC 8032 §5.1.5).
struct Expanded {
    /// The secret scalar.
    x: Zeroizing<Scalar>,
    /// The half of the hash that makes nonces.
    prefix: Zeroizing<[u8; 32]>,
    /// Encoding of Y = xB.
    public: [u8; 32],
}

impl Expanded {
    fn of(secret: &VrfSecret) -> Self {
        let hash: Zeroizing<[u8; 64]> = Zeroizing::new(Sha512::digest(secret.0.as_slice()).into());
        let mut low = Zeroizing::new([0; 32]);
        let mut prefix = Zeroizing::new([0; 32]);
        low.copy_from_slice(&hash[..32]);
        prefix.copy_from_slice(&hash[32..]);
        let x = Zeroizing::new(Scalar::from_bytes_mod_order(clamp_integer(*low)));
        let public = EdwardsPoint::mul_base(&x).compress().to_bytes();
        Self { x, prefix, public }
    }
}

/// Proves the output for `alpha` (RFC 9381 §5.1), in constant time as far as the secret goes.
///
/// The proof is checked before it is handed out, so that a fault of the machine never publishes one
/// from which the secret could be worked out.
///
/// # Errors
/// [`VrfError::Alpha`] with probability 2^-256; [`VrfError::Proof`] after a fault.
pub fn prove(secret: &VrfSecret, alpha: &[u8]) -> Result<(Proof, Beta), VrfError> {
    let Expanded { x, prefix, public } = Expanded::of(secret);
    let h = encode_to_curve(&public, alpha)?;
    let h_bytes = h.compress().to_bytes();
    let gamma = h * *x;

    // Nonce as in RFC 9381 §5.4.2.2.
    let nonce = Sha512::new().chain_update(prefix.as_slice()).chain_update(h_bytes).finalize();
    let nonce: Zeroizing<[u8; 64]> = Zeroizing::new(nonce.into());
    let k = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&nonce));

    let c = challenge(&public, &h_bytes, &gamma, &EdwardsPoint::mul_base(&k), &(h * *k));
    let s = *k + challenge_scalar(c) * *x;

    let mut bytes = [0; 80];
    bytes[..32].copy_from_slice(gamma.compress().as_bytes());
    bytes[32..48].copy_from_slice(&c);
    bytes[48..].copy_from_slice(s.as_bytes());
    let proof = Proof(bytes);
    let beta = verify(&VrfPublicKey(public), alpha, &proof)?;
    Ok((proof, beta))
}

/// Verifies a proof and returns the output (RFC 9381 §5.3, with key validation).
///
/// # Errors
/// [`VrfError::Key`] for a public key that is not canonical or of small order, [`VrfError::Proof`]
/// for a proof that does not decode or does not hold, [`VrfError::Alpha`] with probability 2^-256.
pub fn verify(public: &VrfPublicKey, alpha: &[u8], proof: &Proof) -> Result<Beta, VrfError> {
    let y = canonical_point(public.as_bytes()).filter(|y| !y.is_small_order()).ok_or(VrfError::Key)?;
    let Decoded { gamma, c, s } = Decoded::of(proof)?;
    let h = encode_to_curve(public.as_bytes(), alpha)?;
    let minus_c = -challenge_scalar(c);
    let u = EdwardsPoint::vartime_double_scalar_mul_basepoint(&minus_c, &y, &s);
    let v = EdwardsPoint::vartime_multiscalar_mul([s, minus_c], [h, gamma]);
    let expected = challenge(public.as_bytes(), h.compress().as_bytes(), &gamma, &u, &v);
    if bool::from(expected.ct_eq(&c)) { Ok(output(&gamma)) } else { Err(VrfError::Proof) }
}

/// The output that belongs to a proof (RFC 9381 §5.2). It says nothing about whether the proof holds.
///
/// # Errors
/// [`VrfError::Proof`] if the proof does not decode.
pub fn proof_to_hash(proof: &Proof) -> Result<Beta, VrfError> {
    Ok(output(&Decoded::of(proof)?.gamma))
}

/// A proof's parts.
struct Decoded {
    gamma: EdwardsPoint,
    c: [u8; 16],
    s: Scalar,
}

impl Decoded {
    fn of(proof: &Proof) -> Result<Self, VrfError> {
        let (gamma, rest) = proof.0.split_first_chunk::<32>().ok_or(VrfError::Proof)?;
        let (c, s) = rest.split_first_chunk::<16>().ok_or(VrfError::Proof)?;
        let s = s.first_chunk::<32>().ok_or(VrfError::Proof)?;
        let gamma = canonical_point(gamma).ok_or(VrfError::Proof)?;
        let s = Option::from(Scalar::from_canonical_bytes(*s)).ok_or(VrfError::Proof)?;
        Ok(Self { gamma, c: *c, s })
    }
}

/// Try-and-increment (RFC 9381 §5.4.1.1): hashes until the hash is a point, then clears the cofactor.
/// Its time depends on alpha, which is public.
fn encode_to_curve(public: &[u8; 32], alpha: &[u8]) -> Result<EdwardsPoint, VrfError> {
    let prefix = Sha512::new().chain_update([SUITE, 1]).chain_update(public).chain_update(alpha);
    for counter in 0..=u8::MAX {
        let hash: [u8; 64] = prefix.clone().chain_update([counter, 0]).finalize().into();
        let candidate = hash.first_chunk::<32>().and_then(canonical_point);
        if let Some(point) = candidate.map(|point| point.mul_by_cofactor()).filter(|point| !point.is_identity()) {
            return Ok(point);
        }
    }
    Err(VrfError::Alpha)
}

/// The challenge over Y, H, Gamma, U and V (RFC 9381 §5.4.3), 16 bytes little-endian.
fn challenge(y: &[u8; 32], h: &[u8; 32], gamma: &EdwardsPoint, u: &EdwardsPoint, v: &EdwardsPoint) -> [u8; 16] {
    let mut hasher = Sha512::new().chain_update([SUITE, 2]).chain_update(y).chain_update(h);
    for point in [gamma, u, v] {
        hasher.update(point.compress().as_bytes());
    }
    let hash: [u8; 64] = hasher.chain_update([0]).finalize().into();
    let mut c = [0; 16];
    c.copy_from_slice(&hash[..16]);
    c
}

fn challenge_scalar(c: [u8; 16]) -> Scalar {
    Scalar::from(u128::from_le_bytes(c))
}

fn output(gamma: &EdwardsPoint) -> Beta {
    let cleared = gamma.mul_by_cofactor().compress();
    Beta(Sha512::new().chain_update([SUITE, 3]).chain_update(cleared.as_bytes()).chain_update([0]).finalize().into())
}

/// Why there is no output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VrfError {
    /// The public key is not canonical, no point, or of small order.
    Key,
    /// The proof does not decode, or does not hold for this key and alpha.
    Proof,
    /// None of 256 attempts hashed alpha to the curve; expected once in 2^256.
    Alpha,
}

impl fmt::Display for VrfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "the VRF key is not a canonical point of large order",
            Self::Proof => "the VRF proof does not hold",
            Self::Alpha => "alpha does not hash to the curve",
        })
    }
}

impl std::error::Error for VrfError {}

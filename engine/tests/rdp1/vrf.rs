//! ECVRF-EDWARDS25519-SHA512-TAI against RFC 9381 (appendix B.3), and what must be refused.

use curve25519_dalek::constants::EIGHT_TORSION;
use drumroll_engine::draw::{Proof, VrfError, VrfPublicKey, VrfSecret, vrf};
use drumroll_engine::hex;
use zeroize::Zeroizing;

use crate::fixture;

struct Example {
    sk: &'static str,
    pk: &'static str,
    alpha: &'static str,
    pi: &'static str,
    beta: &'static str,
}

/// Examples 16, 17 and 18.
const EXAMPLES: [Example; 3] = [
    Example {
        sk: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        pk: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        alpha: "",
        pi: "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f\
             26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab12\
             68a1b0db10836d9826a528ca76567805",
        beta: "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff\
               66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae",
    },
    Example {
        sk: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        pk: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        alpha: "72",
        pi: "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed593\
             3bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926d\
             a3ef39226bbc355bdc9850112c8f4b02",
        beta: "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb\
               5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031",
    },
    Example {
        sk: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        pk: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        alpha: "af82",
        pi: "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf80\
             96bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a\
             2d41b00b05081ed0f58ee5e31b3a970e",
        beta: "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c45\
               2118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f",
    },
];

fn example(number: usize) -> (VrfPublicKey, Vec<u8>, Proof) {
    let example = &EXAMPLES[number - 16];
    let public = VrfPublicKey::from_hex(example.pk).unwrap();
    (public, hex::decode(example.alpha).unwrap(), Proof::from_hex(example.pi).unwrap())
}

/// G-05, RFC 9381 examples 16 to 18.
#[test]
fn g05_rfc_9381_examples_are_reproduced() {
    for (number, example) in (16..).zip(&EXAMPLES) {
        let secret = VrfSecret::new(Zeroizing::new(hex::decode_array(example.sk).unwrap()));
        let alpha = hex::decode(example.alpha).unwrap();
        assert_eq!(secret.public().to_string(), example.pk, "{number}");
        let (proof, beta) = vrf::prove(&secret, &alpha).unwrap();
        assert_eq!(proof.to_string(), example.pi, "{number}");
        assert_eq!(beta.to_string(), example.beta, "{number}");
        assert_eq!(vrf::verify(&secret.public(), &alpha, &proof), Ok(beta));
        assert_eq!(vrf::proof_to_hash(&proof), Ok(beta));
    }
}

/// I10: the drafts left the public key out of the challenge. Their proof for example 16 gives the
/// same output and must be refused all the same.
#[test]
fn i10_the_proof_of_the_drafts_is_refused() {
    let (public, alpha, good) = example(16);
    let draft = Proof::from_hex(
        "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f\
         5e8bd1839b414219e8626d393787a192241fc442e6569e96c462f62b8079b9ed\
         83ff2ee21c90c7c398802fdeebea4001",
    )
    .unwrap();
    assert_eq!(vrf::proof_to_hash(&draft), vrf::proof_to_hash(&good));
    assert_eq!(vrf::verify(&public, &alpha, &draft), Err(VrfError::Proof));
}

/// I10: another key, another alpha, or any single bit of the proof.
#[test]
fn i10_a_proof_holds_for_its_key_and_alpha_only() {
    let (public, alpha, good) = example(18);
    assert!(vrf::verify(&public, &alpha, &good).is_ok());
    assert_eq!(vrf::verify(&example(17).0, &alpha, &good), Err(VrfError::Proof));
    assert_eq!(vrf::verify(&public, b"", &good), Err(VrfError::Proof));
    for bit in 0..640 {
        let mut proof = good;
        proof.0[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(vrf::verify(&public, &alpha, &proof), Err(VrfError::Proof), "bit {bit}");
    }
}

/// Step 6: s + q would be a second spelling of the same proof.
#[test]
fn i10_s_of_q_or_more_is_refused() {
    let (public, alpha, mut proof) = example(16);
    let order: [u8; 32] =
        hex::decode_array("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut carry = 0;
    for (byte, addend) in proof.0[48..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert_eq!(vrf::verify(&public, &alpha, &proof), Err(VrfError::Proof));
    assert_eq!(vrf::proof_to_hash(&proof), Err(VrfError::Proof));
}

/// Step 6: under a key of small order anybody could predict and prove an output.
#[test]
fn i10_small_order_and_non_canonical_keys_are_refused() {
    let (_, alpha, proof) = example(16);
    for point in EIGHT_TORSION {
        let key = VrfPublicKey(point.compress().to_bytes());
        assert_eq!(vrf::verify(&key, &alpha, &proof), Err(VrfError::Key));
    }
    // All second spellings of y below 19, with either sign, and a y that is on no point of the curve.
    for low in 0xed..=0xff_u8 {
        for top in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (low, top);
            assert_eq!(vrf::verify(&VrfPublicKey(bytes), &alpha, &proof), Err(VrfError::Key), "{low:x}");
            let mut gamma = proof;
            gamma.0[..32].copy_from_slice(&bytes);
            assert_eq!(vrf::proof_to_hash(&gamma), Err(VrfError::Proof), "{low:x}");
        }
    }
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    assert_eq!(vrf::verify(&VrfPublicKey(off_curve), &alpha, &proof), Err(VrfError::Key));
}

/// I10: two proofs may differ, outputs may not. Adding torsion to Gamma leaves the output as it is
/// and breaks the proof.
#[test]
fn i10_torsion_in_gamma_gives_no_second_proof() {
    let (public, alpha, good) = example(16);
    let gamma = curve25519_dalek::edwards::CompressedEdwardsY(good.0[..32].try_into().unwrap()).decompress().unwrap();
    for torsion in &EIGHT_TORSION[1..] {
        let mut proof = good;
        proof.0[..32].copy_from_slice((gamma + torsion).compress().as_bytes());
        assert_eq!(vrf::proof_to_hash(&proof), vrf::proof_to_hash(&good));
        assert_eq!(vrf::verify(&public, &alpha, &proof), Err(VrfError::Proof));
    }
}

/// G-01: outputs of one key on many alphas; try-and-increment takes more than one attempt for half.
#[test]
fn g01_many_alphas_prove_and_verify() {
    let secret = fixture::vrf_secret();
    let public = secret.public();
    let mut outputs = std::collections::BTreeSet::new();
    for n in 0..64u32 {
        let (proof, beta) = vrf::prove(&secret, &n.to_be_bytes()).unwrap();
        assert_eq!(vrf::verify(&public, &n.to_be_bytes(), &proof), Ok(beta));
        outputs.insert(beta);
    }
    assert_eq!(outputs.len(), 64);
    assert_eq!(format!("{secret:?}"), "VrfSecret(withheld)");
}

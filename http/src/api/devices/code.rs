//! One-time enrolment codes: 60 random bits in three groups of four, typed once, good for 15 minutes, and
//! kept only as their hash. They are found by that hash, so no comparison tells how close a guess came.

use crate::api::error::ApiError;
use crate::state::App;
use drumroll_actors::keys;
use drumroll_actors::store::EnrolmentCodeRow;
use drumroll_engine::hash::Hasher;
use drumroll_engine::id::{DeviceId, OrganisationId};
use drumroll_engine::time::Span;

/// How long a code is good for.
pub(super) const GOOD_FOR: Span = Span::seconds(15 * 60);

/// Crockford's base32: nothing in it is mistaken for something else.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of a code.
const LENGTH: usize = 12;

/// Makes a code for a handheld; an older one ends.
pub(super) async fn issue(app: &App, organisation: OrganisationId, device: DeviceId) -> Result<String, ApiError> {
    let random = keys::random::<LENGTH>()?;
    let mut code = String::with_capacity(LENGTH + 2);
    for (index, byte) in random.iter().enumerate() {
        if index > 0 && index % 4 == 0 {
            code.push('-');
        }
        // 256 is a multiple of 32: the remainder favours no character.
        code.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    let expires_at = app.node.clock().now() + GOOD_FOR;
    let row = EnrolmentCodeRow { device, organisation, code_hash: hash(&code), expires_at };
    app.node.store().put_enrolment_code(row).await?;
    Ok(code)
}

/// The hash under which a code is kept, however it was typed.
pub(super) fn hash(code: &str) -> [u8; 32] {
    Hasher::new("drumroll/enrolment-code/1").bytes(normal(code).as_bytes()).finish()
}

/// The hash under which a used code is kept for the handheld that used it: it, and nobody else, may ask
/// again when the answer was lost.
pub(super) fn receipt(code: &str, public_key: &[u8; 32]) -> [u8; 32] {
    Hasher::new("drumroll/enrolment-receipt/1").bytes(public_key).bytes(normal(code).as_bytes()).finish()
}

fn normal(code: &str) -> String {
    let letters = code.chars().filter(|letter| !matches!(letter, '-' | ' '));
    letters
        .map(|letter| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_itself_however_it_is_typed() {
        let code = "K7QF-2M90-XW41";
        for typed in ["k7qf2m90xw41", "K7QF 2M9O XW4l", " K7QF-2M90-XW4I "] {
            assert_eq!(hash(typed), hash(code), "{typed}");
        }
        assert_ne!(hash("K7QF-2M90-XW42"), hash(code));
        assert_ne!(receipt(code, &[1; 32]), receipt(code, &[2; 32]));
        assert_ne!(receipt(code, &[1; 32]), hash(code));
    }
}

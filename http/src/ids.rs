//! Ids that follow from an idempotency key, so that a repeated command finds what the first one made.

use drumroll_engine::hash::Hasher;
use drumroll_engine::id::OrganisationId;

/// The id of what `organisation` creates under `key`. The organisation is hashed in: nobody can name a key
/// under which another organisation's things would be found.
pub fn derived(kind: &'static str, organisation: OrganisationId, key: [u8; 16]) -> [u8; 16] {
    let hasher = Hasher::new("drumroll/derived-id/1").u8(u8::try_from(kind.len()).unwrap_or(u8::MAX));
    let hash = hasher.bytes(kind.as_bytes()).bytes(&organisation.0).bytes(&key).finish();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    // A UUID of version 8: made by a rule of our own.
    id[6] = id[6] & 0x0f | 0x80;
    id[8] = id[8] & 0x3f | 0x80;
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_names_one_thing_of_one_organisation() {
        let (ours, theirs) = (OrganisationId([1; 16]), OrganisationId([2; 16]));
        let id = derived("raffle", ours, [3; 16]);
        assert_eq!(id, derived("raffle", ours, [3; 16]));
        for other in
            [derived("raffle", theirs, [3; 16]), derived("raffle", ours, [4; 16]), derived("device", ours, [3; 16])]
        {
            assert_ne!(id, other);
        }
        assert_eq!((id[6] >> 4, id[8] >> 6), (8, 2));
    }
}

//! Whether a webhook is Stripe's: `t=…,v1=…`, where `v1` is HMAC-SHA256 of `t.body` under the endpoint's secret.
//! While a secret is being replaced there are several `v1`; one that holds is enough.

use aws_lc_rs::hmac;
use drumroll_engine::hex;
use drumroll_engine::time::Timestamp;

/// How far a signature's time may be from ours, in seconds, either way.
pub(super) const TOLERANCE_S: u64 = 300;

/// Signatures that are tried.
const SIGNATURES_MAX: usize = 8;

/// Whether the header signs these very bytes, not long ago.
pub(super) fn holds(secret: &[u8], body: &[u8], header: &str, now: Timestamp) -> bool {
    let mut parts = header.split(',').filter_map(|part| part.trim().split_once('='));
    let Some(("t", time)) = parts.next() else { return false };
    let Ok(seconds) = time.parse::<u64>() else { return false };
    if (now.as_millis() / 1_000).abs_diff(seconds) > TOLERANCE_S {
        return false;
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut signed = hmac::Context::with_key(&key);
    signed.update(time.as_bytes());
    signed.update(b".");
    signed.update(body);
    let tag = signed.sign();
    let claimed = parts.filter(|(scheme, _)| *scheme == "v1").take(SIGNATURES_MAX);
    // Compared in constant time, each of them.
    claimed.fold(false, |held, (_, text)| {
        let same = hex::decode(text)
            .is_some_and(|given| aws_lc_rs::constant_time::verify_slices_are_equal(&given, tag.as_ref()).is_ok());
        held | same
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with: printf '%s' '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    const SIGNED: &str = "c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925";
    const AT: Timestamp = Timestamp(1_700_000_000_000_000);

    #[test]
    fn only_these_bytes_under_this_secret_at_this_time_count() {
        let secret = b"whsec_test";
        let header = format!("t=1700000000,v1={SIGNED}");
        assert!(holds(secret, BODY, &header, AT));
        assert!(holds(secret, BODY, &format!("t=1700000000,v0=00,v1={},v1={SIGNED}", "00".repeat(32)), AT));
        for seconds in [-300_i64, 300] {
            assert!(holds(secret, BODY, &header, Timestamp(AT.0.strict_add_signed(seconds * 1_000_000))));
        }
        for seconds in [-301_i64, 301] {
            assert!(!holds(secret, BODY, &header, Timestamp(AT.0.strict_add_signed(seconds * 1_000_000))));
        }
        assert!(!holds(b"whsec_other", BODY, &header, AT));
        assert!(!holds(secret, br#"{"id":"evt_2"}"#, &header, AT));
        for wrong in [
            String::new(),
            "t=1700000000".to_owned(),
            format!("v1={SIGNED}"),
            format!("v1={SIGNED},t=1700000000"),
            format!("t=1700000001,v1={SIGNED}"),
            format!("t=x,v1={SIGNED}"),
            format!("t=1700000000,v0={SIGNED}"),
            format!("t=1700000000,v1={}", &SIGNED[2..]),
            format!("t=1700000000,v1={SIGNED}00"),
        ] {
            assert!(!holds(secret, BODY, &wrong, AT), "{wrong}");
        }
    }
}

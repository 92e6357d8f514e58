//! What is not documented is refused (C-06), at every depth, with the code that says how.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use drumroll_protocol::{DecodeError, ErrorCode, FRAME_BYTES_MAX, FromDevice, ToDevice};

const RESERVE: &str = r#"{"t":"reserve","id":1,"raffle_id":"00000000-0000-0000-0000-000000000001","lease_no":1,"wanted":1000,"head_seq":0}"#;
const NOTICE: &str = r#"{"t":"notice","id":1,"raffle_id":"00000000-0000-0000-0000-000000000001","as_of_seq":1,"kind":"close","closes_at_us":5,"reason":null}"#;

fn refusal(text: &str) -> ErrorCode {
    FromDevice::decode(text).expect_err(text).code()
}

#[test]
fn c06_undocumented_frames_are_refused() {
    FromDevice::decode(RESERVE).unwrap();
    ToDevice::decode(NOTICE).unwrap();
    let cases = [
        (RESERVE.replace("reserve", "reset"), ErrorCode::UnknownType),
        (RESERVE.replace("reserve", "RESERVE"), ErrorCode::UnknownType),
        (NOTICE.to_owned(), ErrorCode::UnknownType),
        (RESERVE.replacen('{', r#"{"debug":true,"#, 1), ErrorCode::Malformed),
        (RESERVE.replacen('{', r#"{"id":1,"#, 1), ErrorCode::Malformed),
        (RESERVE.replacen('{', r#"{"t":"reserve","#, 1), ErrorCode::Malformed),
        (RESERVE.replace(r#","head_seq":0"#, ""), ErrorCode::Malformed),
        (RESERVE.replace("1000", "-1"), ErrorCode::Malformed),
        (RESERVE.replace("1000", "4294967296"), ErrorCode::Malformed),
        (RESERVE.replace("1000", "1e3"), ErrorCode::Malformed),
        (RESERVE.replace("1000", "\"1000\""), ErrorCode::Malformed),
        (RESERVE.replace("00000000-", "0000000-"), ErrorCode::Malformed),
        (format!("{RESERVE}{RESERVE}"), ErrorCode::Malformed),
        (format!("[{RESERVE}]"), ErrorCode::Malformed),
        ("null".into(), ErrorCode::Malformed),
        ("{}".into(), ErrorCode::Malformed),
        (r#"{"t":1}"#.into(), ErrorCode::Malformed),
        (String::new(), ErrorCode::Malformed),
        ("[".repeat(10_000), ErrorCode::Malformed),
        (format!("{RESERVE}{}", " ".repeat(FRAME_BYTES_MAX)), ErrorCode::TooLarge),
    ];
    for (text, code) in cases {
        assert_eq!(refusal(&text), code, "{:.200}", text);
    }
    assert!(matches!(ToDevice::decode(&NOTICE.replace("\"close\"", "\"erase\"")), Err(DecodeError::Malformed(_))));
}

#[test]
fn c06_an_upload_is_a_dense_run_of_its_raffle() {
    let record = |seq: u64, raffle: u8| {
        format!(
            r#"{{"device_id":"00000000-0000-0000-0000-000000000009","raffle_id":"00000000-0000-0000-0000-00000000000{raffle}","seq":{seq},"device_at_us":1,"server_at_us":1,"error_ms":1,"prev":"{}","payload":"{{}}","signature":"{}"}}"#,
            "00".repeat(32),
            "00".repeat(64)
        )
    };
    let upload = |records: &[String]| {
        format!(
            r#"{{"t":"upload","id":1,"raffle_id":"00000000-0000-0000-0000-000000000001","records":[{}]}}"#,
            records.join(",")
        )
    };
    FromDevice::decode(&upload(&[record(4, 1), record(5, 1)])).unwrap();
    assert_eq!(refusal(&upload(&[])), ErrorCode::Malformed);
    assert_eq!(refusal(&upload(&[record(4, 1), record(6, 1)])), ErrorCode::Malformed);
    assert_eq!(refusal(&upload(&[record(5, 1), record(4, 1)])), ErrorCode::Malformed);
    assert_eq!(refusal(&upload(&[record(4, 1), record(5, 2)])), ErrorCode::Malformed);
    let many: Vec<String> = (1..=101).map(|seq| record(seq, 1)).collect();
    assert_eq!(refusal(&upload(&many)), ErrorCode::TooLarge);
}

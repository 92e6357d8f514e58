//! A hostile handheld: it speaks the protocol, and not as it should (R-01, R-02, R-06, C-04).

use super::Stage;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::{DevicePayload, DeviceRecord, Payment, RecordDraft, Sale, SecretKey, Version1};
use drumroll_engine::id::{DeviceId, OrderKey, RaffleId};
use drumroll_engine::money::{Currency, Line};
use drumroll_engine::ticket::{IssuerSlot, NumberRange, ValidationNumber};
use drumroll_engine::time::Timestamp;
use drumroll_protocol::{Challenge, EnrolRequest, FromDevice, Hello, Software, Upload};
use drumroll_tests::api::{Client, new_key};
use drumroll_tests::now_ms;
use drumroll_tests::socket::Socket;
use drumroll_tests::wait::SOON;
use serde_json::{Value, json};

pub(crate) struct Device {
    key: SecretKey,
    pub(crate) id: DeviceId,
    /// Where it sells.
    pub(crate) raffle: RaffleId,
}

fn software() -> Software {
    Software { name: "hostile".to_owned(), version: "6.6.6".to_owned(), digest: Bytes([6; 32]) }
}

impl Device {
    pub(crate) async fn enrol(stage: &Stage, label: &str, seed: u8) -> (Self, String) {
        let admin = &stage.crew.admin.client;
        let made = admin.post_once("/devices", &new_key(), &json!({"label": label})).await.expect(201);
        let code = made["enrolment_code"].as_str().unwrap().to_owned();
        let id = made["device"]["id"].as_str().unwrap().to_owned();
        let key = SecretKey::from_bytes(&[seed; 32]);
        let stranger = Client::new(&stage.site.base);
        // The code alone is not enough, nor is a proof of another key or for another code.
        let good = EnrolRequest::new(&code, &key);
        let other = EnrolRequest::new(&code, &SecretKey::from_bytes(&[99; 32]));
        for request in [
            EnrolRequest { proof: other.proof, ..good.clone() },
            EnrolRequest { public_key: other.public_key, ..good.clone() },
            EnrolRequest::new("AAAA-BBBB-CCCC", &key),
        ] {
            let reply = stranger.post("/devices/enrol", &serde_json::to_value(&request).unwrap()).await;
            assert!(matches!(reply.status, 401 | 403 | 422), "{}", reply.text);
        }
        stranger.post("/devices/enrol", &serde_json::to_value(&good).unwrap()).await.expect(200);
        // The same code and key again: the same answer. The code with another key: no.
        stranger.post("/devices/enrol", &serde_json::to_value(&good).unwrap()).await.expect(200);
        let stolen = stranger.post("/devices/enrol", &serde_json::to_value(&other).unwrap()).await;
        assert!(matches!(stolen.status, 403 | 409), "{}", stolen.text);
        let device = Self { key, id: id.parse().unwrap(), raffle: stage.raffle.parse().unwrap() };
        (device, code)
    }

    /// Connects and answers the challenge as `answer` says.
    async fn greet(&self, base: &str, answer: impl FnOnce(&Challenge) -> Hello) -> Socket {
        let mut socket = Socket::connect(base, "/ws/device").await.unwrap();
        let challenge = socket.hear_until("the challenge", |frame| frame["t"] == "challenge").await;
        let challenge = Challenge {
            protocol: 1,
            nonce: Bytes(hex32(&challenge["nonce"])),
            server_public_key: Bytes(hex32(&challenge["server_public_key"])),
        };
        socket.say(FromDevice::Hello(answer(&challenge)).encode()).await;
        socket
    }

    pub(crate) async fn connect(&self, base: &str) -> Socket {
        let mut socket =
            self.greet(base, |challenge| Hello::sign(challenge, self.id, [3; 32], software(), &self.key)).await;
        socket.hear_until("the welcome", |frame| frame["t"] == "welcome").await;
        socket.hear_until("ready", |frame| frame["t"] == "ready").await;
        socket
    }

    pub(crate) fn sale(&self, slot: u16, number: u64, order: u8) -> DevicePayload {
        DevicePayload::Sale(Sale {
            v: Version1,
            order_key: OrderKey([order; 16]),
            validation_number: ValidationNumber::new(IssuerSlot::new(slot).unwrap(), [0, 0, 0, 0, 0, 0, 1, order]),
            lines: vec![Line { package: 1, quantity: 1 }],
            ranges: vec![NumberRange::new(number, number + 2).unwrap()],
            price_minor: 500,
            currency: Currency::new("CAD").unwrap(),
            salt: Bytes([order; 32]),
            seller: None,
            payment: Payment::Cash,
            terms_seq: 1,
        })
    }

    pub(crate) fn record(&self, seq: u64, prev: [u8; 32], payload: &DevicePayload, at_ms: u64) -> DeviceRecord {
        let at = Timestamp::from_millis(at_ms);
        let draft = RecordDraft {
            device_id: self.id,
            raffle_id: self.raffle,
            seq,
            device_at_us: at,
            server_at_us: at,
            error_ms: 5,
            prev,
        };
        draft.seal(payload, &self.key)
    }
}

fn hex32(value: &Value) -> [u8; 32] {
    drumroll_tests::auditor::bytes::unhex32(value.as_str().unwrap()).unwrap()
}

pub(crate) async fn upload(socket: &mut Socket, device: &Device, id: u64, records: Vec<DeviceRecord>) -> Value {
    let upload = Upload { id, raffle_id: device.raffle, records };
    socket.say(FromDevice::Upload(upload).encode()).await;
    socket.hear_until("an answer to the upload", |frame| frame["id"] == id).await
}

/// Foreign keys, replayed and altered messages, records that are not its own, the same upload again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r02_r06_c04_a_hostile_handheld_gets_nothing_and_changes_nothing() {
    let stage = Stage::set("hostile-device").await;
    let base = stage.site.base.clone();
    let (device, code) = Device::enrol(&stage, "Hostile 01", 11).await;
    let admin = &stage.crew.admin.client;

    // Unknown, and known with a key that is not its own.
    let mut replayed = None;
    for (id, key) in [(DeviceId([9; 16]), &device.key), (device.id, &SecretKey::from_bytes(&[77; 32]))] {
        let mut socket = device.greet(&base, |challenge| Hello::sign(challenge, id, [3; 32], software(), key)).await;
        assert_eq!(socket.hear_close(SOON, |_| {}).await, Some(4010));
    }
    // A good hello, overheard and said again on another connection.
    let mut socket = device
        .greet(&base, |challenge| {
            let hello = Hello::sign(challenge, device.id, [3; 32], software(), &device.key);
            replayed = Some(hello.clone());
            hello
        })
        .await;
    // Enrolled is not enabled: it may upload, and gets no numbers.
    let disabled = socket.hear_until("disabled", |frame| frame["t"] == "disabled" || frame["t"] == "ready").await;
    socket
        .say(
            json!({"t": "reserve", "id": 1, "raffle_id": stage.raffle, "lease_no": 1, "wanted": 100, "head_seq": 0})
                .to_string(),
        )
        .await;
    let answer = socket.hear_until("no numbers", |frame| frame["id"] == 1).await;
    assert_ne!(answer["t"], "lease", "after {disabled}: {answer}");
    let mut thief = device.greet(&base, |_| replayed.clone().unwrap()).await;
    assert_eq!(thief.hear_close(SOON, |_| {}).await, Some(4010), "a hello is for one challenge");
    // Business before the hello, and a second hello.
    let mut rude = Socket::connect(&base, "/ws/device").await.unwrap();
    rude.say(
        json!({"t": "reserve", "id": 1, "raffle_id": stage.raffle, "lease_no": 1, "wanted": 100, "head_seq": 0})
            .to_string(),
    )
    .await;
    assert_eq!(rude.hear_close(SOON, |_| {}).await, Some(4003));

    admin.act(&format!("/devices/{}/enable", device.id)).await.expect(200);
    let mut socket = device.connect(&base).await;
    socket.say(FromDevice::Hello(replayed.clone().unwrap()).encode()).await;
    assert_eq!(socket.hear_close(SOON, |_| {}).await, Some(4003), "a second hello");

    // Numbers: out of step, absurd, for a raffle that is not there.
    let mut socket = device.connect(&base).await;
    let reserve = |id: u64, raffle: &str, lease_no: u64, wanted: u64, head_seq: u64| {
        json!({"t": "reserve", "id": id, "raffle_id": raffle, "lease_no": lease_no, "wanted": wanted, "head_seq": head_seq}).to_string()
    };
    let nobody = new_key();
    for (id, message) in [
        (2, reserve(2, &nobody, 1, 100, 0)),
        (3, reserve(3, &stage.raffle, 7, 100, 0)),
        (4, reserve(4, &stage.raffle, 1, 100, 55)),
    ] {
        socket.say(message).await;
        let answer = socket.hear_until("a refusal", |frame| frame["id"] == id).await;
        assert_ne!(answer["t"], "lease", "{answer}");
    }
    socket.say(reserve(5, &stage.raffle, 1, 100, 0)).await;
    let lease = socket.hear_until("a lease", |frame| frame["id"] == 5).await;
    assert_eq!(lease["t"], "lease", "{lease}");
    socket.say(reserve(6, &stage.raffle, 1, 100, 0)).await;
    let again = socket.hear_until("the same lease", |frame| frame["id"] == 6).await;
    assert_eq!(again["lease"], lease["lease"], "the same number always gives the same range");
    let first = lease["lease"]["range"]["first"].as_u64().unwrap();
    let slot = u16::try_from(lease["issuer_slot"].as_u64().unwrap()).unwrap();

    // One good sale, uploaded again and again: one sale, one answer.
    let now = now_ms();
    let one = device.record(1, [0; 32], &device.sale(slot, first, 1), now);
    let mut answers = Vec::new();
    for id in 10..14 {
        let mut answer = upload(&mut socket, &device, id, vec![one.clone()]).await;
        assert_eq!(answer["t"], "upload_ack", "{answer}");
        answer["id"] = Value::Null;
        answer["verdicts"] = Value::Null;
        answers.push(answer);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(answers[0]["acknowledged_seq"], 1);

    // Not its own, altered, out of order, too many.
    let two = device.record(2, one.hash(), &device.sale(slot, first + 3, 2), now + 1);
    let forged = DeviceRecord { signature: one.signature, ..two.clone() };
    let altered = device.record(1, [0; 32], &device.sale(slot, first + 30, 1), now);
    let gap = device.record(4, two.hash(), &device.sale(slot, first + 6, 3), now + 2);
    let wrong_link = device.record(2, [5; 32], &device.sale(slot, first + 3, 2), now + 1);
    let mut foreign = device.record(2, one.hash(), &device.sale(slot, first + 3, 2), now + 1);
    foreign.device_id = DeviceId([8; 16]);
    let seq = stage.seq().await;
    for (id, records, codes) in [
        (20, vec![forged], &["bad_signature"][..]),
        (21, vec![altered], &["chain_conflict"]),
        (22, vec![gap.clone()], &["gap"]),
        (23, vec![wrong_link], &["chain_conflict"]),
        (24, vec![foreign], &["bad_signature", "malformed", "forbidden", "chain_conflict"]),
        (25, vec![one.clone(), gap], &["gap", "malformed", "chain_conflict"]),
        (26, vec![], &["malformed", "too_large"]),
        (27, vec![one.clone(); 101], &["too_large", "malformed"]),
    ] {
        let upload = Upload { id, raffle_id: device.raffle, records };
        // Fresh connections, for three faults end one.
        let mut socket = device.connect(&base).await;
        socket.say(FromDevice::Upload(upload).encode()).await;
        let error = socket.hear_until("an error", |frame| frame["t"] == "error").await;
        assert!(codes.contains(&error["code"].as_str().unwrap()), "upload {id}: {error}");
    }
    assert_eq!(stage.seq().await, seq, "none of it is on record");

    // What it signed itself gets a verdict, and nothing of it is sold: numbers, issuer, time, price.
    let mut socket = device.connect(&base).await;
    let mut price = device.sale(slot, first + 18, 24);
    if let DevicePayload::Sale(sale) = &mut price {
        sale.price_minor = 1;
    }
    let mut key = device.sale(slot, first + 15, 23);
    if let DevicePayload::Sale(sale) = &mut key {
        sale.order_key = OrderKey([1; 16]);
    }
    let bad = [
        (device.sale(slot, 39_000, 20), now + 3, "numbers_not_leased"),
        (device.sale(slot, first, 21), now + 4, "numbers_used"),
        (device.sale(slot + 1, first + 3, 22), now + 5, "validation_invalid"),
        (key, now + 6, "order_key_used"),
        (price, now + 7, "price_mismatch"),
        (device.sale(slot, first + 6, 25), now - 3_600_000, "clock_went_back"),
        (device.sale(slot, first + 9, 26), now + 1_800_000, "clock_ahead"),
        (device.sale(slot, first + 12, 27), now + 7_200_000, "after_close"),
    ];
    let mut prev = one.hash();
    for (index, (payload, at_ms, reason)) in bad.iter().enumerate() {
        let seq = index as u64 + 2;
        let record = device.record(seq, prev, payload, *at_ms);
        prev = record.hash();
        let answer = upload(&mut socket, &device, 30 + seq, vec![record]).await;
        assert_eq!(answer["acknowledged_seq"], seq, "an acknowledgement never stalls: {answer}");
        let verdict = &answer["verdicts"][0];
        assert_eq!(verdict["verdict"], "quarantined", "{reason}: {answer}");
        println!("set aside: {} (expected {reason})", verdict["reason"]);
        assert_eq!(verdict["reason"], *reason, "{answer}");
    }
    // A large and honest upload fits into a frame (up to 262,144 bytes).
    let records: Vec<DeviceRecord> = (0..100u64)
        .map(|index| {
            let order = u8::try_from(100 + index).unwrap();
            let record = device.record(10 + index, prev, &device.sale(slot, 39_100, order), now + 8);
            prev = record.hash();
            record
        })
        .collect();
    let answer = upload(&mut socket, &device, 999, records).await;
    assert_eq!(answer["acknowledged_seq"], 109, "{answer}");

    // A second connection supersedes the first.
    let mut newer = device.connect(&base).await;
    assert_eq!(socket.hear_close(SOON, |_| {}).await, Some(4020));
    newer.say(json!({"t": "erase_everything"}).to_string()).await;
    assert_eq!(newer.hear_until("an error", |frame| frame["t"] == "error").await["code"], "unknown_type");
    stage.end("hostile-device", &[code]).await;
}

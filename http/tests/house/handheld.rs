//! A handheld's part in a raffle, spoken straight to the raffle's actor: its socket has tests of its own.

use super::House;
use drumroll_actors::aggregate::Origin;
use drumroll_actors::intake::Lane;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::{DevicePayload, FinalReport, Payment, RecordDraft, Sale, SecretKey, Version1};
use drumroll_engine::id::{DeviceId, OrderKey};
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::money::{Currency, Line};
use drumroll_engine::raffle::join_device::JoinDevice;
use drumroll_engine::raffle::record_device::RecordDevice;
use drumroll_engine::raffle::reserve_range::ReserveRange;
use drumroll_engine::raffle::{Answer, Command, Verdict};
use drumroll_engine::ticket::{IssuerSlot, NumberRange, ValidationNumber};
use drumroll_engine::time::Timestamp;

pub(crate) struct Handheld<'a> {
    house: &'a House,
    raffle: String,
    pub(crate) id: DeviceId,
    secret: SecretKey,
    slot: IssuerSlot,
    lease: NumberRange,
    next: u64,
    seq: u64,
    head: [u8; 32],
    sold: (u64, u64, u64, u64),
}

impl<'a> Handheld<'a> {
    /// Joins and gets its first numbers.
    pub(crate) async fn join(house: &'a House, raffle: &str, number: u8, label: &str) -> Self {
        let id = DeviceId([number; 16]);
        let mut handheld = Self {
            house,
            raffle: raffle.to_owned(),
            id,
            secret: SecretKey::from_bytes(&[number; 32]),
            slot: IssuerSlot::MIN,
            lease: NumberRange::new(0, 0).unwrap(),
            next: 0,
            seq: 0,
            head: [0; 32],
            sold: (0, 0, 0, 0),
        };
        let Answer::Joined(slot) =
            handheld.give(Command::JoinDevice(JoinDevice { device: id, label: label.into() })).await
        else {
            panic!("a slot was due")
        };
        handheld.slot = slot;
        let reserve = ReserveRange { device: id, lease_no: 1, wanted: 1_000, made_seq: 0 };
        let Answer::Reserved(lease) = handheld.give(Command::ReserveRange(reserve)).await else {
            panic!("numbers were due")
        };
        (handheld.lease, handheld.next) = (lease, lease.first());
        handheld
    }

    async fn give(&self, command: Command) -> Answer {
        let origin = Origin { actor: Actor::Device(self.id), approver: None, cause: Cause::Internal };
        let stream = self.house.stream(&self.raffle);
        self.house.app.node.execute(stream, Lane::Device, origin, command).await.unwrap().answer
    }

    async fn record(&mut self, payload: DevicePayload, at: Timestamp) -> Verdict {
        let draft = RecordDraft {
            device_id: self.id,
            raffle_id: self.raffle.parse().unwrap(),
            seq: self.seq + 1,
            device_at_us: at,
            server_at_us: at,
            error_ms: 5,
            prev: self.head,
        };
        let record = draft.seal(&payload, &self.secret).verify(&self.secret.public()).unwrap();
        self.seq += 1;
        self.head = *record.hash();
        let Answer::Verdict(verdict) = self.give(Command::RecordDevice(Box::new(RecordDevice { record }))).await else {
            panic!("a verdict was due")
        };
        verdict
    }

    /// Sells one of package 1 and uploads it.
    pub(crate) async fn sell(&mut self, at: Timestamp) -> Verdict {
        let tag = u8::try_from(self.seq + 1).unwrap();
        let range = NumberRange::new(self.next, self.next + 4).unwrap();
        self.next += 5;
        self.sold = (self.sold.0 + 1, self.sold.1 + 5, self.sold.2 + 500, self.seq + 1);
        let payload = DevicePayload::Sale(Sale {
            v: Version1,
            order_key: OrderKey([self.id.0[0], tag, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
            validation_number: ValidationNumber::new(self.slot, [tag; 8]),
            lines: vec![Line { package: 1, quantity: 1 }],
            ranges: vec![range],
            price_minor: 500,
            currency: Currency::new("CAD").unwrap(),
            salt: Bytes([tag; 32]),
            seller: None,
            payment: Payment::Cash,
            terms_seq: 1,
        });
        self.record(payload, at).await
    }

    /// Reports itself final.
    pub(crate) async fn finish(&mut self) -> Verdict {
        let (sales, numbers_sold, amount_minor, last_sale_seq) = self.sold;
        let unused = NumberRange::new(self.next, self.lease.last()).into_iter().collect();
        let report =
            FinalReport { v: Version1, last_sale_seq, sales, numbers_sold, amount_minor, misprints: 0, unused };
        let at = self.house.now();
        self.record(DevicePayload::Final(report), at).await
    }
}

//! Handhelds on the board: REST and socket say the same of them.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod house;

use actix::{Actor, Context, Handler};
use drumroll_actors::presence::{DevicePresence, Superseded};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::time::Span;
use drumroll_protocol::{PrinterState, RaffleReport, Software};
use house::handheld::Handheld;
use house::{House, ORGANISATION};
use serde_json::json;

struct Line;

impl Actor for Line {
    type Context = Context<Self>;
}

impl Handler<Superseded> for Line {
    type Result = ();

    fn handle(&mut self, _: Superseded, _: &mut Self::Context) {}
}

#[actix_web::test]
async fn the_board_shows_what_is_durable_and_what_handhelds_said_last() {
    let house = House::build().await;
    let raffle = house.open().await;
    let mut four = Handheld::join(&house, &raffle, 4, "04").await;
    Handheld::join(&house, &raffle, 5, "05").await;
    house.clock.advance(Span::seconds(60));
    four.sell(house.now()).await;
    let report = RaffleReport {
        raffle_id: raffle.parse().unwrap(),
        head_seq: 3,
        acknowledged_seq: 1,
        unsynced_records: 2,
        unsynced_minor: 1_000,
        numbers_leased: 1_000,
        numbers_used: 15,
    };
    let presence = DevicePresence {
        organisation: ORGANISATION,
        online: true,
        heard_at: house.now(),
        clock_offset_ms: Some(-212),
        clock_error_ms: Some(18),
        battery_percent: Some(83),
        printer: Some(PrinterState::PaperLow),
        software: Software { name: "rsu".into(), version: "0.1.0".into(), digest: Bytes([1; 32]) },
        raffles: vec![report],
    };
    house.app.presence.connect(four.id, presence, Line.start().recipient());
    let board = house.get("auditor", &format!("/admin/raffles/{raffle}")).await.expect(200);
    let device = &board["devices"][0];
    assert_eq!(
        (&device["online"], &device["printer"], &device["battery_percent"]),
        (&json!(true), &json!("paper_low"), &json!(83))
    );
    assert_eq!(
        (&device["unsynced_records"], &device["unsynced_minor"], &device["range_used"]),
        (&json!(2), &json!(1_000), &json!(15))
    );
    assert_eq!((&device["clock_offset_ms"], &device["sales"]), (&json!(-212), &json!(1)));
    let feed = house.app.node.feed(house.stream(&raffle)).await.unwrap();
    let pushed = drumroll_ws::board_devices(&house.app.presence, &feed);
    assert_eq!(board["devices"], serde_json::to_value(pushed).unwrap(), "the socket's board is the same board");
}

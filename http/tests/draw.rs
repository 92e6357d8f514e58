//! A draw from the seal to the published transcript, seen from outside.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod house;

use drumroll_engine::draw::{Options, PlanHash, verify_json};
use drumroll_engine::hex;
use house::{House, key};
use serde_json::{Value, json};

/// A raffle that is reconciled, with the id of its draw.
async fn reconciled(house: &House) -> (String, String) {
    let raffle = house.open().await;
    for order in 1..=6 {
        house.sell(&raffle, order, 2, 2).await.expect(201);
    }
    house.purchase(&raffle, 50, 1, "pay").await.expect(201);
    let void = json!({ "raffle_id": raffle, "status": "voided", "reason": "typo" });
    let path = format!("/tickets/{}/status", key(2));
    house.call("supervisor", actix_web::http::Method::PUT, &path, None, Some(void)).await.expect(200);
    house.close(&raffle).await;
    let view = house.acknowledge(&raffle).await;
    let draw = view["draws"][0]["id"].as_str().unwrap().to_owned();
    (raffle, draw)
}

#[actix_web::test]
async fn a_draw_is_sealed_drawn_published_and_checked_by_a_stranger_i10() {
    let house = House::build().await;
    let (raffle, draw) = reconciled(&house).await;
    let status = house.get("auditor", &format!("/draw/{draw}/status")).await.expect(200);
    assert_eq!((&status["status"], &status["lock_hash"]), (&json!("acknowledged"), &Value::Null));
    house.post("supervisor", "/draw/execute", json!({ "draw_id": draw })).await.refused(409, "wrong_draw_status");
    house.post("seller", "/draw/initiate", json!({ "raffle_id": raffle })).await.refused(403, "forbidden");
    house.post("stranger", "/draw/initiate", json!({ "raffle_id": raffle })).await.refused(404, "unknown_raffle");
    house
        .post("supervisor", "/draw/initiate", json!({ "raffle_id": raffle, "draw_no": 7 }))
        .await
        .refused(404, "unknown_draw");
    let sealed =
        house.post("supervisor", "/draw/initiate", json!({ "raffle_id": raffle, "draw_no": null })).await.expect(200);
    assert_eq!((&sealed["status"], &sealed["sold_count"]), (&json!("locked"), &json!(5 * 40 + 5)));
    let again =
        house.post("supervisor", "/draw/initiate", json!({ "raffle_id": raffle, "draw_no": 1 })).await.expect(200);
    assert_eq!(again["lock_hash"], sealed["lock_hash"], "one way: the same seal");
    house
        .post("supervisor", &format!("/draw/{draw}/cancel"), json!({ "reason": "no" }))
        .await
        .refused(409, "ledger_sealed");
    house
        .post("supervisor", &format!("/admin/raffles/{raffle}/reopen"), json!({ "reason": "no" }))
        .await
        .refused(409, "ledger_sealed");
    house.get("auditor", &format!("/draw/{draw}/results")).await.refused(409, "wrong_draw_status");
    let drawn = house.post("supervisor", "/draw/execute", json!({ "draw_id": draw })).await.expect(200);
    assert_eq!(drawn["status"], "drawn");
    assert!(drawn["steps"].as_array().unwrap()[..5].iter().all(|step| step["at_ms"].is_u64()), "{drawn:#}");
    let results = house.get("auditor", &format!("/draw/{draw}/results")).await.expect(200);
    let second = house.post("supervisor", "/draw/execute", json!({ "draw_id": draw })).await.expect(200);
    assert_eq!(second, drawn, "D-05: a second click finds the first one's winners");
    assert_eq!(house.get("auditor", &format!("/draw/{draw}/results")).await.expect(200), results);
    let winners = results["winners"].as_array().unwrap();
    let prizes: Vec<(u64, u64)> = winners
        .iter()
        .map(|winner| (winner["prize_id"].as_u64().unwrap(), winner["position"].as_u64().unwrap()))
        .collect();
    assert_eq!(prizes, [(10, 1), (10, 2), (20, 1)], "D-07: in announced order");
    assert_eq!(results["reserves"].as_array().unwrap().len(), 2);
    for winner in winners {
        let number = winner["number"].as_u64().unwrap();
        let holds =
            |range: &Value| range["first"].as_u64().unwrap() <= number && number <= range["last"].as_u64().unwrap();
        assert!(winner["ticket"]["ranges"].as_array().unwrap().iter().any(holds), "{winner:#}");
        assert_eq!(winner["ticket"]["state"], "valid", "D-04: a voided number cannot win");
        assert!(winner["ticket"]["salt"].is_null());
    }
    engine_agrees(&house, &raffle, &results).await;

    // Nothing of it is public yet (I9).
    house.get("", &format!("/draw/{draw}/results")).await.refused(404, "unknown_draw");
    house.get("stranger", &format!("/draw/{draw}/results")).await.refused(404, "unknown_draw");
    house.get("stranger", &format!("/draw/{draw}/status")).await.refused(404, "unknown_draw");
    house.get("", &format!("/raffles/{raffle}/transcript")).await.refused(404, "unknown_draw");
    let public = house.get("", &format!("/raffles/{raffle}")).await.expect(200);
    assert_eq!((&public["draws"][0]["winners"], &public["draws"][0]["reserves"]), (&Value::Null, &Value::Null));
    assert_eq!(public["draws"][0]["lock_hash"], sealed["lock_hash"], "the seal is public from the lock on");

    let publish = format!("/draw/{draw}/publish");
    house.post("supervisor", &publish, json!({ "lock_hash": "ab".repeat(32) })).await.refused(409, "lock_hash_differs");
    for wrong in ["", "AB", &"AB".repeat(32), &"ab".repeat(31)] {
        house.post("supervisor", &publish, json!({ "lock_hash": wrong })).await.refused(422, "validation_failed");
    }
    house.post("auditor", &publish, json!({ "lock_hash": sealed["lock_hash"] })).await.refused(403, "forbidden");
    let published = house.post("supervisor", &publish, json!({ "lock_hash": sealed["lock_hash"] })).await.expect(200);
    assert_eq!(published["status"], "published");
    assert_eq!(
        house.post("supervisor", &publish, json!({ "lock_hash": sealed["lock_hash"] })).await.expect(200),
        published
    );

    let seen = house.get("", &format!("/draw/{draw}/results")).await.expect(200);
    assert_eq!(seen["result_hash"], results["result_hash"]);
    assert!(
        seen["winners"].as_array().unwrap().iter().all(|winner| winner["ticket"].is_null()),
        "a claim's numbers stay with the holder"
    );
    let public = house.get("", &format!("/raffles/{raffle}")).await.expect(200);
    let shown: Vec<&Value> =
        public["draws"][0]["winners"].as_array().unwrap().iter().map(|winner| &winner["number"]).collect();
    assert_eq!(shown, winners.iter().map(|winner| &winner["number"]).collect::<Vec<_>>());
    let transcript = house.get("", &format!("/raffles/{raffle}/transcript")).await;
    let transcript = serde_json::to_vec(&transcript.expect(200)).unwrap();
    let plan = hex::decode_array(public["draws"][0]["plan_hash"].as_str().unwrap()).unwrap();
    let report = verify_json(&transcript, &Options { expected_plan: Some(PlanHash(plan)), ..Options::default() });
    assert!(report.ok, "{:?} {}", report.code, report.detail);
    let recomputed: Vec<u64> =
        report.winners.iter().filter(|winner| winner.prize_id.is_some()).map(|winner| winner.number).collect();
    assert_eq!(recomputed, winners.iter().map(|winner| winner["number"].as_u64().unwrap()).collect::<Vec<_>>());
    house.get("", &format!("/raffles/{raffle}/transcript?draw_no=1")).await.expect(200);
    house.get("", &format!("/raffles/{raffle}/transcript?draw_no=2")).await.refused(404, "unknown_draw");
    house.get("", &format!("/raffles/{raffle}/transcript?draw_no=x")).await.refused(422, "validation_failed");

    // The winner's ticket says so, another one does not.
    let winner = &winners[2]["ticket"];
    let check = house
        .get("", &format!("/tickets/{}/validate", winner["validation_number"].as_str().unwrap()))
        .await
        .expect(200);
    assert!(
        check["won"]
            .as_array()
            .unwrap()
            .iter()
            .any(|prize| prize["prize_id"] == 20 && prize["number"] == winners[2]["number"])
    );
    let voided = house.get("support", &format!("/tickets/{}/validate", key(2))).await.expect(200);
    assert_eq!(voided["won"], json!([]));

    let finalize = format!("/admin/raffles/{raffle}/finalize");
    house.act("supervisor", &finalize).await.refused(409, "wrong_draw_status");
    let settle = format!("/admin/raffles/{raffle}/settle");
    house.post("supervisor", &settle, json!({ "draw_no": 2, "reason": "paid" })).await.refused(404, "unknown_draw");
    house.post("supervisor", &settle, json!({ "draw_no": 1, "reason": "all prizes paid" })).await.expect(200);
    let done = house.act("supervisor", &finalize).await.expect(200);
    assert_eq!(done["status"], "finalized");
}

/// The places read off the committed view are those of the engine.
async fn engine_agrees(house: &House, raffle: &str, results: &Value) {
    let places = house.app.node.read(house.stream(raffle), |live| live.state.places(1)).await.unwrap();
    let (winners, reserves): (Vec<_>, Vec<_>) = places.iter().partition(|place| place.prize_id.is_some());
    let expected: Vec<Value> = (winners.iter())
        .map(|place| {
            json!([place.prize_id, place.prize_name, place.position, place.rank, place.number, place.value_minor])
        })
        .collect();
    let found: Vec<Value> = (results["winners"].as_array().unwrap().iter())
        .map(|winner| {
            json!([
                winner["prize_id"],
                winner["prize_name"],
                winner["position"],
                winner["rank"],
                winner["number"],
                winner["value_minor"]
            ])
        })
        .collect();
    assert_eq!(found, expected);
    let expected: Vec<Value> =
        reserves.iter().map(|place| json!({ "position": place.position, "number": place.number })).collect();
    assert_eq!(results["reserves"], json!(expected));
}

#[actix_web::test]
async fn a_draw_is_cancelled_before_its_seal_only() {
    let house = House::build().await;
    let (raffle, draw) = reconciled(&house).await;
    let path = format!("/draw/{draw}/cancel");
    house.post("supervisor", &path, json!({ "reason": " " })).await.refused(422, "reason_missing");
    house.post("stranger", &path, json!({ "reason": "no" })).await.refused(404, "unknown_draw");
    let cancelled = house.post("supervisor", &path, json!({ "reason": "wrong prizes" })).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    house.post("supervisor", "/draw/initiate", json!({ "raffle_id": raffle })).await.refused(409, "wrong_draw_status");
    house.get("auditor", "/draw/00000000-0000-4000-8000-000000000001/status").await.refused(404, "unknown_draw");
    house.get("auditor", "/draw/nonsense/status").await.refused(404, "not_found");
}

#[actix_web::test]
async fn without_the_acknowledgement_nothing_is_sealed_l06() {
    let house = House::build().await;
    let raffle = house.open().await;
    house.sell(&raffle, 1, 1, 1).await.expect(201);
    let initiate = || house.post("supervisor", "/draw/initiate", json!({ "raffle_id": raffle }));
    initiate().await.refused(409, "wrong_draw_status");
    house.close(&raffle).await;
    initiate().await.refused(409, "wrong_draw_status");
    house.acknowledge(&raffle).await;
    house.post("supervisor", &format!("/admin/raffles/{raffle}/reopen"), json!({ "reason": "look" })).await.expect(200);
    initiate().await.refused(409, "wrong_draw_status");
}

/// Winners that are drawn and not yet published outlive the process, and no click draws others.
#[actix_web::test]
async fn a_restart_between_selection_and_publication_keeps_the_winners_d05_b01() {
    let house = House::build().await;
    let (raffle, draw) = reconciled(&house).await;
    house.post("supervisor", "/draw/initiate", json!({ "raffle_id": raffle })).await.expect(200);
    // Between the seal and the selection, too: what was sealed is what is drawn from.
    let sealed = house.get("auditor", &format!("/draw/{draw}/status")).await.expect(200);
    let house = house.restart().await;
    assert_eq!(house.get("auditor", &format!("/draw/{draw}/status")).await.expect(200), sealed);
    house.post("supervisor", "/draw/execute", json!({ "draw_id": draw })).await.expect(200);
    let results = format!("/draw/{draw}/results");
    let drawn = house.get("auditor", &results).await.expect(200);
    assert_eq!(drawn["winners"].as_array().unwrap().len(), 3);
    let house = house.restart().await;
    house.get("", &results).await.refused(404, "unknown_draw");
    assert_eq!(house.get("auditor", &results).await.expect(200), drawn, "found as they were left");
    house.post("supervisor", "/draw/execute", json!({ "draw_id": draw })).await.expect(200);
    assert_eq!(house.get("auditor", &results).await.expect(200), drawn, "and not drawn again");
    let publish = json!({ "lock_hash": sealed["lock_hash"] });
    house.post("supervisor", &format!("/draw/{draw}/publish"), publish).await.expect(200);
    let house = house.restart().await;
    let published = house.get("", &results).await.expect(200);
    let numbers = |results: &Value| -> Vec<Value> {
        results["winners"].as_array().unwrap().iter().map(|winner| winner["number"].clone()).collect()
    };
    assert_eq!((numbers(&published), &published["seed"]), (numbers(&drawn), &drawn["seed"]));
}

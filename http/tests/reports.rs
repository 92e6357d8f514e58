//! The sales report, the curve, the list of tickets and the board agree to the cent and to the number (I5, P-11).

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod house;

use actix_web::http::Method;
use drumroll_engine::time::Span;
use house::handheld::Handheld;
use house::{House, key};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[actix_web::test]
async fn every_account_of_the_sales_is_the_same_account() {
    let house = House::build().await;
    let raffle = house.open().await;
    let mut device = Handheld::join(&house, &raffle, 4, "04").await;
    for order in 1..=9u8 {
        house.clock.advance(Span::seconds(40));
        let package = u32::from(order % 3) + 1;
        if package == 3 {
            house.sell(&raffle, order, 3, 1).await.expect(201);
        } else {
            house.sell(&raffle, order, package, u32::from(order)).await.expect(201);
        }
        house.purchase(&raffle, 100 + order, 1 + u32::from(order % 2), "pay").await.expect(201);
        device.sell(house.now()).await;
    }
    let integrated = json!({ "package_id": 1, "quantity": 7 });
    let path = format!("/raffle/{raffle}/tickets/generate");
    house.call("integration", Method::POST, &path, Some(&key(90)), Some(integrated)).await.expect(201);
    for order in [2, 3, 101] {
        let void = json!({ "raffle_id": raffle, "status": "voided", "reason": "typo" });
        house
            .call("supervisor", Method::PUT, &format!("/tickets/{}/status", key(order)), None, Some(void))
            .await
            .expect(200);
    }
    let report = house.get("auditor", &format!("/reports/sales?raffle_id={raffle}")).await.expect(200);
    let tickets = house.tickets(&raffle, "").await;
    let number = |value: &Value| value.as_u64().unwrap();
    let money = |tickets: &[&Value]| tickets.iter().map(|ticket| number(&ticket["price_minor"])).sum::<u64>();
    let count = |tickets: &[&Value]| tickets.iter().map(|ticket| number(&ticket["numbers_count"])).sum::<u64>();
    let all: Vec<&Value> = tickets.iter().collect();
    let voided: Vec<&Value> = tickets.iter().filter(|ticket| ticket["state"] == "voided").collect();
    let valid: Vec<&Value> = tickets.iter().filter(|ticket| ticket["state"] != "voided").collect();
    assert_eq!(number(&report["gross_minor"]), money(&all));
    assert_eq!(number(&report["voided_minor"]), money(&voided));
    assert_eq!(number(&report["net_minor"]), money(&valid));
    assert_eq!(
        (number(&report["tickets"]), number(&report["voided_tickets"])),
        (all.len() as u64, voided.len() as u64)
    );
    assert_eq!(number(&report["numbers_sold"]), count(&valid));
    for ticket in &tickets {
        let ranges = ticket["ranges"].as_array().unwrap().iter();
        let numbers: u64 = ranges.map(|range| number(&range["last"]) - number(&range["first"]) + 1).sum();
        assert_eq!(numbers, number(&ticket["numbers_count"]));
    }
    for channel in report["by_channel"].as_array().unwrap() {
        let own: Vec<&Value> = valid.iter().copied().filter(|ticket| ticket["channel"] == channel["channel"]).collect();
        assert_eq!(number(&channel["orders"]), own.len() as u64, "{channel}");
        assert_eq!(
            (number(&channel["numbers"]), number(&channel["net_minor"])),
            (count(&own), money(&own)),
            "{channel}"
        );
    }
    let mut packages: BTreeMap<u64, u64> = BTreeMap::new();
    for line in tickets.iter().flat_map(|ticket| ticket["lines"].as_array().unwrap()) {
        *packages.entry(number(&line["package_id"])).or_default() += number(&line["quantity"]);
    }
    let by_package = report["by_package"].as_array().unwrap();
    for package in by_package {
        assert_eq!(number(&package["quantity"]), packages[&number(&package["package_id"])], "{package}");
    }
    let sum = |rows: &[Value], field: &str| rows.iter().map(|row| number(&row[field])).sum::<u64>();
    assert_eq!((sum(by_package, "gross_minor"), sum(by_package, "voided_minor")), (money(&all), money(&voided)));
    assert_eq!(sum(by_package, "numbers"), count(&all));
    let by_device = report["by_device"].as_array().unwrap();
    assert_eq!((sum(by_device, "tickets"), sum(by_device, "gross_minor"), sum(by_device, "numbers")), (9, 4_500, 45));
    let curve = house.get("auditor", &format!("/admin/raffles/{raffle}/curve")).await.expect(200);
    let points = curve["points"].as_array().unwrap();
    assert!(points.len() >= 6, "one a minute: {points:?}");
    assert!(points.windows(2).all(|pair| number(&pair[0]["at_ms"]) < number(&pair[1]["at_ms"])
        && number(&pair[0]["net_minor"]) <= number(&pair[1]["net_minor"])));
    let last = points.last().unwrap();
    let sums = (number(&last["net_minor"]), number(&last["orders"]), number(&last["numbers"]));
    assert_eq!(sums, (money(&valid), valid.len() as u64, count(&valid)));
    let board = house.get("auditor", &format!("/admin/raffles/{raffle}")).await.expect(200);
    assert_eq!(
        (&board["gross_minor"], &board["net_minor"], &board["voided_tickets"]),
        (&report["gross_minor"], &report["net_minor"], &json!(3))
    );
    assert_eq!((&board["channels"], &board["tickets_sold"]), (&report["by_channel"], &json!(valid.len())));
    assert_eq!(number(&board["identity"]["sold"]), count(&valid));
    assert_eq!((&board["durable_seq"], &board["as_of_seq"]), (&report["as_of_seq"], &report["as_of_seq"]));
    let list = house.get("auditor", "/admin/raffles").await.expect(200);
    assert_eq!(
        (&list["items"][0]["gross_minor"], &list["items"][0]["net_minor"]),
        (&report["gross_minor"], &report["net_minor"])
    );
    let jackpot = number(&report["net_minor"]) / 2;
    assert_eq!(number(&board["jackpot_minor"]), jackpot, "D-09");
}

#[actix_web::test]
async fn a_report_is_of_ones_own_raffle() {
    let house = House::build().await;
    let raffle = house.open().await;
    house.get("stranger", &format!("/reports/sales?raffle_id={raffle}")).await.refused(404, "unknown_raffle");
    house.get("seller", &format!("/reports/sales?raffle_id={raffle}")).await.refused(403, "forbidden");
    house.get("auditor", "/reports/sales").await.refused(422, "validation_failed");
    house.get("auditor", "/reports/sales?raffle_id=x").await.refused(422, "validation_failed");
    house.get("stranger", &format!("/admin/raffles/{raffle}/curve")).await.refused(404, "unknown_raffle");
    house.get("stranger", &format!("/admin/raffles/{raffle}/reconciliation")).await.refused(404, "unknown_raffle");
    let empty = house.get("auditor", &format!("/admin/raffles/{raffle}/curve")).await.expect(200);
    assert_eq!(empty["points"], json!([]));
}

#[actix_web::test]
async fn what_a_test_raffle_sells_is_in_no_account_of_a_live_one_l08() {
    let house = House::build().await;
    let live = house.open().await;
    Handheld::join(&house, &live, 4, "04").await.sell(house.now()).await;
    house.sell(&live, 1, 1, 2).await.expect(201);
    house.purchase(&live, 101, 1, "pay").await.expect(201);
    let accounts = async || {
        let mut accounts = Vec::new();
        for path in ["/reports/sales?raffle_id=", "/admin/raffles/"] {
            accounts.push(house.get("auditor", &format!("{path}{live}")).await.expect(200));
        }
        accounts.push(house.get("auditor", &format!("/admin/raffles/{live}/curve")).await.expect(200));
        accounts.push(house.get("", &format!("/raffles/{live}")).await.expect(200));
        let list = house.get("auditor", "/admin/raffles").await.expect(200);
        let own = list["items"].as_array().unwrap().iter().find(|raffle| raffle["id"] == json!(live));
        accounts.push(own.unwrap().clone());
        accounts.extend(house.tickets(&live, "").await);
        accounts
    };
    let before = accounts().await;
    let trial = house.open_as(201, "test").await;
    // The same channels, packages and even order keys: only the raffle tells them apart.
    Handheld::join(&house, &trial, 4, "04").await.sell(house.now()).await;
    for order in 1..=3 {
        house.sell(&trial, order, 2, 1).await.expect(201);
        house.purchase(&trial, 100 + order, 2, "pay").await.expect(201);
    }
    let void = json!({ "raffle_id": trial, "status": "voided", "reason": "a try-out" });
    house.call("supervisor", Method::PUT, &format!("/tickets/{}/status", key(1)), None, Some(void)).await.expect(200);
    assert_eq!(accounts().await, before);
    let report = house.get("auditor", &format!("/reports/sales?raffle_id={trial}")).await.expect(200);
    assert_eq!((&report["tickets"], &report["voided_tickets"]), (&json!(7), &json!(1)), "which has its own");
    assert!(house.tickets(&trial, "").await.iter().all(|ticket| ticket["test"] == true));
    assert!(house.tickets(&live, "").await.iter().all(|ticket| ticket["test"] == false));
}

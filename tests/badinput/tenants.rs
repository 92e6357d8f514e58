//! Two houses under one roof: neither sees nor touches what is the other's (decisions: one organisation id on every row
//! and token). What is somebody else's does not exist.
//!
//! No call and no command founds a second organisation; a server makes one at its first start. So each house is founded
//! by a server of its own and the second then moves into the first's database: its journals and what no event carries,
//! row by row as its server wrote them. Everything derived is made by `drumroll rebuild`.

use super::Stage;
use super::device::{Device, upload};
use drumroll_tests::api::{Client, Reply, new_key};
use drumroll_tests::database::Database;
use drumroll_tests::now_ms;
use drumroll_tests::programs;
use drumroll_tests::server::Site;
use drumroll_tests::socket::Socket;
use drumroll_tests::stage::{Crew, Person};
use drumroll_tests::wait::SOON;
use reqwest::Method;
use serde_json::{Value, json};

/// The ids of everything a house has, none of which its neighbour may hear.
struct Things {
    raffle: String,
    draw: String,
    order: String,
    validation: String,
    device: String,
    user: String,
    venue: String,
}

impl Things {
    fn all(&self) -> [&str; 7] {
        [&self.raffle, &self.draw, &self.order, &self.validation, &self.device, &self.user, &self.venue]
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// A house with its things and a handheld that works.
struct House {
    stage: Stage,
    things: Things,
    handheld: Device,
    /// The code with which the handheld was enrolled.
    code: String,
}

impl House {
    async fn found(name: &str, prefix: &str, seed: u8) -> Self {
        let mut site = Site::sqlite(name);
        // What is sealed in one house must open in the other.
        site.set("MASTER_KEY", &"0b".repeat(32));
        let mut stage = Stage::set_at(site, prefix).await;
        if !prefix.is_empty() {
            // Every house is founded by an `admin`; only one of them will be found by that name.
            let login = format!("{prefix}admin");
            let user = json!({"login": login, "name": "The administrator", "role": "administrator"});
            let made = stage.crew.admin.client.post_once("/admin/users", &new_key(), &user).await.expect(201);
            let one_time = text(&made["one_time_password"]);
            stage.crew.admin = Person::arrive(&stage.site.base, &login, &one_time).await;
            stage.crew.one_time_passwords.push(one_time);
        }
        let (handheld, code) = Device::enrol(&stage, "H-01", seed).await;
        let admin = &stage.crew.admin.client;
        admin.act(&format!("/devices/{}/enable", handheld.id)).await.expect(200);
        let raffle = admin.get(&format!("/admin/raffles/{}", stage.raffle)).await.expect(200);
        let users = admin.get("/admin/users").await.expect(200);
        let users = users["items"].as_array().unwrap();
        let seller = users.iter().find(|user| user["login"] == stage.crew.seller.login.as_str()).unwrap();
        let things = Things {
            raffle: stage.raffle.clone(),
            draw: text(&raffle["draws"][0]["id"]),
            order: text(&stage.ticket["order_key"]),
            validation: text(&stage.ticket["validation_number"]),
            device: handheld.id.to_string(),
            user: text(&seller["id"]),
            venue: stage.crew.venue.clone(),
        };
        Self { stage, things, handheld, code }
    }

    /// Lets a second house in. Its people log in anew: the tokens are the server's, not the house's.
    async fn take_in(&mut self, other: &mut Self) {
        for stage in [&mut self.stage, &mut other.stage] {
            assert_eq!(stage.site.stop().await, Some(0));
        }
        let (Database::Sqlite(here), Database::Sqlite(there)) = (&self.stage.site.database, &other.stage.site.database)
        else {
            unreachable!("both are files")
        };
        let connection = rusqlite::Connection::open(here).unwrap();
        connection.execute("ATTACH ?1 AS there", [there.to_str().unwrap()]).unwrap();
        let moved = "INSERT INTO events SELECT * FROM there.events;
            INSERT INTO streams SELECT * FROM there.streams;
            INSERT INTO credentials SELECT * FROM there.credentials;
            INSERT INTO secrets SELECT * FROM there.secrets WHERE name NOT IN (SELECT name FROM secrets)";
        connection.execute_batch(moved).unwrap();
        drop(connection);
        let rebuilt = programs::run(&mut self.stage.site.command(&["rebuild"]));
        assert_eq!(rebuilt.code, 1, "the newcomers' rows were missing and are made: {rebuilt:?}");
        self.stage.site.start().await;
        let base = &self.stage.site.base;
        let crew = &mut other.stage.crew;
        for person in [
            &mut crew.admin,
            &mut crew.manager,
            &mut crew.second,
            &mut crew.seller,
            &mut crew.auditor,
            &mut crew.integration,
        ] {
            let theirs = Client::new(base).with_token(&person.client.token().unwrap());
            theirs.get("/admin/raffles").await.refused(401, "token_invalid");
            person.client = Client::login(base, &person.login, &person.password).await;
        }
    }

    /// Everything of the house that an intruder might have changed, as its own people see it.
    async fn seen(&self) -> Value {
        let crew = &self.stage.crew;
        let raffle = &self.things.raffle;
        let mut seen = json!({"seq": self.stage.seq().await});
        for (person, path) in [
            (&crew.admin, "/admin/raffles".to_owned()),
            (&crew.admin, "/admin/users".to_owned()),
            (&crew.admin, "/admin/venues".to_owned()),
            (&crew.admin, "/admin/significant-events?limit=100".to_owned()),
            (&crew.admin, "/devices".to_owned()),
            (&crew.admin, format!("/admin/raffles/{raffle}/reconciliation")),
            (&crew.auditor, format!("/tickets/raffle/{raffle}")),
        ] {
            let mut body = person.client.get(&path).await.expect(200);
            forget_time(&mut body);
            seen[path] = body;
        }
        seen
    }
}

/// What moves by itself is not compared.
fn forget_time(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !matches!(name.as_str(), "server_time_ms" | "durable_lag_ms" | "presence"));
            members.values_mut().for_each(forget_time);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_time),
        _ => {}
    }
}

/// Every way to reach one thing of `things`, by people of another house who may do it at home: what it must be called.
fn reaches(by: &Crew, home: &Things, things: &Things) -> Vec<(Client, Method, String, Value, &'static str)> {
    let Things { raffle, draw, order, validation, device, user, .. } = things;
    let why = || json!({"reason": "they are the competition"});
    let lines = json!([{"package_id": 1, "quantity": 1}]);
    let in_raffle = |rest: &str| format!("/admin/raffles/{raffle}{rest}");
    let lost = json!({"operator": "Jo", "money_collected_minor": 0, "reason": "it fell into the harbour",
        "approver": by.second.approver()});
    let misprint = |raffle: &str| json!({"raffle_id": raffle, "status": "misprinted", "reason": "smudged"});
    let void = |raffle: &str| json!({"raffle_id": raffle, "status": "voided", "reason": "not in my town"});
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let nothing = Value::Null;
    let rows: Vec<(&Person, &Method, String, Value, &'static str)> = vec![
        // Its raffle.
        (&by.auditor, &get, in_raffle(""), nothing.clone(), "unknown_raffle"),
        (&by.auditor, &get, in_raffle("/curve"), nothing.clone(), "unknown_raffle"),
        (&by.auditor, &get, in_raffle("/reconciliation"), nothing.clone(), "unknown_raffle"),
        (
            &by.admin,
            &put,
            in_raffle("/configuration"),
            by.configuration("Ours now", now_ms() + 60_000),
            "unknown_raffle",
        ),
        (&by.admin, &post, in_raffle("/open"), nothing.clone(), "unknown_raffle"),
        (&by.manager, &post, in_raffle("/suspend"), why(), "unknown_raffle"),
        (&by.manager, &post, in_raffle("/resume"), nothing.clone(), "unknown_raffle"),
        (&by.manager, &post, in_raffle("/close"), json!({"closes_at_ms": null, "reason": "early"}), "unknown_raffle"),
        (
            &by.manager,
            &post,
            in_raffle("/extend"),
            json!({"closes_at_ms": now_ms() + 7_200_000, "reason": "late"}),
            "unknown_raffle",
        ),
        (
            &by.manager,
            &post,
            in_raffle("/cancel"),
            json!({"reason": "gone", "approver": by.second.approver()}),
            "unknown_raffle",
        ),
        (&by.manager, &post, in_raffle("/reconcile"), nothing.clone(), "unknown_raffle"),
        (
            &by.manager,
            &post,
            in_raffle("/acknowledge"),
            json!({"statement": "so it is", "sold": 1, "voided": 0, "unsold": 0}),
            "unknown_raffle",
        ),
        (&by.manager, &post, in_raffle("/reopen"), why(), "unknown_raffle"),
        (&by.manager, &post, in_raffle("/settle"), json!({"draw_no": 1, "reason": "done"}), "unknown_raffle"),
        (&by.manager, &post, in_raffle("/finalize"), nothing.clone(), "unknown_raffle"),
        (&by.manager, &post, in_raffle(&format!("/devices/{device}/lost")), lost.clone(), "unknown_raffle"),
        (
            &by.manager,
            &post,
            in_raffle("/quarantine"),
            json!({"device_id": device, "device_seq": 1, "resolution": "refund", "reason": "why not"}),
            "unknown_raffle",
        ),
        // Its tickets.
        (
            &by.seller,
            &post,
            "/tickets/generate".to_owned(),
            json!({"raffle_id": raffle, "lines": lines}),
            "unknown_raffle",
        ),
        (
            &by.seller,
            &post,
            "/tickets/batch-generate".to_owned(),
            json!({"raffle_id": raffle, "orders": [{"key": new_key(), "lines": lines}]}),
            "unknown_raffle",
        ),
        (
            &by.manager,
            &post,
            "/tickets/batch-void".to_owned(),
            json!({"raffle_id": raffle, "tickets": [order], "reason": "not in my town"}),
            "unknown_raffle",
        ),
        (
            &by.integration,
            &post,
            format!("/raffle/{raffle}/tickets/generate"),
            json!({"package_id": 1, "quantity": 1}),
            "unknown_raffle",
        ),
        (&by.auditor, &get, format!("/tickets/raffle/{raffle}"), nothing.clone(), "unknown_raffle"),
        (&by.auditor, &get, format!("/tickets/{order}/validate"), nothing.clone(), "not_found"),
        (&by.seller, &put, format!("/tickets/{order}/status"), misprint(raffle), "unknown_raffle"),
        (&by.manager, &put, format!("/tickets/{order}/status"), void(raffle), "unknown_raffle"),
        (&by.manager, &put, format!("/tickets/{validation}/status"), void(raffle), "unknown_raffle"),
        (&by.manager, &put, format!("/tickets/{order}/status"), void(&home.raffle), "unknown_order"),
        (&by.manager, &put, format!("/tickets/{validation}/status"), void(&home.raffle), "unknown_order"),
        // Its draw.
        (
            &by.manager,
            &post,
            "/draw/initiate".to_owned(),
            json!({"raffle_id": raffle, "draw_no": null}),
            "unknown_raffle",
        ),
        (&by.manager, &post, "/draw/execute".to_owned(), json!({"draw_id": draw}), "unknown_draw"),
        (&by.manager, &post, format!("/draw/{draw}/cancel"), why(), "unknown_draw"),
        (&by.manager, &post, format!("/draw/{draw}/publish"), json!({"lock_hash": "00".repeat(32)}), "unknown_draw"),
        (&by.auditor, &get, format!("/draw/{draw}/status"), nothing.clone(), "unknown_draw"),
        (&by.auditor, &get, format!("/draw/{draw}/results"), nothing.clone(), "unknown_draw"),
        // Its report.
        (&by.auditor, &get, format!("/reports/sales?raffle_id={raffle}"), nothing.clone(), "unknown_raffle"),
        // Its handheld.
        (&by.manager, &post, format!("/devices/{device}/enable"), nothing.clone(), "unknown_device"),
        (&by.manager, &post, format!("/devices/{device}/disable"), why(), "unknown_device"),
        (&by.manager, &post, format!("/devices/{device}/enrolment-code"), nothing.clone(), "unknown_device"),
        (&by.manager, &post, format!("/devices/{device}/unenrol"), why(), "unknown_device"),
        (&by.manager, &post, format!("/admin/raffles/{}/devices/{device}/lost", home.raffle), lost, "unknown_device"),
        // Its people.
        (&by.admin, &post, format!("/admin/users/{user}/disable"), nothing.clone(), "unknown_account"),
        (&by.admin, &post, format!("/admin/users/{user}/enable"), nothing, "unknown_account"),
    ];
    rows.into_iter()
        .map(|(who, method, path, body, code)| (who.client.clone(), method.clone(), path, body, code))
        .collect()
}

/// One house's people against the other's things, on every way there is. Answers how many addresses they tried.
async fn intrude(base: &str, intruder: &mut House, victim: &House) -> usize {
    let before = victim.seen().await;
    let ways = by_name(intruder, &victim.things).await;
    in_lists(intruder, &victim.things).await;
    by_a_printed_number(base, intruder, &victim.things).await;
    at_home_with_theirs(intruder, victim).await;
    over_the_board(base, intruder, &victim.things).await;
    intruder.handheld.raffle = victim.things.raffle.parse().unwrap();
    with_a_handheld(&intruder.handheld, base, &victim.things).await;
    assert_eq!(victim.seen().await, before, "nothing of theirs changed, and nothing was noted of it");
    ways
}

/// Whatever is named by its id does not exist.
async fn by_name(intruder: &House, things: &Things) -> usize {
    let ways = reaches(&intruder.stage.crew, &intruder.things, things);
    for (client, method, path, body, code) in &ways {
        let body = (!body.is_null()).then_some(body);
        let reply = client.try_call(method.clone(), path, Some(&new_key()), body).await.unwrap();
        let what = format!("{method} {path}");
        assert_eq!((reply.status, reply.code()), (404, *code), "{what}: {}", reply.text);
        reply.refused(404, code);
        // An id that was sent may come back in the sentence; nothing that was not.
        let sent = format!("{path} {}", body.map(Value::to_string).unwrap_or_default());
        tells_nothing(&what, &reply, things.all().into_iter().filter(|thing| !sent.contains(thing)));
    }
    ways.len()
}

#[track_caller]
fn tells_nothing<'a>(what: &str, reply: &Reply, of: impl IntoIterator<Item = &'a str>) {
    for thing in of {
        assert!(!reply.text.contains(thing), "{what} tells of {thing}: {}", reply.text);
    }
}

/// Lists are of one's own.
async fn in_lists(intruder: &House, things: &Things) {
    let crew = &intruder.stage.crew;
    for (person, path) in [
        (&crew.auditor, "/admin/raffles?limit=100"),
        (&crew.auditor, "/devices"),
        (&crew.auditor, "/admin/venues"),
        (&crew.auditor, "/admin/significant-events?limit=100"),
        (&crew.admin, "/admin/users"),
    ] {
        let reply = person.client.get(path).await;
        tells_nothing(path, &reply, things.all());
        let own = intruder.things.all().into_iter().filter(|thing| reply.text.contains(thing)).count();
        assert!(reply.status == 200 && own > 0, "{path} tells of one's own: {}", reply.text);
    }
}

/// A validation number is printed on the ticket: who has it may ask, and is told what any stranger is.
async fn by_a_printed_number(base: &str, intruder: &House, things: &Things) {
    let path = format!("/tickets/{}/validate", things.validation);
    let mut theirs = intruder.stage.crew.auditor.client.get(&path).await.expect(200);
    let mut anybodys = Client::new(base).get(&path).await.expect(200);
    forget_time(&mut theirs);
    forget_time(&mut anybodys);
    assert_eq!(theirs, anybodys, "another house's staff are strangers");
}

/// In one's own house, with something or somebody of theirs.
async fn at_home_with_theirs(intruder: &House, victim: &House) {
    let (crew, theirs) = (&intruder.stage.crew, &victim.stage.crew);
    let draft = json!({"name": "A draft", "kind": "test"});
    let draft = crew.admin.client.post_once("/admin/raffles", &new_key(), &draft).await.expect(201);
    let mut configuration = crew.configuration("In their hall", now_ms() + 3_600_000);
    configuration["venue_id"] = json!(victim.things.venue);
    let path = format!("/admin/raffles/{}/configuration", text(&draft["id"]));
    crew.admin.client.put(&path, &configuration).await.refused(422, "validation_failed");

    // A second person from next door.
    let cancel = json!({"reason": "with friends", "approver": theirs.second.approver()});
    let path = format!("/admin/raffles/{}/cancel", intruder.things.raffle);
    crew.manager.client.post(&path, &cancel).await.refused(403, "approver_invalid");

    // The keeper of all houses, and somebody with a login of theirs.
    for (login, role, status, code) in [
        (format!("keeper-{}", &new_key()[..8]), "platform", 422, "validation_failed"),
        (theirs.seller.login.clone(), "administrator", 409, "login_taken"),
    ] {
        let user = json!({"login": login, "name": "Another", "role": role});
        crew.admin.client.post_once("/admin/users", &new_key(), &user).await.refused(status, code);
    }
}

/// The board opens for one's own raffle alone.
async fn over_the_board(base: &str, intruder: &House, things: &Things) {
    for person in [&intruder.stage.crew.manager, &intruder.stage.crew.auditor] {
        for (raffle, own) in [(&things.raffle, false), (&intruder.things.raffle, true)] {
            let ticket = text(&person.client.act("/auth/socket-ticket").await.expect(200)["ticket"]);
            let path = format!("/ws/operator?ticket={ticket}&raffle_id={raffle}&facts_from=0");
            match Socket::connect(base, &path).await {
                Err(status) => assert_eq!((status, own), (404, false)),
                Ok(mut socket) if own => drop(socket.hear_until("the board", |frame| frame["t"] == "board").await),
                Ok(mut socket) => panic!("their board opened: {:?}", socket.hear(SOON).await),
            }
        }
    }
}

/// A handheld of another house asks for numbers, and uploads a sale that it signed for their raffle.
async fn with_a_handheld(foreign: &Device, base: &str, things: &Things) {
    let mut socket = foreign.connect(base).await;
    let mut answers = Vec::new();
    for (id, raffle) in [(1, &new_key()), (2, &things.raffle)] {
        let reserve =
            json!({"t": "reserve", "id": id, "raffle_id": raffle, "lease_no": 1, "wanted": 100, "head_seq": 0});
        socket.say(reserve.to_string()).await;
        let mut answer = socket.hear_until("an answer to the wish for numbers", |frame| frame["id"] == id).await;
        assert_eq!((&answer["t"], &answer["code"]), (&json!("error"), &json!("unknown_raffle")), "{answer}");
        answer["id"] = json!(0);
        answers.push(answer);
    }
    assert_eq!(answers[0], answers[1], "a neighbour's raffle is nobody's");
    let sale = foreign.record(1, [0; 32], &foreign.sale(1, 1, 1), now_ms());
    let answer = upload(&mut socket, foreign, 3, vec![sale]).await;
    assert_eq!((&answer["t"], &answer["code"]), (&json!("error"), &json!("unknown_raffle")), "{answer}");
}

/// C-01: nobody of one house sees or touches the other's raffle, tickets, draw, reports, handhelds, people or board, in
/// both directions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c01_neighbours_under_one_roof_see_and_touch_nothing_of_each_other() {
    let name = "tenants";
    let mut first = House::found(name, "", 21).await;
    let mut second = House::found("tenants-next-door", "next-door-", 22).await;
    first.take_in(&mut second).await;
    let base = first.stage.site.base.clone();
    let ways = intrude(&base, &mut second, &first).await + intrude(&base, &mut first, &second).await;
    println!("{ways} ways into another house ended at its door");

    // At home everything goes on, for both.
    for house in [&mut first, &mut second] {
        let stage = &mut house.stage;
        let order = json!({"raffle_id": stage.raffle, "lines": [{"package_id": 2, "quantity": 1}]});
        let ticket = stage.crew.seller.client.post_once("/tickets/generate", &new_key(), &order).await.expect(201);
        stage.evidence.ticket("a sale at home", &ticket);
    }
    let House { mut stage, code, .. } = first;
    let mut secrets = second.stage.crew.secrets();
    secrets.extend([code, second.code, second.things.validation]);
    stage.evidence.add(second.stage.evidence);
    second.stage.site.close().await;
    stage.end(name, &secrets).await;
}

//! The draw of three prizes, and the transcript that speaks for itself.

use drumroll_tests::api::Client;
use drumroll_tests::programs;
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use serde_json::{Value, json};
use std::path::Path;

/// What came out.
pub(crate) struct Result {
    /// As everybody sees it.
    pub(crate) public_winners: Value,
    /// The record of the draw.
    pub(crate) transcript: Value,
    /// As announced before sales.
    plan_hash: String,
    /// The results as the staff sees them.
    results: Value,
}

/// Initiate, execute (twice at once), publish: three steps, each in its time (D-05, D-06, I9).
pub(crate) async fn three_prizes(crew: &Crew, base: &str, raffle: &str) -> Result {
    let (manager, public) = (&crew.manager.client, Client::new(base));
    let public_view = || async { public.get(&format!("/raffles/{raffle}")).await.expect(200) };
    let view = public_view().await;
    let plan_hash = view["draws"][0]["plan_hash"].as_str().unwrap().to_owned();
    let draw = view["draws"][0]["id"].as_str().unwrap().to_owned();

    crew.auditor
        .client
        .post("/draw/initiate", &json!({"raffle_id": raffle, "draw_no": 1}))
        .await
        .refused(403, "forbidden");
    manager.post("/draw/execute", &json!({"draw_id": draw})).await.refused(409, "wrong_draw_status");
    let locked = manager.post("/draw/initiate", &json!({"raffle_id": raffle, "draw_no": null})).await.expect(200);
    assert_eq!(locked["status"], "locked", "{locked}");
    manager
        .post(&format!("/draw/{draw}/cancel"), &json!({"reason": "I do not like it"}))
        .await
        .refused(409, "ledger_sealed");
    let lock_hash = locked["lock_hash"].as_str().unwrap().to_owned();
    assert_eq!(public_view().await["draws"][0]["lock_hash"], json!(lock_hash), "the seal is public");
    no_numbers(&public_view().await);

    let order = json!({"draw_id": draw});
    let execute = || manager.post("/draw/execute", &order);
    let (first, second) = tokio::join!(execute(), execute());
    let (first, second) = (first.expect(200), second.expect(200));
    assert_eq!(first["status"], "drawn", "{first}");
    assert_eq!(second["steps"][4], first["steps"][4], "a second click finds the first one's winners");
    let path = format!("/draw/{draw}/results");
    let results = manager.get(&path).await.expect(200);
    assert_eq!(execute().await.expect(200)["status"], "drawn");
    assert_eq!(manager.get(&path).await.expect(200)["winners"], results["winners"]);
    let early = public.get(&path).await;
    assert!(matches!(early.status, 401 | 403 | 404), "not published: {}", early.text);
    assert_eq!(public.get(&format!("/raffles/{raffle}/transcript")).await.status, 404);
    no_numbers(&public_view().await);

    let path = format!("/draw/{draw}/publish");
    manager.post(&path, &json!({"lock_hash": "0".repeat(64)})).await.refused(409, "lock_hash_differs");
    no_numbers(&public_view().await);
    let published = manager.post(&path, &json!({"lock_hash": lock_hash})).await.expect(200);
    assert_eq!(published["status"], "published");

    let view = public_view().await;
    let public_winners = view["draws"][0]["winners"].clone();
    assert_eq!(public_winners.as_array().unwrap().len(), 3, "{view}");
    assert_eq!(view["draws"][0]["reserves"].as_array().unwrap().len(), 2);
    for (seen, known) in public_winners.as_array().unwrap().iter().zip(results["winners"].as_array().unwrap()) {
        assert_eq!(
            (&seen["number"], &seen["prize_id"], &seen["value_minor"]),
            (&known["number"], &known["prize_id"], &known["value_minor"])
        );
        let ticket = &known["ticket"];
        let held = ticket["ranges"].as_array().unwrap().iter().any(|range| {
            range["first"].as_u64() <= known["number"].as_u64() && known["number"].as_u64() <= range["last"].as_u64()
        });
        assert!(held && ticket["state"] != "voided", "the winner holds its number: {known}");
        let check = public
            .get(&format!("/tickets/{}/validate", ticket["validation_number"].as_str().unwrap()))
            .await
            .expect(200);
        assert_eq!(
            (
                check["valid"].as_bool(),
                check["won"][0]["number"] == known["number"] || check["won"].as_array().unwrap().len() > 1
            ),
            (Some(true), true)
        );
    }
    let transcript = public.get(&format!("/raffles/{raffle}/transcript")).await.expect(200);
    Result { public_winners, transcript, plan_hash, results }
}

fn no_numbers(view: &Value) {
    assert_eq!(view["draws"][0]["winners"], Value::Null, "no winner is shown before the publication");
    assert_eq!(view["draws"][0]["reserves"], Value::Null);
}

/// One change, and the code it must fail with (draw protocol: order of checks).
type Tampering = (&'static str, fn(&mut Value), &'static str);

fn text_at<'a>(transcript: &'a mut Value, pointer: &str) -> &'a mut Value {
    transcript.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}"))
}

/// Changes one hex digit.
fn flip(transcript: &mut Value, pointer: &str) {
    let value = text_at(transcript, pointer);
    let text = value.as_str().unwrap();
    let other = if text.starts_with('0') { '1' } else { '0' };
    *value = json!(format!("{other}{}", &text[1..]));
}

const TAMPERINGS: &[Tampering] = &[
    ("another version", |t| t["v"] = json!("rdp2"), "E_VERSION"),
    ("upper-case hex", |t| *text_at(t, "/plan/rules_hash") = json!("AB".repeat(32)), "E_FORMAT"),
    ("a number instead of its text", |t| *text_at(t, "/plan/number_first") = json!(1), "E_FORMAT"),
    (
        "one key for two purposes",
        |t| {
            let key = t["plan"]["ledger_pk"].clone();
            t["plan"]["vrf_pk"] = key
        },
        "E_KEY_SHARED",
    ),
    ("two ranges swapped", |t| t["ledger"].as_array_mut().unwrap().swap(0, 1), "E_LEDGER_ORDER"),
    ("a number that was not for sale", |t| *text_at(t, "/plan/number_last") = json!("2"), "E_LEDGER_BOUNDS"),
    ("nothing was sold", |t| t["ledger"] = json!([]), "E_LEDGER_EMPTY"),
    (
        "a sold range left out",
        |t| {
            t["ledger"].as_array_mut().unwrap().remove(3);
        },
        "E_LEDGER_COUNT",
    ),
    ("a sale exchanged", |t| flip(t, "/ledger/0/2"), "E_LEDGER_ROOT"),
    ("another journal", |t| flip(t, "/lock/journal_head"), "E_LOCK_SIG"),
    ("another reveal", |t| flip(t, "/reveals/0/r"), "E_WITNESS_COMMIT"),
    ("a reveal signed by nobody", |t| flip(t, "/reveals/0/sig"), "E_WITNESS_SIG"),
    ("another proof", |t| flip(t, "/vrf_proof"), "E_VRF_PROOF"),
    ("two winners swapped", |t| t["slots"].as_array_mut().unwrap().swap(0, 1), "E_SLOT"),
    (
        "a reserve left out",
        |t| {
            t["slots"].as_array_mut().unwrap().pop();
        },
        "E_SLOT_COUNT",
    ),
    ("a result signed by nobody", |t| flip(t, "/result_sig"), "E_RESULT_SIG"),
];

/// `drumroll verify` accepts the transcript, pinned to the plan that was announced, and refuses every tampering by name.
pub(crate) fn the_transcript_speaks_for_itself(site: &Site, result: &Result) {
    let file = site.scratch.path().join("transcript.json");
    let write = |transcript: &Value| std::fs::write(&file, transcript.to_string()).unwrap();
    let verify = |arguments: &[&str]| {
        let mut all = vec!["verify", file.to_str().unwrap()];
        all.extend(arguments);
        programs::drumroll(&all)
    };
    write(&result.transcript);
    let plain = verify(&[]);
    assert_eq!(plain.code, 0, "{plain:?}");
    assert!(plain.out.to_lowercase().contains("plan not pinned"), "{plain:?}");
    let pinned = verify(&["--plan-hash", &result.plan_hash, "--json"]);
    let answer = pinned.json();
    assert_eq!((pinned.code, &answer["ok"], &answer["code"]), (0, &json!(true), &Value::Null), "{pinned:?}");
    let members: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = ["ok", "code", "grade", "plan_hash", "lock_hash", "seed", "winners"];
    expected.sort_unstable();
    let mut members = members;
    members.sort_unstable();
    assert_eq!(members, expected);
    assert_eq!(answer["plan_hash"], json!(result.plan_hash));
    assert_eq!(answer["seed"], result.results["seed"]);
    let numbers: Vec<String> =
        result.results["winners"].as_array().unwrap().iter().map(|winner| winner["number"].to_string()).collect();
    for number in &numbers {
        assert!(answer["winners"].to_string().contains(number), "{number} won: {answer}");
    }

    for (name, tamper, code) in TAMPERINGS {
        let mut transcript = result.transcript.clone();
        tamper(&mut transcript);
        write(&transcript);
        let said = verify(&["--json"]);
        let answer = said.json();
        assert_eq!(
            (said.code, &answer["ok"], answer["code"].as_str()),
            (1, &json!(false), Some(*code)),
            "{name}: {said:?}"
        );
    }
    write(&result.transcript);
    let other = "7".repeat(64);
    let said = verify(&["--plan-hash", &other, "--json"]);
    assert_eq!((said.code, said.json()["code"].as_str()), (1, Some("E_PLAN_PIN")), "{said:?}");
    std::fs::write(&file, "no transcript at all").unwrap();
    let said = verify(&["--json"]);
    assert_eq!((said.code, said.json()["code"].as_str()), (1, Some("E_FORMAT")), "{said:?}");
    let nowhere = programs::drumroll(&["verify", Path::new("/nowhere/at/all.json").to_str().unwrap()]);
    assert_eq!(nowhere.code, 2, "{nowhere:?}");
    println!("drumroll verify accepts the transcript and refuses {} tamperings by name", TAMPERINGS.len() + 2);
}

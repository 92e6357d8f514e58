//! A handheld that does not come back.

use drumroll_tests::api::new_key;
use drumroll_tests::programs::{self, Said};
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use serde_json::json;
use std::path::PathBuf;

/// A real device, worked from the command line.
pub(crate) struct Handheld {
    data: PathBuf,
    id: String,
}

impl Handheld {
    /// Registers, enrols and enables it: two flags, both needed.
    pub(crate) async fn enrol(site: &Site, crew: &Crew, label: &str) -> Self {
        let admin = &crew.admin.client;
        let made = admin.post_once("/devices", &new_key(), &json!({"label": label})).await.expect(201);
        let (device, code) = (&made["device"], made["enrolment_code"].as_str().unwrap());
        assert_eq!((&device["enrolled"], &device["enabled"]), (&json!(false), &json!(false)));
        let id = device["id"].as_str().unwrap().to_owned();
        let handheld = Self { data: site.scratch.path().join(label.replace(' ', "-")), id };
        handheld.expect(&["enrol", "--server", &site.base, "--code", code]);
        let enabled = admin.act(&format!("/devices/{}/enable", handheld.id)).await.expect(200);
        assert_eq!((&enabled["enrolled"], &enabled["enabled"]), (&json!(true), &json!(true)));
        handheld
    }

    fn run(&self, arguments: &[&str]) -> Said {
        programs::run(programs::command("rsu").arg("--data").arg(&self.data).args(arguments))
    }

    fn expect(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.code, 0, "rsu {arguments:?}: {said:?}");
        said.out
    }

    /// Sells, uploads, sells more, and is never seen again.
    pub(crate) fn sell_and_vanish(&self, raffle: &str) {
        self.expect(&["sync"]);
        for _ in 0..2 {
            let ticket = self.expect(&["sell", "--package", "1", "--raffle", raffle]);
            assert!(ticket.contains("Hawks vs. Kodiaks"), "{ticket}");
        }
        self.expect(&["sync"]);
        self.expect(&["sell", "--package", "2", "--raffle", raffle]);
    }

    /// Two people sign, or nobody does.
    pub(crate) async fn written_off_by_two(&self, crew: &Crew, raffle: &str) {
        let path = format!("/admin/raffles/{raffle}/devices/{}/lost", self.id);
        let lost = |approver| json!({"operator": "Sam", "money_collected_minor": 2_000, "reason": "left in a taxi", "approver": approver});
        let manager = &crew.manager.client;
        let alone = manager.post(&path, &lost(crew.manager.approver())).await;
        assert_eq!(alone.status, 403, "{}", alone.text);
        let mut wrong = crew.second.approver();
        wrong["password"] = json!("not the second person's");
        assert_eq!(manager.post(&path, &lost(wrong)).await.status, 403);
        let seller = manager.post(&path, &lost(crew.seller.approver())).await;
        assert_eq!(seller.status, 403, "a seller is no second person: {}", seller.text);
        manager.post(&path, &lost(crew.second.approver())).await.expect(200);
        manager.post(&path, &lost(crew.second.approver())).await.refused(409, "device_settled");
    }
}

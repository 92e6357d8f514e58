//! People, a venue, and raffles to sell in.

use crate::api::{Client, new_key};
use crate::server::Site;
use crate::wait::{SOON, until};
use serde_json::{Value, json};

/// A person of the staff, with a password of his own.
#[derive(Clone, Debug)]
pub struct Person {
    /// To log in with.
    pub login: String,
    /// His own.
    pub password: String,
    /// Logged in.
    pub client: Client,
}

impl Person {
    /// Logs in with the one-time password, replaces it, and logs in again (C-01).
    pub async fn arrive(base: &str, login: &str, one_time: &str) -> Self {
        let stranger = Client::new(base);
        let session = stranger.post("/auth/login", &json!({"login": login, "password": one_time})).await.expect(200);
        assert_eq!(session["user"]["must_change_password"], true, "{session}");
        let newcomer = stranger.with_token(session["access_token"].as_str().unwrap());
        // Whatever his role, a one-time password opens nothing but its own replacement.
        newcomer.get("/admin/raffles").await.expect(403);
        let password = format!("a word of one's own {}", &new_key()[..8]);
        newcomer
            .post("/auth/password", &json!({"current_password": one_time, "new_password": password}))
            .await
            .expect(200);
        let client = Client::login(base, login, &password).await;
        Self { login: login.to_owned(), password, client }
    }

    /// As the second person of a two-person action.
    pub fn approver(&self) -> Value {
        json!({"login": self.login, "password": self.password})
    }
}

/// Everybody an event needs.
#[derive(Clone, Debug)]
pub struct Crew {
    /// Sets up.
    pub admin: Person,
    /// The event manager.
    pub manager: Person,
    /// The second supervisor.
    pub second: Person,
    /// At the counter.
    pub seller: Person,
    /// Reads everything, changes nothing.
    pub auditor: Person,
    /// An outside system.
    pub integration: Person,
    /// Where events are held.
    pub venue: String,
    /// The passwords printed once.
    pub one_time_passwords: Vec<String>,
}

impl Crew {
    /// Takes over a fresh server.
    pub async fn take_over(site: &Site) -> Self {
        Self::take_over_as(site, "").await
    }

    /// The same for a house whose people, save the first administrator, have logins that begin so.
    pub async fn take_over_as(site: &Site, prefix: &str) -> Self {
        let base = &site.base;
        let first = site.one_time_password();
        let admin = Person::arrive(base, "admin", &first).await;
        let mut one_time_passwords = vec![first];
        let mut people = Vec::new();
        for (login, role) in [
            ("manager", "supervisor"),
            ("second", "supervisor"),
            ("seller", "seller"),
            ("auditor", "auditor"),
            ("partner", "integration"),
        ] {
            let login = format!("{prefix}{login}");
            let user = json!({"login": login, "name": format!("The {login}"), "role": role});
            let made = admin.client.post_once("/admin/users", &new_key(), &user).await.expect(201);
            let one_time = made["one_time_password"].as_str().unwrap().to_owned();
            people.push(Person::arrive(base, &login, &one_time).await);
            one_time_passwords.push(one_time);
        }
        let venue = json!({"name": "Harbour Arena", "time_zone": "America/Halifax"});
        let venue = admin.client.post_once("/admin/venues", &new_key(), &venue).await.expect(201);
        let venue = venue["id"].as_str().or(venue["venue"]["id"].as_str()).unwrap().to_owned();
        let mut people = people.into_iter();
        let mut next = || people.next().unwrap();
        Self {
            admin,
            manager: next(),
            second: next(),
            seller: next(),
            auditor: next(),
            integration: next(),
            venue,
            one_time_passwords,
        }
    }

    /// Everything that must never stand in a log.
    pub fn secrets(&self) -> Vec<String> {
        let people = [&self.admin, &self.manager, &self.second, &self.seller, &self.auditor, &self.integration];
        let mut secrets: Vec<String> = people.iter().map(|person| person.password.clone()).collect();
        secrets.extend(people.iter().filter_map(|person| person.client.token()));
        // The first administrator's is printed on purpose, on the console that owns the machine.
        secrets.extend(self.one_time_passwords.iter().skip(1).cloned());
        secrets
    }

    /// The configuration of an event with three prizes, two fixed and half of the pot.
    pub fn configuration(&self, name: &str, closes_at_ms: u64) -> Value {
        json!({
            "name": name, "venue_id": self.venue, "location": "Harbour Arena, section 112",
            "organisation_name": "Northern Lights Foundation", "licence": "L-2027-0001",
            "currency": "CAD", "time_zone": "America/Halifax",
            "numbers": {"first": 1, "last": 200_000},
            "pools": [
                {"channel": "rsu", "range": {"first": 1, "last": 150_000}},
                {"channel": "online", "range": {"first": 150_001, "last": 170_000}},
                {"channel": "counter", "range": {"first": 170_001, "last": 190_000}}],
            "packages": [
                {"id": 1, "label": "3 for $5", "numbers": 3, "price_minor": 500, "stock": null},
                {"id": 2, "label": "20 for $10", "numbers": 20, "price_minor": 1_000, "stock": null},
                {"id": 3, "label": "60 for $20", "numbers": 60, "price_minor": 2_000, "stock": null}],
            "prizes": [
                {"id": 1, "name": "Half the pot", "rule": {"kind": "percentage",
                    "basis_points": 5_000, "seed_minor": 10_000, "guarantee_minor": 20_000, "cap_minor": null}},
                {"id": 2, "name": "Signed stick", "rule": {"kind": "fixed", "value_minor": 25_000, "quantity": 1}},
                {"id": 3, "name": "Signed puck", "rule": {"kind": "fixed", "value_minor": 5_000, "quantity": 1}}],
            "reserves": 2, "sales_start_ms": crate::now_ms() - 60_000, "sales_end_ms": closes_at_ms,
            "draw_mode": "electronic", "ticket_lines": ["Claim within 30 days.", "You need not be present to win."],
            "device_block": 3_000, "hold_s": 600, "profile_id": "default"
        })
    }

    /// Closes a raffle early and acknowledges its reconciliation; no handheld has joined it. Answers its draw's id.
    pub async fn reconcile(&self, raffle: &str) -> String {
        let manager = &self.manager.client;
        let path = |action: &str| format!("/admin/raffles/{raffle}/{action}");
        manager
            .post(&path("close"), &json!({"closes_at_ms": null, "reason": "the game ended early"}))
            .await
            .expect(200);
        until("reconciliation has begun", SOON, async || {
            let view = manager.get(&format!("/admin/raffles/{raffle}")).await.expect(200);
            (view["status"] == "reconciling").then_some(())
        })
        .await;
        let report = manager.get(&path("reconciliation")).await.expect(200);
        let counts = &report["identity"];
        let statement = json!({"statement": report["statement"], "sold": counts["sold"], "voided": counts["voided"],
            "unsold": counts["unsold"]});
        let view = manager.post(&path("acknowledge"), &statement).await.expect(200);
        view["draws"][0]["id"].as_str().unwrap().to_owned()
    }

    /// An event that sells until `closes_at_ms`. Answers its id.
    pub async fn open_raffle(&self, name: &str, closes_at_ms: u64) -> String {
        let admin = &self.admin.client;
        let made =
            admin.post_once("/admin/raffles", &new_key(), &json!({"name": name, "kind": "live"})).await.expect(201);
        let id = made["id"].as_str().unwrap().to_owned();
        let configuration = self.configuration(name, closes_at_ms);
        let configured = admin.put(&format!("/admin/raffles/{id}/configuration"), &configuration).await.expect(200);
        assert_eq!(configured["status"], "configured");
        let opened = admin.act(&format!("/admin/raffles/{id}/open")).await.expect(200);
        assert_eq!(opened["status"], "selling");
        id
    }
}

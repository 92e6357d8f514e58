//! Bad input from outside (issue 2, acceptance 4): clear errors, nothing changed, nothing logged that should not be.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

mod device;
mod expiry;
mod http;
mod sockets;
mod tenants;

use drumroll_tests::api::new_key;
use drumroll_tests::auditor;
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::now_ms;
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use serde_json::{Value, json};

/// A server with a raffle that sells and one ticket sold.
pub(crate) struct Stage {
    pub(crate) site: Site,
    pub(crate) crew: Crew,
    pub(crate) raffle: String,
    pub(crate) ticket: Value,
    pub(crate) evidence: Evidence,
}

impl Stage {
    pub(crate) async fn set(name: &str) -> Self {
        Self::set_at(Site::sqlite(name), "").await
    }

    /// At a place of one's choice, with people whose logins begin so.
    pub(crate) async fn set_at(mut site: Site, prefix: &str) -> Self {
        site.start().await;
        let crew = Crew::take_over_as(&site, prefix).await;
        let raffle = crew.open_raffle("Hostile", now_ms() + 3_600_000).await;
        let order = json!({"raffle_id": raffle, "lines": [{"package_id": 1, "quantity": 1}]});
        let ticket = crew.seller.client.post_once("/tickets/generate", &new_key(), &order).await.expect(201);
        let mut evidence = Evidence::default();
        evidence.ticket("the one sale", &ticket);
        Self { site, crew, raffle, ticket, evidence }
    }

    /// The end of the raffle's journal: a refusal does not move it.
    pub(crate) async fn seq(&self) -> u64 {
        let view = self.crew.manager.client.get(&format!("/admin/raffles/{}", self.raffle)).await.expect(200);
        assert_eq!(view["decided_seq"], view["durable_seq"]);
        view["durable_seq"].as_u64().unwrap()
    }

    /// Nothing broke, nothing leaked, and everything adds up.
    pub(crate) async fn end(mut self, name: &str, more_secrets: &[String]) {
        assert!(self.site.lives(), "the server survived");
        assert_eq!(self.site.stop().await, Some(0));
        let mut secrets = self.crew.secrets();
        secrets.extend_from_slice(more_secrets);
        let number = self.ticket["validation_number"].as_str().unwrap();
        secrets.extend([
            number.to_owned(),
            number.replace('-', ""),
            self.ticket["salt"].as_str().unwrap_or_default().to_owned(),
        ]);
        assert_eq!(
            self.site.log.leaks(secrets.iter().map(String::as_str)),
            Vec::<&str>::new(),
            "the log holds secrets"
        );
        let log = self.site.log.text();
        assert!(!log.contains("panicked"), "something panicked:\n{}", self.site.log.tail(40));
        auditor::audit(&self.site.database.books().await, &self.evidence).expect_clean(name);
        self.site.close().await;
    }
}

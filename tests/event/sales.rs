//! Everybody who buys without a handheld, and what they keep as evidence.

use drumroll_tests::api::{Client, new_key};
use drumroll_tests::auditor::bytes;
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::chance::Chance;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use serde_json::{Value, json};

/// Sales of one event.
pub(crate) struct Sales {
    seller: Client,
    manager: Client,
    partner: Client,
    public: Client,
    raffle: String,
    chance: Chance,
    evidence: Evidence,
    /// Order keys of the public, with what they were told so far.
    online: Vec<(String, &'static str)>,
    validations: Vec<String>,
}

impl Sales {
    pub(crate) fn new(crew: &Crew, raffle: &str, seed: u64) -> Self {
        Self {
            seller: crew.seller.client.clone(),
            manager: crew.manager.client.clone(),
            partner: crew.integration.client.clone(),
            public: crew.admin.client.with_token(""),
            raffle: raffle.to_owned(),
            chance: Chance::new(seed),
            evidence: Evidence::default(),
            online: Vec::new(),
            validations: Vec::new(),
        }
    }

    fn stranger(&self) -> Client {
        self.public.clone()
    }

    fn order(&mut self) -> Value {
        let package = self.chance.below(3) + 1;
        json!({"raffle_id": self.raffle, "lines": [{"package_id": package, "quantity": self.chance.below(2) + 1}]})
    }

    fn keep(&mut self, source: &str, ticket: &Value) {
        self.evidence.ticket(source, ticket);
        self.validations.push(ticket["validation_number"].as_str().unwrap().to_owned());
    }

    /// One ticket at the counter.
    pub(crate) async fn one_at_the_counter(&mut self) -> Value {
        let order = self.order();
        let ticket = self.seller.post_once("/tickets/generate", &new_key(), &order).await.expect(201);
        self.keep("the counter", &ticket);
        ticket
    }

    /// Many, each asked for twice: the second answer is the first (I3).
    pub(crate) async fn a_busy_counter(&mut self, tickets: u32) {
        for _ in 0..tickets {
            let (key, order) = (new_key(), self.order());
            let (first, second) = tokio::join!(
                self.seller.post_once("/tickets/generate", &key, &order),
                self.seller.post_once("/tickets/generate", &key, &order)
            );
            for reply in [first, second] {
                assert!(matches!(reply.status, 200 | 201), "{}", reply.text);
                self.keep("the counter", &reply.body);
            }
        }
        let key = bytes::uuid(&self.evidence.sales[0].order);
        let other = json!({"raffle_id": self.raffle, "lines": [{"package_id": 1, "quantity": 17}]});
        self.seller.post_once("/tickets/generate", &key, &other).await.refused(409, "idempotency_terms_differ");
    }

    /// A batch, an integrated system, and the public without a browser.
    pub(crate) async fn by_every_way_in(&mut self) {
        let orders: Vec<Value> =
            (0..6).map(|_| json!({"key": new_key(), "lines": [{"package_id": 2, "quantity": 1}]})).collect();
        let mut batch = json!({"raffle_id": self.raffle, "orders": orders});
        batch["orders"][5]["lines"] = json!([{"package_id": 99, "quantity": 1}]);
        for _ in 0..2 {
            let results = self.seller.post("/tickets/batch-generate", &batch).await.expect(200)["results"].clone();
            for result in results.as_array().unwrap().iter().take(5) {
                assert_eq!(result["outcome"], "sold", "{result}");
                self.keep("the batch", &result["ticket"]);
            }
            assert_eq!((&results[5]["outcome"], &results[5]["code"]), (&json!("refused"), &json!("unknown_package")));
        }
        let path = format!("/raffle/{}/tickets/generate", self.raffle);
        for quantity in [1, 100] {
            let ticket = self
                .partner
                .post_once(&path, &new_key(), &json!({"package_id": 1, "quantity": quantity}))
                .await
                .expect(201);
            self.keep("the partner", &ticket);
        }
        let path = format!("/raffles/{}/purchase", self.raffle);
        let buy = |outcome: &str| json!({"lines": [{"package_id": 1, "quantity": 1}], "payment": {"outcome": outcome}});
        for _ in 0..3 {
            let key = new_key();
            for _ in 0..2 {
                let order = self.stranger().post_once(&path, &key, &buy("pay")).await.expect(201);
                self.keep("an online buyer", &order["ticket"]);
            }
            self.online.push((key, "paid"));
        }
        let key = new_key();
        self.stranger().post_once(&path, &key, &buy("decline")).await.refused(402, "payment_declined");
        self.online.push((key, "declined"));
        let key = new_key();
        let pending = self.stranger().post_once(&path, &key, &buy("timeout")).await.expect(202);
        assert_eq!(pending["answer"], "pending", "{pending}");
        self.online.push((key, "expired"));
        let unseen = self.stranger().get(&format!("/raffles/{}/orders/{}", self.raffle, new_key())).await.expect(200);
        assert_eq!(unseen["answer"], "not_seen");
    }

    /// What the browser's buyers say they did.
    pub(crate) fn bought_in_the_browser(&mut self, said: &[Value]) {
        for step in said.iter().filter(|step| step["at"] == "bought") {
            let outcome = match step["outcome"].as_str().unwrap() {
                "pay" | "late_webhook" => "paid",
                "decline" => "declined",
                _ => "expired",
            };
            self.online.push((step["key"].as_str().unwrap().to_owned(), outcome));
        }
        let bought = said.iter().filter(|step| step["at"] == "bought").count();
        assert!(bought >= 5, "five buyers came, {bought} orders were made");
    }

    /// Sells at the counter whatever happens to the server: who gets no answer asks again under the same key.
    pub(crate) fn insisting(&mut self, tickets: u32) -> impl Future<Output = (Evidence, u32)> + use<> {
        let orders: Vec<(String, Value)> = (0..tickets).map(|_| (new_key(), self.order())).collect();
        let seller = self.seller.clone();
        async move {
            let (mut evidence, mut asked) = (Evidence::default(), 0);
            for (key, order) in orders {
                let (reply, times) = seller.insist("/tickets/generate", &key, &order).await;
                assert!(matches!(reply.status, 200 | 201), "{}", reply.text);
                evidence.ticket("an insisting counter", &reply.body);
                asked += times;
                tokio::time::sleep(std::time::Duration::from_millis(25)).await;
            }
            (evidence, asked)
        }
    }

    /// Sells until sales are over; the refusal is definite (I8).
    pub(crate) fn until_refused(&mut self) -> impl Future<Output = Evidence> + use<> {
        let seller = self.seller.clone();
        let order = json!({"raffle_id": self.raffle, "lines": [{"package_id": 1, "quantity": 1}]});
        let raffle = bytes::id(&self.raffle).unwrap();
        async move {
            let mut evidence = Evidence::default();
            for _ in 0..2_000 {
                let key = new_key();
                let reply = seller.post_once("/tickets/generate", &key, &order).await;
                if reply.status == 409 {
                    reply.refused(409, "sales_closed");
                    evidence.refused.push((raffle, bytes::id(&key).unwrap(), "sales_closed".to_owned()));
                    return evidence;
                }
                evidence.ticket("the last at the counter", &reply.expect(201));
                tokio::time::sleep(std::time::Duration::from_millis(25)).await;
            }
            panic!("sales never closed");
        }
    }

    /// A sale that is refused with this code.
    pub(crate) async fn counter_refused(&mut self, code: &str) {
        let (key, order) = (new_key(), self.order());
        self.seller.post_once("/tickets/generate", &key, &order).await.refused(409, code);
        if code == "sales_closed" {
            self.evidence.refused.push((bytes::id(&self.raffle).unwrap(), bytes::id(&key).unwrap(), code.to_owned()));
        }
    }

    async fn tickets(&self, filter: &str) -> Vec<Value> {
        let page = self.manager.get(&format!("/tickets/raffle/{}?limit=50&{filter}", self.raffle)).await.expect(200);
        page["items"].as_array().unwrap().clone()
    }

    /// Voids a ticket of this channel (T-07); money paid online goes back.
    pub(crate) async fn void_one_of(&mut self, channel: &str) {
        let listed = self.tickets(&format!("channel={channel}&state=valid")).await;
        let ticket = listed.first().unwrap_or_else(|| panic!("no valid {channel} ticket"));
        let (key, price) = (ticket["order_key"].as_str().unwrap(), ticket["price_minor"].as_u64().unwrap());
        let before = self.net().await;
        let void = json!({"raffle_id": self.raffle, "status": "voided", "reason": "bought twice by mistake"});
        let path = format!("/tickets/{key}/status");
        self.seller.put(&path, &void).await.refused(403, "forbidden");
        let voided = self.manager.put(&path, &void).await.expect(200);
        assert_eq!(
            (voided["state"].as_str(), voided["void_reason"].as_str()),
            (Some("voided"), Some("bought twice by mistake"))
        );
        self.manager.put(&path, &void).await.refused(409, "already_voided");
        println!("voided a {channel} ticket of {price}: net sales were {before}");
        if channel == "online" {
            let order = format!("/raffles/{}/orders/{key}", self.raffle);
            until("the money went back", SOON, async || {
                let order = self.public.get(&order).await.expect(200);
                (order["state"] == "refunded").then_some(())
            })
            .await;
            self.online.retain(|(known, _)| known != key);
        }
    }

    async fn net(&self) -> u64 {
        let report = self.manager.get(&format!("/reports/sales?raffle_id={}", self.raffle)).await.expect(200);
        report["net_minor"].as_u64().unwrap()
    }

    /// Marks a ticket as misprinted; only a supervisor clears the mark (T-09).
    pub(crate) async fn misprint_and_clear(&mut self) {
        let ticket = self.one_at_the_counter().await;
        let path = format!("/tickets/{}/status", ticket["order_key"].as_str().unwrap());
        let raffle = self.raffle.clone();
        let status = |status: &str| json!({"raffle_id": raffle, "status": status, "reason": "the printer ate it"});
        let marked = self.seller.put(&path, &status("misprinted")).await.expect(200);
        assert_eq!(marked["state"], "misprinted");
        self.seller.put(&path, &status("valid")).await.refused(403, "forbidden");
        assert_eq!(self.manager.put(&path, &status("valid")).await.expect(200)["state"], "valid");
        // This one is left for the reconciliation.
        let ticket = self.one_at_the_counter().await;
        let path = format!("/tickets/{}/status", ticket["order_key"].as_str().unwrap());
        self.seller.put(&path, &status("misprinted")).await.expect(200);
    }

    /// Refusals are answers, and leave their keys free.
    pub(crate) async fn refusals_change_nothing(&mut self) {
        let key = new_key();
        let too_many = json!({"raffle_id": self.raffle, "lines": [{"package_id": 77, "quantity": 1}]});
        self.seller.post_once("/tickets/generate", &key, &too_many).await.refused(422, "unknown_package");
        let order = self.order();
        let ticket = self.seller.post_once("/tickets/generate", &key, &order).await.expect(201);
        self.keep("a second try", &ticket);
    }

    /// Decides about every sale that was set aside and every misprint, one way and the other. Answers how many were set
    /// aside.
    pub(crate) async fn decide_about_everything(&mut self, report: &Value) -> usize {
        let aside: Vec<&Value> = report["quarantine"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|sale| sale["numbers_count"] != 0 && sale["resolution"].is_null())
            .collect();
        let path = format!("/admin/raffles/{}/quarantine", self.raffle);
        for (index, sale) in aside.iter().enumerate() {
            let mut decision = json!({"device_id": sale["device_id"], "device_seq": sale["device_seq"], "reason": "came home late",
                "resolution": if index % 2 == 0 { "accept" } else { "refund" }});
            let reply = self.manager.post(&path, &decision).await;
            if reply.code() == "not_acceptable" {
                decision["resolution"] = json!("refund");
                self.manager.post(&path, &decision).await.expect(200);
            } else {
                reply.expect(200);
            }
        }
        if let Some(sale) = aside.first() {
            let again = json!({"device_id": sale["device_id"], "device_seq": sale["device_seq"], "resolution": "refund", "reason": "twice"});
            self.manager.post(&path, &again).await.refused(409, "not_quarantined");
        }
        for (index, ticket) in report["misprints"].as_array().unwrap().iter().enumerate() {
            let status = json!({"raffle_id": self.raffle, "reason": "decided at the desk", "status": if index % 2 == 0 { "voided" } else { "valid" }});
            self.manager
                .put(&format!("/tickets/{}/status", ticket["order_key"].as_str().unwrap()), &status)
                .await
                .expect(200);
        }
        aside.len()
    }

    /// A void under a standing acknowledgement (T-08).
    pub(crate) async fn void_refused(&self, code: &str) {
        let listed = self.tickets("state=valid").await;
        let path = format!("/tickets/{}/status", listed[0]["order_key"].as_str().unwrap());
        let void = json!({"raffle_id": self.raffle, "status": "voided", "reason": "too late"});
        self.manager.put(&path, &void).await.refused(409, code);
    }

    /// Everything these buyers kept, online orders in the state they are in at the end.
    pub(crate) async fn kept(&mut self) -> Evidence {
        let raffle = bytes::id(&self.raffle).unwrap();
        for (key, expected) in std::mem::take(&mut self.online) {
            let order = self.public.get(&format!("/raffles/{}/orders/{key}", self.raffle)).await.expect(200);
            assert_eq!(order["state"], expected, "{order}");
            if expected == "paid" {
                self.keep("an online buyer, at the end", &order["ticket"]);
            } else {
                self.evidence.refused.push((raffle, bytes::id(&key).unwrap(), expected.to_owned()));
            }
        }
        self.evidence.clone()
    }

    /// What must not stand in a log.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.validations.iter().flat_map(|number| [number.clone(), number.replace('-', "")]).collect()
    }
}

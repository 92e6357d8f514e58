//! A machine whose clock is set, forward and back, while the server runs and between two of its lives.

use drumroll_tests::api::{Client, new_key};
use drumroll_tests::auditor::bytes::Id;
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, bytes};
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use drumroll_tests::{now_ms, skip};
use serde_json::json;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A server with a clock that is set, and what its clients kept.
struct Town {
    site: Site,
    crew: Crew,
    evidence: Evidence,
}

impl Town {
    /// Sets the clock; a server that runs sees it at once.
    fn set(&mut self, ahead_ms: i64) {
        self.site.set_clock(ahead_ms).unwrap();
    }

    /// Somebody who comes to work now: what he was given at another time may have run out.
    async fn seller(&self) -> Client {
        let seller = &self.crew.seller;
        Client::login(&self.site.base, &seller.login, &seller.password).await
    }

    async fn sells(&mut self, when: &str, raffle: &str) {
        let order = json!({"raffle_id": raffle, "lines": [{"package_id": 2, "quantity": 1}]});
        let sold = self.seller().await.post_once("/tickets/generate", &new_key(), &order).await;
        assert_eq!(sold.status, 201, "{when}: {}", sold.text);
        self.evidence.ticket(when, &sold.body);
    }

    /// Sales are over: at the counter, online, and for whoever asks again under an old key.
    async fn refuses(&mut self, when: &str, raffle: &str) {
        let seller = self.seller().await;
        let order = json!({"raffle_id": raffle, "lines": [{"package_id": 2, "quantity": 1}]});
        let online = json!({"lines": [{"package_id": 1, "quantity": 1}], "payment": {"outcome": "pay"}});
        let id = bytes::id(raffle).unwrap();
        let mut keys: Vec<Id> =
            self.evidence.refused.iter().filter(|(of, ..)| *of == id).map(|(_, key, _)| *key).take(1).collect();
        keys.extend([(); 2].map(|()| bytes::id(&new_key()).unwrap()));
        for key in &keys {
            let reply = seller.post_once("/tickets/generate", &bytes::uuid(key), &order).await;
            assert_eq!((reply.status, reply.code()), (409, "sales_closed"), "{when}: {}", reply.text);
        }
        let bought = bytes::id(&new_key()).unwrap();
        let path = format!("/raffles/{raffle}/purchase");
        let reply = Client::new(&self.site.base).post_once(&path, &bytes::uuid(&bought), &online).await;
        assert_eq!((reply.status, reply.code()), (409, "sales_closed"), "{when}: {}", reply.text);
        let refused = keys.into_iter().chain([bought]).map(|key| (id, key, when.to_owned()));
        self.evidence.refused.extend(refused);
    }

    /// Nobody has to ask for a sale: the close comes by itself.
    async fn closes(&self, when: &str, raffle: &str) {
        let public = Client::new(&self.site.base);
        until(format!("sales close {when}"), SOON, async || {
            let view = public.get(&format!("/raffles/{raffle}")).await;
            // Without handhelds there is nothing to wait for, and reconciling begins at once.
            (view.body["status"] == "reconciling").then_some(())
        })
        .await;
    }
}

/// I7, I8: whatever the machine's clock does, the journal's time never runs back, sales close once and by themselves,
/// and a clock that is set back opens nothing again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i7_i8_a_clock_that_jumps_neither_turns_time_back_nor_sells_after_the_close() {
    let name = "clock-jumps";
    let mut site = Site::sqlite(name);
    if let Err(why) = site.set_clock(0) {
        return skip(name, &why);
    }
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let opened = now_ms();
    let closes = |hours: u64| opened + hours * HOUR.unsigned_abs();
    let early = crew.open_raffle("Early", closes(2)).await;
    let late = crew.open_raffle("Late", closes(6)).await;
    let mut town = Town { site, crew, evidence: Evidence::default() };

    // Within one life. Behind the start of sales a raffle that sold goes on selling: its journal's time stands still.
    let both = [&early, &late];
    for (when, ahead_ms) in [("at first", 0), ("set forward", 30 * MINUTE), ("set back", -3 * HOUR)] {
        town.set(ahead_ms);
        for raffle in both {
            town.sells(when, raffle).await;
        }
    }
    town.set(2 * HOUR + MINUTE);
    town.closes("behind a clock that was set forward", &early).await;
    for (when, ahead_ms) in [("set forward past a close", 2 * HOUR + MINUTE), ("set back before it", 0)] {
        town.set(ahead_ms);
        town.refuses(when, &early).await;
        town.sells(when, &late).await;
    }

    // Between two lives.
    assert_eq!(town.site.stop().await, Some(0));
    town.set(-24 * HOUR);
    town.site.start().await;
    town.refuses("a day earlier", &early).await;
    town.sells("a day earlier", &late).await;
    town.site.kill();
    town.set(7 * HOUR);
    town.site.start().await;
    town.closes("at a start that comes too late", &late).await;
    town.refuses("after both", &late).await;
    town.site.kill();
    town.set(0);
    town.site.start().await;
    for raffle in both {
        town.refuses("at the right time again", raffle).await;
    }
    assert_eq!(town.site.stop().await, Some(0));

    let books = town.site.database.books().await;
    let audit = auditor::audit(&books, &town.evidence);
    audit.expect_clean(name);
    for (raffle, hours, sales) in [(&early, 2, 3), (&late, 6, 6)] {
        let id = bytes::id(raffle).unwrap();
        let is = |payload: &[u8], kind: &str| payload.starts_with(format!("{{\"type\":\"{kind}\"").as_bytes());
        let of = |kind| books.journal(id).iter().filter(move |event| is(&event.payload, kind));
        let closed: Vec<_> = of("sales_closed/1").collect();
        let [closed] = closed[..] else { panic!("raffle {raffle} closed {} times", closed.len()) };
        let sold: Vec<_> = of("ticket_sold/1").collect();
        assert_eq!((sold.len(), audit.raffle(id).tickets.len()), (sales, sales));
        let due = closes(hours) * 1_000;
        assert!(closed.at >= due, "closed too early");
        assert!(sold.iter().all(|sold| sold.at < due && sold.seq < closed.seq), "sold behind the close");
    }
    town.site.close().await;
}

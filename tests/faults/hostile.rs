//! Clients as they are on a bad night, over counter, online and handhelds, on a calm server and on one that is killed again
//! and again under them.

use drumroll_tests::api::{Client, new_key};
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, bytes};
use drumroll_tests::chance::{self, Chance};
use drumroll_tests::programs::{self, Said};
use drumroll_tests::server::Site;
use drumroll_tests::simulation::Simulation;
use drumroll_tests::stage::Crew;
use drumroll_tests::swarm::{self, Heard, Options, Place};
use drumroll_tests::wait::{SOON, until};
use drumroll_tests::{full_scale, now_ms, skip};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// No request may take longer: the server's deadline is 8 s, the rest is for a busy machine.
const DEADLINE: Duration = Duration::from_secs(8 + 7);

const NO_POSTGRES: &str = "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it";

/// A handheld whose synchronisation is cut off again and again: it sends the same records many times.
struct Handheld {
    data: PathBuf,
    raffle: String,
    sold: usize,
    cut: usize,
}

impl Handheld {
    async fn enrol(site: &Site, crew: &Crew, raffle: &str) -> Self {
        let data = site.scratch.path().join("handheld");
        let admin = &crew.admin.client;
        let made = admin.post_once("/devices", &new_key(), &json!({"label": "Unlucky"})).await.expect(201);
        let handheld = Self { data, raffle: raffle.to_owned(), sold: 0, cut: 0 };
        let code = made["enrolment_code"].as_str().unwrap();
        let enrolled = handheld.rsu(&["enrol", "--server", &site.base, "--code", code]);
        assert_eq!(enrolled.code, 0, "{enrolled:?}");
        admin.act(&format!("/devices/{}/enable", made["device"]["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(handheld.rsu(&["sync"]).code, 0);
        handheld
    }

    fn command(data: &Path, arguments: &[&str]) -> Command {
        let mut command = programs::command("rsu");
        command.arg("--data").arg(data).args(arguments);
        command
    }

    fn rsu(&self, arguments: &[&str]) -> Said {
        programs::run(&mut Self::command(&self.data, arguments))
    }

    /// Sells one ticket and is cut off while it tells of it.
    async fn sell_and_be_cut_off(&mut self, chance: &mut Chance) {
        let sold = self.rsu(&["sell", "--package", "1", "--raffle", &self.raffle]);
        assert_eq!(sold.code, 0, "{sold:?}");
        self.sold += 1;
        let mut sync = Self::command(&self.data, &["sync", "--timeout", "3"]);
        let mut sync = sync.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(chance.below(120))).await;
        if sync.try_wait().unwrap().is_none() {
            self.cut += 1;
        }
        let _ = sync.kill();
        sync.wait().unwrap();
    }
}

/// I1–I3, calm, over a file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_i3_a_hostile_swarm_is_sold_each_order_once_on_sqlite() {
    let name = "swarm-sqlite";
    swarm_on(name, Site::sqlite(name), 0).await;
}

/// I1–I3, calm, over a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_i3_a_hostile_swarm_is_sold_each_order_once_on_postgres() {
    let name = "swarm-postgres";
    match Site::postgres(name).await {
        Some(site) => swarm_on(name, site, 0).await,
        None => skip(name, NO_POSTGRES),
    }
}

/// The long run's kills; `make test` has a few.
fn kills() -> usize {
    if full_scale() { 200 } else { 8 }
}

/// I1–I3, B-01: killed again and again at any moment, over a file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_i3_kill_9_again_and_again_under_a_hostile_swarm_on_sqlite() {
    let name = "killed-swarm-sqlite";
    swarm_on(name, Site::sqlite(name), kills()).await;
}

/// I1–I3, B-01: killed again and again at any moment, over a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_i3_kill_9_again_and_again_under_a_hostile_swarm_on_postgres() {
    let name = "killed-swarm-postgres";
    match Site::postgres(name).await {
        Some(site) => swarm_on(name, site, kills()).await,
        None => skip(name, NO_POSTGRES),
    }
}

async fn swarm_on(name: &str, mut site: Site, kills: usize) {
    let seed = chance::seed(name);
    let mut chance = Chance::new(seed);
    let doomed = kills > 0 && site.doom().is_ok();
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle(name, now_ms() + 7_200_000).await;
    let mut handheld = Handheld::enrol(&site, &crew, &raffle).await;
    let mut fleet = Simulation::start(&site, &crew.admin, &raffle, 3, &["--speed", "20", "--offline-rate", "0.3"]);
    fleet.until("it sells", SOON, |step| step["sales"].as_u64() > Some(0)).await;
    let place = Place { base: site.base.clone(), raffle: raffle.clone(), seller: crew.seller.client.clone() };
    let (clients, orders) = if full_scale() { (30, 40) } else { (10, 8) };
    let mut heard = Heard::default();
    let began = Instant::now();
    let mut killed = 0;
    // Wave after wave, until there were as many kills as there were to be.
    for wave in 0.. {
        let options = Options { seed: seed.wrapping_add(wave), clients, orders, deadline: DEADLINE };
        let place = place.clone();
        let swarm = tokio::spawn(async move { swarm::unleash(&place, &options).await });
        while !swarm.is_finished() {
            if killed < kills {
                // At any moment, which the seed chooses, or in the middle of a commit.
                if doomed && killed % 4 != 0 {
                    site.doom().unwrap().at(20 + chance.below(80));
                    while site.lives() && !swarm.is_finished() {
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                } else {
                    tokio::time::sleep(Duration::from_millis(30 + chance.below(600))).await;
                }
                site.kill();
                killed += 1;
                if doomed {
                    site.doom().unwrap().never();
                }
                site.start().await;
            } else {
                handheld.sell_and_be_cut_off(&mut chance).await;
            }
        }
        heard.absorb(swarm.await.unwrap());
        if killed >= kills {
            break;
        }
    }
    println!(
        "{name}: {heard}; {killed} kills; a handheld cut off {} times; {} s",
        handheld.cut,
        began.elapsed().as_secs()
    );
    let did = [heard.dropped, heard.vanished, heard.doubled, heard.other_terms, heard.declined];
    assert!(did.iter().all(|count| *count > 0), "{heard}");

    // The fleet goes home and says what it was promised; the handheld comes through at last.
    fleet.stop();
    let (_, report) = fleet.end(SOON * 2).await;
    let fleet = Evidence::of_simulation(&report);
    until("the handheld has told everything", SOON, async || (handheld.rsu(&["sync"]).code == 0).then_some(())).await;
    let said = handheld.rsu(&["status"]);
    assert!(said.code == 0, "{said:?}");
    // Who was answered is answered the same for ever.
    let mut evidence = Evidence::default();
    for sale in heard.evidence.sales.iter().step_by(7) {
        let order =
            Client::new(&site.base).get(&format!("/raffles/{raffle}/orders/{}", bytes::uuid(&sale.order))).await;
        assert_eq!(order.expect(200)["answer"], "accepted");
    }
    evidence.add(heard.evidence.clone());
    let of_fleet = fleet.sales.len();
    evidence.add(fleet);
    assert_eq!(site.stop().await, Some(0));
    let audit = auditor::audit(&site.database.books().await, &evidence);
    audit.expect_clean(name);
    // Nothing was sold that nobody asked for, and what nobody heard the end of was sold once or not at all.
    let account = audit.raffle(bytes::id(&raffle).unwrap());
    let (asked, others): (Vec<bytes::Id>, Vec<bytes::Id>) =
        account.tickets.keys().copied().partition(|key| heard.asked.contains(key));
    let acknowledged = heard.asked.len() - heard.unknown.len() - heard.declined_orders();
    assert!(
        asked.len() >= acknowledged && asked.len() <= acknowledged + heard.unknown.len(),
        "{} {heard}",
        asked.len()
    );
    assert!(
        others.len() >= handheld.sold && others.len() <= handheld.sold + of_fleet,
        "{} {}",
        others.len(),
        handheld.sold
    );
    site.close().await;
}

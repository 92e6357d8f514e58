//! What a network does between the server and PostgreSQL, while a crowd buys.

use crate::crowd::{Crowd, DEADLINE};
use drumroll_tests::api::{Client, Reply};
use drumroll_tests::chance::{self, Chance};
use drumroll_tests::proxy::{COMMIT_BYTES, Counts, Fault, Proxy, Way};
use drumroll_tests::server::Site;
use drumroll_tests::wait::{SOON, until};
use drumroll_tests::{full_scale, skip};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

/// A server whose way to its database leads through a proxy, and a crowd that buys from it.
struct Stand {
    site: Site,
    proxy: Proxy,
    crowd: Crowd,
    chance: Chance,
}

impl Stand {
    async fn open(name: &str) -> Option<Self> {
        let Some(mut site) = Site::postgres(name).await else {
            skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it");
            return None;
        };
        let seed = chance::seed(name);
        let proxy = Proxy::before(&site.database.setting()).await;
        site.set("DATABASE", proxy.url());
        site.start().await;
        let crowd = Crowd::gather(&site, name, seed).await;
        Some(Self { site, proxy, crowd, chance: Chance::new(seed) })
    }

    /// Waits until the proxy has done something so often.
    async fn done(&self, what: &str, count: impl Fn(&Counts) -> &AtomicU64, times: u64) {
        let look = async || (Counts::of(count(self.proxy.counts())) >= times).then_some(());
        until(format!("{what}, {times} times"), SOON, look).await;
    }

    async fn ready(&self) -> Reply {
        Client::new(&self.site.base).impatient(DEADLINE).get("/health/ready").await
    }

    /// Everything is well again, nobody lends a hand, and the books are in order.
    async fn settle(mut self) {
        self.proxy.inject(Fault::Pass).await;
        let began = Instant::now();
        self.crowd.seen.sells().await;
        until("the server is ready again", SOON, async || (self.ready().await.status == 200).then_some(())).await;
        let Counts { taken, cut, cut_mid_message, cut_mid_transaction, commits, answers_lost, swallowed } =
            self.proxy.counts();
        println!(
            "sold and ready {} ms after the fault; {} connections taken, {} cut ({} in a message, {} in a transaction), {} \
             commits, {} answers lost, {} bytes swallowed",
            began.elapsed().as_millis(),
            Counts::of(taken),
            Counts::of(cut),
            Counts::of(cut_mid_message),
            Counts::of(cut_mid_transaction),
            Counts::of(commits),
            Counts::of(answers_lost),
            Counts::of(swallowed)
        );
        self.crowd.settle(&mut self.site).await;
        self.site.close().await;
    }
}

/// I1–I3: a COMMIT that was carried out and whose answer never came is neither repeated nor forgotten (design:
/// uncertain outcomes).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_i3_a_commit_whose_answer_is_lost_is_one_sale_twenty_times() {
    let Some(stand) = Stand::open("lost-answers").await else { return };
    stand.proxy.inject(Fault::LoseCommitAnswers(20)).await;
    stand.done("an answer is lost", |counts| &counts.answers_lost, 20).await;
    assert_eq!(stand.crowd.seen.refused(), 0, "finding out takes a moment, and callers wait for it");
    stand.settle().await;
}

/// I1–I3: connections that end in the middle of a message, of a transaction, of its COMMIT.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_i3_connections_cut_at_any_byte_lose_and_double_nothing() {
    let Some(mut stand) = Stand::open("cut-connections").await else { return };
    for round in 0..24 {
        let sold = stand.crowd.seen.sold();
        let before = Counts::of(&stand.proxy.counts().cut);
        let chance = &mut stand.chance;
        let fault = match round % 3 {
            0 => Fault::CutCommit(usize::try_from(chance.below(COMMIT_BYTES as u64 + 1)).unwrap()),
            1 if chance.below(4) == 0 => Fault::Cut,
            _ => {
                let way = *chance.of(&[Way::ToDatabase, Way::FromDatabase]);
                let delayed = *chance.of(&[Way::ToDatabase, Way::FromDatabase]);
                let by = Duration::from_millis(chance.below(10));
                stand.proxy.inject(Fault::Delay(delayed, by)).await;
                Fault::CutAfter(way, chance.below(8_000))
            }
        };
        stand.proxy.inject(fault).await;
        stand.done("a connection is cut", |counts| &counts.cut, before + 1).await;
        if round % 3 == 2 {
            // A commit that fails again and again is repeated ever later; this would be a test of patience.
            until("a sale goes through", SOON, async || (stand.crowd.seen.sold() > sold).then_some(())).await;
        }
    }
    let counts = stand.proxy.counts();
    assert!(Counts::of(&counts.cut_mid_message) > 0 && Counts::of(&counts.cut_mid_transaction) > 0, "{counts:?}");
    stand.settle().await;
}

/// Commits that take their time keep callers waiting; those that take too long leave them with a promise to find out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_commits_are_answered_in_time_or_with_503() {
    let Some(mut stand) = Stand::open("slow-commits").await else { return };
    let (least, most) = (Duration::from_millis(200), Duration::from_secs(1));
    stand.proxy.inject(Fault::SlowCommits(least, most, stand.chance.bits())).await;
    let before = Counts::of(&stand.proxy.counts().commits);
    stand.done("a commit is slow", |counts| &counts.commits, before + 5).await;
    stand.crowd.seen.sells().await;
    assert!(stand.crowd.seen.slowest() >= least, "a sale was acknowledged before its commit");
    assert_eq!(stand.crowd.seen.refused(), 0, "commits within a second are waited for");
    // Beyond a caller's patience.
    let (least, most) = (Duration::from_millis(5_500), Duration::from_millis(6_500));
    stand.proxy.inject(Fault::SlowCommits(least, most, stand.chance.bits())).await;
    until("a caller is told to come back", SOON, async || (stand.crowd.seen.refused() > 0).then_some(())).await;
    stand.settle().await;
}

/// A database that is away: silent first, then gone. New sales are told to come back, `/health/ready` says which
/// dependency it is, and everything drains by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_i3_an_outage_refuses_with_503_and_drains_by_itself() {
    let (silent, refused) = if full_scale() { (30, 30) } else { (6, 3) };
    let Some(stand) = Stand::open("outage").await else { return };
    for (fault, seconds) in [(Fault::Silence, silent), (Fault::Refuse, refused)] {
        stand.proxy.inject(fault.clone()).await;
        let end = tokio::time::sleep(Duration::from_secs(seconds));
        // What was on its way at that moment may still arrive.
        let told = stand.crowd.seen.refused();
        let ready = until("/health/ready says so", SOON, async || {
            Some(stand.ready().await).filter(|reply| reply.status == 503)
        })
        .await;
        assert!(ready.retry_after.is_some() && ready.body["ready"] == false, "{}", ready.text);
        let checks = ready.body["checks"].as_array().unwrap();
        let failing = |name: &str| checks.iter().any(|check| check["name"] == name && check["ok"] == false);
        assert!(failing("store") && !failing("actors"), "{}", ready.text);
        let live = Client::new(&stand.site.base).get("/health/live").await;
        assert_eq!(live.status, 200, "the process itself is well");
        let sold = stand.crowd.seen.sold();
        until(format!("somebody is told to come back during {fault:?}"), SOON, async || {
            (stand.crowd.seen.refused() > told).then_some(())
        })
        .await;
        end.await;
        assert_eq!(stand.crowd.seen.sold(), sold, "a sale was acknowledged without a database");
    }
    stand.settle().await;
}

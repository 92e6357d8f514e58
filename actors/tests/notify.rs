//! The outbox: at least once, in order for each subject, and nothing that a target does keeps a sale waiting (I12).

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use common::gate::Gate;
use common::{House, start, stream, wait_for};
use drumroll_actors::notify::target::Telling;
use drumroll_actors::notify::{Kind, Notice, Options, Outbox, Subscription, Target, TellError};
use drumroll_actors::registry::ExecuteError;
use drumroll_actors::store::{Store, StreamId};
use drumroll_engine::raffle::publish_draw::PublishDraw;
use drumroll_engine::raffle::resume_sales::ResumeSales;
use drumroll_engine::raffle::suspend_sales::SuspendSales;
use drumroll_engine::raffle::{Answer, Command};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// What a target does with what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// It takes it.
    Fine,
    /// It says that it is away.
    Away,
    /// It never answers.
    Hangs,
    /// It takes it, and says that it is away.
    Forgetful,
    /// It does not want messages of this kind.
    Refuses(Kind),
}

/// A target that keeps everything it was told, and does as it is bid.
struct Ear {
    name: &'static str,
    mood: watch::Sender<Mood>,
    /// Every message it took, again and again too.
    heard: Mutex<Vec<Notice>>,
    /// Messages it was offered.
    offered: AtomicUsize,
    /// Subjects it is being told of at this moment, and the most there ever were.
    under_way: Mutex<(BTreeSet<String>, usize)>,
}

impl Ear {
    fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            mood: watch::Sender::new(Mood::Fine),
            heard: Mutex::default(),
            offered: AtomicUsize::new(0),
            under_way: Mutex::default(),
        })
    }

    fn be(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    fn offered(&self) -> usize {
        self.offered.load(Ordering::SeqCst)
    }

    fn heard(&self) -> Vec<Notice> {
        self.heard.lock().unwrap().clone()
    }

    /// Kinds heard of raffle `raffle`, what came twice once, in the order of first arrival.
    fn kinds(&self, raffle: u8) -> Vec<&'static str> {
        firsts(&self.heard())
            .get(&format!("raffle:{}", stream(raffle).raffle))
            .map_or_else(Vec::new, |notices| notices.iter().map(|notice| notice.kind.as_str()).collect())
    }

    async fn hears(&self, raffle: u8, kinds: &[&str]) {
        wait_for(|| std::future::ready((self.kinds(raffle) == kinds).then_some(()))).await;
    }
}

/// First arrivals by subject, after a look at what every receiver may rely on: positions grow, `previous` names
/// the one before, and whatever comes again is the same.
fn firsts(heard: &[Notice]) -> BTreeMap<String, Vec<Notice>> {
    let mut firsts = BTreeMap::<String, Vec<Notice>>::new();
    for notice in heard {
        let known = firsts.entry(notice.subject.clone()).or_default();
        match known.iter().find(|known| known.id == notice.id) {
            Some(known) => assert_eq!(known, notice, "another message under one id"),
            None => {
                let last = known.last().map_or(0, |last| last.position);
                assert!(notice.position > last, "{} came after {last}", notice.id);
                known.push(notice.clone());
            }
        }
    }
    firsts
}

impl Target for Ear {
    fn name(&self) -> &str {
        self.name
    }

    fn tell<'a>(&'a self, notice: &'a Notice) -> Telling<'a> {
        /// Leaves when it is told, or broken off.
        struct UnderWay<'a>(&'a Ear, &'a str);
        impl Drop for UnderWay<'_> {
            fn drop(&mut self) {
                self.0.under_way.lock().unwrap().0.remove(self.1);
            }
        }
        Box::pin(async move {
            self.offered.fetch_add(1, Ordering::SeqCst);
            let guard = UnderWay(self, &notice.subject);
            {
                let mut under_way = self.under_way.lock().unwrap();
                assert!(under_way.0.insert(notice.subject.clone()), "two messages of {} at once", notice.subject);
                under_way.1 = under_way.1.max(under_way.0.len());
            }
            tokio::task::yield_now().await;
            let mood = *self.mood.borrow();
            let answer = match mood {
                Mood::Fine | Mood::Forgetful => {
                    self.heard.lock().unwrap().push(notice.clone());
                    if mood == Mood::Fine { Ok(()) } else { Err(TellError::Away("it forgot to answer".into())) }
                }
                Mood::Away => Err(TellError::Away("it is away".into())),
                Mood::Refuses(kind) if kind == notice.kind => Err(TellError::Refused("it does not like it".into())),
                Mood::Refuses(_) => {
                    self.heard.lock().unwrap().push(notice.clone());
                    Ok(())
                }
                Mood::Hangs => {
                    let mut mood = self.mood.subscribe();
                    let _ = mood.wait_for(|mood| *mood != Mood::Hangs).await;
                    Err(TellError::Away("it hung".into()))
                }
            };
            drop(guard);
            answer
        })
    }
}

/// Tries again at once, so that tests need not wait.
fn hurried() -> Options {
    Options {
        pause: Duration::from_millis(1),
        pause_max: Duration::from_millis(20),
        deadline: Duration::from_secs(60),
        sweep: Duration::from_secs(60),
        ..Options::default()
    }
}

fn to(ears: &[&Arc<Ear>]) -> Vec<Subscription> {
    let all: BTreeSet<Kind> = Kind::ALL.iter().copied().collect();
    ears.iter().map(|ear| Subscription { target: (*ear).clone(), kinds: all.clone() }).collect()
}

fn tell(house: &House, ears: &[&Arc<Ear>], options: Options) -> Outbox {
    Outbox::start(&house.node, to(ears), options)
}

/// Suspends and resumes sales of a raffle.
async fn pause_sales(house: &House, raffle: u8) {
    house.control(raffle, Command::SuspendSales(SuspendSales { reason: "rain".into() })).await.unwrap();
    house.control(raffle, Command::ResumeSales(ResumeSales)).await.unwrap();
}

const OPENING: [&str; 2] = ["opened", "draw_planned"];

fn with_opening(more: &[&'static str]) -> Vec<&'static str> {
    [&OPENING, more].concat()
}

/// Everything from the opening to the publication, each once, and `previous` without a gap.
#[actix::test]
async fn a_whole_raffle_is_told_in_order() {
    let house = House::open().await;
    let ear = Ear::new("ear");
    let outbox = tell(&house, &[&ear], Options { history: true, ..hurried() });
    for order in 1..=5 {
        house.sell(10, order).await.unwrap();
    }
    pause_sales(&house, 10).await;
    house.reconcile(10).await;
    house.draw(10).await.unwrap();
    let seen = |live: &drumroll_actors::aggregate::Live<drumroll_engine::raffle::Raffle>| {
        live.state.draw(1).and_then(|draw| draw.lock.as_ref()).map(|lock| lock.lock_hash)
    };
    let lock_hash = house.node.read(stream(10), seen).await.unwrap().unwrap();
    house.control(10, Command::PublishDraw(PublishDraw { draw_no: 1, lock_hash })).await.unwrap();
    let told =
        ["suspended", "resumed", "closed", "reconciling", "reconciled", "locked", "proven", "drawn", "published"];
    ear.hears(10, &with_opening(&told)).await;
    outbox.stop(Duration::from_secs(5)).await;
    let heard = ear.heard();
    assert_eq!(heard.len(), firsts(&heard).values().map(Vec::len).sum::<usize>(), "nothing came twice");
    for notices in firsts(&heard).values() {
        let previous: Vec<u64> = notices.iter().map(|notice| notice.previous).collect();
        let positions = notices.iter().map(|notice| notice.position);
        assert_eq!(previous, std::iter::once(0).chain(positions).take(notices.len()).collect::<Vec<_>>());
    }
    let facts = house.store.facts(stream(10).raffle, 0, 100).await.unwrap();
    let of_raffle: Vec<Notice> = heard.into_iter().filter(|notice| notice.raffle_id.is_some()).collect();
    assert_eq!(of_raffle.len(), facts.len());
    for (notice, fact) in of_raffle.iter().zip(&facts) {
        assert_eq!((notice.position, notice.at_ms), (fact.seq, fact.at.as_millis()));
        assert_eq!(notice.data, serde_json::from_str::<serde_json::Value>(&fact.data).unwrap());
        // Winning numbers are in the last message alone (I9, D-06).
        assert_eq!(notice.json().contains("winners"), notice.kind == Kind::Published);
    }
}

/// I12: sales go on, another target hears everything, and memory holds at most so many subjects.
#[actix::test]
async fn i12_a_target_that_hangs_or_is_away_holds_up_nobody() {
    let house = House::open().await;
    for raffle in 11..=20 {
        house.open_raffle(raffle, u64::from(raffle)).await;
    }
    let (good, bad) = (Ear::new("good"), Ear::new("bad"));
    bad.be(Mood::Hangs);
    let options = Options { history: true, abreast: 3, ..hurried() };
    let outbox = tell(&house, &[&good, &bad], options);
    wait_for(|| std::future::ready((bad.offered() >= 3).then_some(()))).await;
    for order in 1..=20 {
        assert!(matches!(house.sell(10, order).await.unwrap().answer, Answer::Sold(_)));
    }
    pause_sales(&house, 10).await;
    good.hears(10, &with_opening(&["suspended", "resumed"])).await;
    for raffle in 11..=20 {
        good.hears(raffle, &OPENING).await;
    }
    assert_eq!((bad.offered(), bad.heard().len()), (3, 0), "no more subjects under way than are allowed");
    let figures = outbox.figures();
    let of = |name: &str| figures.iter().find(|figures| figures.target() == name).unwrap().clone();
    assert!(!of("good").away());

    bad.be(Mood::Away);
    wait_for(|| std::future::ready((bad.offered() >= 20 && of("bad").away()).then_some(()))).await;
    wait_for(|| std::future::ready((of("bad").waiting() >= 24).then_some(()))).await;
    assert!(matches!(house.sell(10, 21).await.unwrap().answer, Answer::Sold(_)));
    bad.be(Mood::Fine);
    for raffle in 11..=20 {
        bad.hears(raffle, &OPENING).await;
    }
    bad.hears(10, &with_opening(&["suspended", "resumed"])).await;
    wait_for(|| std::future::ready((!of("bad").away()).then_some(()))).await;
    outbox.stop(Duration::from_secs(5)).await;
    assert_eq!(firsts(&bad.heard()), firsts(&good.heard()), "both heard the same");
    assert!(bad.under_way.lock().unwrap().1 <= 3);
}

/// A deadline of its own ends a call that never answers.
#[actix::test]
async fn a_target_that_never_answers_counts_as_away() {
    let house = House::open().await;
    let ear = Ear::new("ear");
    ear.be(Mood::Hangs);
    let options = Options { history: true, deadline: Duration::from_millis(20), ..hurried() };
    let outbox = tell(&house, &[&ear], options);
    let figures = outbox.figures()[0].clone();
    wait_for(|| std::future::ready((ear.offered() >= 4 && figures.away()).then_some(()))).await;
    outbox.stop(Duration::from_secs(5)).await;
}

/// What was told and not confirmed is told again, and order is kept among first arrivals.
#[actix::test]
async fn what_is_not_confirmed_is_told_again() {
    let house = House::open().await;
    let ear = Ear::new("ear");
    ear.be(Mood::Forgetful);
    let outbox = tell(&house, &[&ear], Options { history: true, ..hurried() });
    wait_for(|| std::future::ready((ear.heard().len() >= 6).then_some(()))).await;
    pause_sales(&house, 10).await;
    let raffles = |notice: &&Notice| notice.raffle_id.is_some();
    let heard = ear.heard();
    assert!(heard.iter().filter(raffles).all(|notice| notice.kind == Kind::Opened), "the second waits for the first");
    ear.be(Mood::Fine);
    ear.hears(10, &with_opening(&["suspended", "resumed"])).await;
    outbox.stop(Duration::from_secs(5)).await;
}

/// A store that reads and does not commit: what it cannot note is told once more when it can, and not all the time.
#[actix::test]
async fn what_cannot_be_noted_is_not_told_again_and_again() {
    let house = House::open().await;
    let ear = Ear::new("ear");
    ear.be(Mood::Away);
    let outbox = tell(&house, &[&ear], Options { history: true, ..hurried() });
    wait_for(|| std::future::ready((ear.offered() >= 2).then_some(()))).await;
    house.store.set(Gate::Failing);
    ear.be(Mood::Fine);
    ear.hears(10, &OPENING).await;
    wait_for(|| std::future::ready((house.store.pings() >= 5).then_some(()))).await;
    let twice = firsts(&ear.heard()).values().map(Vec::len).sum::<usize>() * 2;
    assert!(ear.heard().len() <= twice, "{} times told", ear.heard().len());
    house.store.set(Gate::Open);
    pause_sales(&house, 10).await;
    ear.hears(10, &with_opening(&["suspended", "resumed"])).await;
    outbox.stop(Duration::from_secs(5)).await;
}

/// A refused message is tried so often and no more; it is on record, and its subject goes on.
#[actix::test]
async fn a_refused_message_is_set_aside_and_the_rest_goes_on() {
    let house = House::open().await;
    house.open_raffle(11, 2).await;
    let ear = Ear::new("ear");
    ear.be(Mood::Refuses(Kind::Suspended));
    let outbox = tell(&house, &[&ear], Options { history: true, refusals_max: 3, ..hurried() });
    pause_sales(&house, 10).await;
    ear.hears(10, &with_opening(&["resumed"])).await;
    ear.hears(11, &OPENING).await;
    let refused = house.store.outbox_refused("ear", 10).await.unwrap();
    assert_eq!(refused.len(), 1);
    let facts = house.store.facts(stream(10).raffle, 0, 100).await.unwrap();
    let suspended = facts.iter().find(|fact| fact.kind == "suspended").unwrap();
    let (it, what) = (&refused[0], "it does not like it");
    assert_eq!((it.stream, it.seq, it.kind.as_str()), (stream(10), suspended.seq, "suspended"));
    assert_eq!((it.tries, it.problem.as_str()), (3, what));
    let resumed = ear.heard().into_iter().find(|notice| notice.kind == Kind::Resumed).unwrap();
    assert_eq!(resumed.previous, suspended.seq, "who hears the next one knows that one is missing");
    let figures = outbox.figures()[0].clone();
    wait_for(|| std::future::ready((figures.refused() == 1 && figures.waiting() == 0).then_some(()))).await;
    assert_eq!(figures.failures(), 3);
    outbox.stop(Duration::from_secs(5)).await;

    // It stays set aside in the next life.
    ear.be(Mood::Fine);
    let outbox = tell(&house, &[&ear], hurried());
    pause_sales(&house, 10).await;
    ear.hears(10, &with_opening(&["resumed", "suspended", "resumed"])).await;
    outbox.stop(Duration::from_secs(5)).await;
}

/// A restart goes on where the last life ended: nothing is lost, and after a graceful end nothing comes twice.
#[actix::test]
async fn a_new_life_goes_on_where_the_last_one_ended() {
    let house = House::open().await;
    let (ear, late) = (Ear::new("ear"), Ear::new("late"));
    let outbox = tell(&house, &[&ear], Options { history: true, ..hurried() });
    ear.hears(10, &OPENING).await;
    outbox.stop(Duration::from_secs(5)).await;
    pause_sales(&house, 10).await;
    let (store, node) = start(house.folder.path(), house.clock.clone());
    let again = House { folder: tempfile::tempdir().unwrap(), store, clock: house.clock.clone(), node };
    // One that is new hears what comes from now on.
    let outbox = tell(&again, &[&ear, &late], hurried());
    ear.hears(10, &with_opening(&["suspended", "resumed"])).await;
    assert_eq!(ear.heard().iter().filter(|notice| notice.raffle_id.is_some()).count(), 4, "nothing came twice");
    wait_for(|| async {
        (!again.store.join_outbox("late", false, drumroll_engine::time::Timestamp(1)).await.unwrap()).then_some(())
    })
    .await;
    pause_sales(&again, 10).await;
    late.hears(10, &["suspended", "resumed"]).await;
    outbox.stop(Duration::from_secs(5)).await;
}

/// Two nodes tell one target of the same subjects: at least once, first arrivals in order, no cursor goes back.
#[actix::test]
async fn two_nodes_that_tell_one_target_repeat_each_other_at_worst() {
    let house = House::open().await;
    // Each node has its own ear, and both write into one book.
    struct Page(Arc<Mutex<Vec<Notice>>>);
    impl Target for Page {
        fn name(&self) -> &str {
            "shared"
        }
        fn tell<'a>(&'a self, notice: &'a Notice) -> Telling<'a> {
            Box::pin(async move {
                self.0.lock().unwrap().push(notice.clone());
                tokio::task::yield_now().await;
                Ok(())
            })
        }
    }
    let book = Arc::new(Mutex::new(Vec::new()));
    let kinds: BTreeSet<Kind> = Kind::ALL.iter().copied().collect();
    let options = Options { history: true, sweep: Duration::from_millis(5), ..hurried() };
    let nodes: Vec<Outbox> = (0..2)
        .map(|_| {
            let page = Arc::new(Page(book.clone()));
            Outbox::start(&house.node, vec![Subscription { target: page, kinds: kinds.clone() }], options)
        })
        .collect();
    for _ in 0..40 {
        pause_sales(&house, 10).await;
    }
    let subject = format!("raffle:{}", stream(10).raffle);
    wait_for(|| {
        let count = firsts(&book.lock().unwrap()).get(&subject).map_or(0, Vec::len);
        std::future::ready((count == 82).then_some(()))
    })
    .await;
    for node in nodes {
        node.stop(Duration::from_secs(5)).await;
    }
    let due = house.store.outbox_due("shared", None, 10).await.unwrap();
    assert_eq!(due, [], "the cursors are at the end");
}

/// The kinds that are wanted, and no others; those that nobody wants are not looked at again.
#[actix::test]
async fn only_the_kinds_that_are_wanted_are_told() {
    let house = House::open().await;
    let ear = Ear::new("ear");
    let kinds = BTreeSet::from([Kind::Suspended]);
    let outbox = Outbox::start(&house.node, vec![Subscription { target: ear.clone(), kinds }], hurried());
    wait_for(|| async { house.store.outbox_due("ear", None, 10).await.unwrap().is_empty().then_some(()) }).await;
    pause_sales(&house, 10).await;
    pause_sales(&house, 10).await;
    ear.hears(10, &["suspended", "suspended"]).await;
    let heard = ear.heard();
    let previous = [heard[0].previous, heard[1].previous];
    assert_eq!(previous, [0, heard[0].position], "what was passed by is no gap");
    wait_for(|| async { house.store.outbox_due("ear", None, 10).await.unwrap().is_empty().then_some(()) }).await;
    outbox.stop(Duration::from_secs(5)).await;
}

/// A raffle that was set aside is told of, in its organisation's name, for its own actor is gone.
#[actix::test]
async fn a_raffle_that_is_set_aside_is_told_of() {
    let house = House::open().await;
    let ear = Ear::new("ear");
    let outbox = tell(&house, &[&ear], hurried());
    while house.node.raffles().set_aside().is_empty() {
        let look = house.node.read(stream(10), |_| -> () { panic!("injected by a test") }).await;
        assert!(matches!(look, Err(ExecuteError::Interrupted | ExecuteError::SetAside)), "{look:?}");
        tokio::task::yield_now().await;
    }
    let alert =
        wait_for(|| std::future::ready(ear.heard().into_iter().find(|notice| notice.kind == Kind::RaffleSetAside)))
            .await;
    let organisation = StreamId::organisation(common::ORGANISATION);
    assert_eq!(alert.subject, format!("organisation:{}", organisation.organisation));
    assert_eq!(alert.data, serde_json::json!({ "raffle_id": stream(10).raffle.to_string() }));
    outbox.stop(Duration::from_secs(5)).await;
}

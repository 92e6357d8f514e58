//! Counters and online buyers, with a network between them and the nodes that loses, delays and doubles.

use crate::cluster::{Cluster, MANAGER, Member, RAFFLE, STREAM, manager};
use crate::mutation::Mutation;
use crate::world::{Lane, Promised, World, lock};
use drumroll_actors::aggregate::Origin;
use drumroll_actors::intake;
use drumroll_actors::node::{Answered, Failure};
use drumroll_actors::registry::ExecuteError;
use drumroll_actors::store::{Store, TicketRef};
use drumroll_engine::id::OrderKey;
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::money::Line;
use drumroll_engine::raffle::confirm_payment::ConfirmPayment;
use drumroll_engine::raffle::confirm_refund::ConfirmRefund;
use drumroll_engine::raffle::end_hold::EndHold;
use drumroll_engine::raffle::hold_order::HoldOrder;
use drumroll_engine::raffle::sell_tickets::SellTickets;
use drumroll_engine::raffle::{Answer, Channel, Command, Rejection};
use drumroll_engine::ticket::{NumberRange, ValidationNumber};
use drumroll_tests::auditor::evidence;
use drumroll_tests::chance::Chance;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How often a client asks before it gives up.
const TRIES: u32 = 6;

/// A client at work.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) world: Arc<World>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) lane: Lane,
    pub(crate) chance: Chance,
    pub(crate) name: String,
}

/// What a client heard.
pub(crate) enum Heard {
    /// An answer.
    Answer(Answered),
    /// A refusal, for good.
    Refused(Rejection),
    /// Nothing, or that nobody knows.
    Nothing,
}

/// Sixteen bytes of chance.
pub(crate) fn key(chance: &mut Chance) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&chance.bits().to_be_bytes());
    key[8..].copy_from_slice(&chance.bits().to_be_bytes());
    key
}

fn salt(chance: &mut Chance) -> [u8; 32] {
    let mut salt = [0; 32];
    salt[..16].copy_from_slice(&key(chance));
    salt[16..].copy_from_slice(&key(chance));
    salt
}

impl Client {
    pub(crate) fn new(world: &Arc<World>, cluster: &Arc<Cluster>, lane: Lane, name: &str, number: u64) -> Self {
        let chance = world.chance(number);
        Self { world: world.clone(), cluster: cluster.clone(), lane, chance, name: format!("{name} {number}") }
    }

    pub(crate) async fn pass(&self, ms: u64) {
        self.world.pass(self.lane, ms).await;
    }

    /// Sends one command and waits for what comes back, if anything does.
    pub(crate) async fn ask(&mut self, lane: intake::Lane, origin: Origin, command: Command) -> Heard {
        let member = self.cluster.pick(&mut self.chance);
        let (there, back) = (self.chance.below(60), self.chance.below(60));
        let lost = self.world.strikes(&mut self.chance, self.world.plan.losses);
        let unheard = self.world.strikes(&mut self.chance, self.world.plan.losses);
        self.pass(there).await;
        let Some(member) = member.filter(|member| member.is_up() && !lost) else {
            self.pass(1_000).await;
            return Heard::Nothing;
        };
        let answer = member.node.execute(STREAM, lane, origin, command).await;
        if let Ok(answered) = &answer {
            self.durable(answered);
            self.shown(&member).await;
        }
        self.pass(back).await;
        if !member.is_up() || unheard {
            return Heard::Nothing;
        }
        match answer {
            Ok(answered) => Heard::Answer(answered),
            Err(Failure::Refused(rejection)) => Heard::Refused(rejection),
            Err(Failure::Failed(error)) => {
                self.sound(&error);
                Heard::Nothing
            }
        }
    }

    /// What an answer rests on is in the store before it goes out, also where it only repeats (I1).
    fn durable(&self, answered: &Answered) {
        let durable = self.world.store.head(STREAM).seq;
        let there =
            |order| self.world.store.ticket(Some(RAFFLE), TicketRef::Order(order)).is_ok_and(|row| row.is_some());
        let kept = match answered.answer {
            Answer::OnRecord(order) => there(order),
            _ => true,
        };
        if answered.seq > durable || !kept {
            let detail = format!("{}: {:?} rests on event {}", self.name, answered.answer, answered.seq);
            self.world.find("AnsweredBeforeCommit", format!("{detail}, {durable} are on record"));
        }
    }

    /// What a node shows is on record (I9). Whoever answered has something to show, so that nothing is woken.
    async fn shown(&self, member: &Member) {
        if let Ok(feed) = member.node.feed(STREAM).await {
            let (shown, durable) = (feed.view().seq, self.world.store.head(STREAM).seq);
            if shown > durable {
                self.world.find("ShownBeforeCommit", format!("event {shown} is shown, {durable} are on record"));
            }
        }
    }

    /// A node may be busy, cut off or overtaken; what it reads back is never damaged, and it never gives up.
    fn sound(&self, error: &ExecuteError) {
        if matches!(error, ExecuteError::Damaged(_) | ExecuteError::SetAside) {
            self.world.find("Damaged", error.to_string());
        }
    }

    /// Asks until there is an answer; `Nothing` after so many tries.
    pub(crate) async fn insist(&mut self, lane: intake::Lane, origin: Origin, command: Command, tries: u32) -> Heard {
        for _ in 0..tries {
            match self.ask(lane, origin, command.clone()).await {
                Heard::Nothing => {
                    let pause = 100 + self.chance.below(1_500);
                    self.pass(pause).await;
                }
                heard => return heard,
            }
        }
        Heard::Nothing
    }

    fn say(&self, what: impl AsRef<str>) {
        self.world.note(format!("{}: {}", self.name, what.as_ref()));
    }

    /// Puts a ticket that somebody was given on record.
    fn given(&self, order: OrderKey, ranges: &[NumberRange], price_minor: u64, validation: ValidationNumber) {
        if self.world.store.ticket(Some(RAFFLE), TicketRef::Order(order)).is_ok_and(|row| row.is_none()) {
            self.world.find("AnsweredBeforeCommit", format!("{} has order {order}, the store has not", self.name));
        }
        let sale = evidence::Sale {
            source: self.name.clone(),
            raffle: RAFFLE.0,
            order: order.0,
            ranges: ranges.iter().map(|range| (range.first(), range.last())).collect(),
            price_minor,
            validation: validation.to_compact(),
            acknowledged: true,
            quarantined: None,
        };
        let answer = format!("{} {:?} {}", sale.validation, sale.ranges, sale.price_minor);
        let mut evidence = lock(&self.world.evidence);
        evidence.answers.push((sale.order, answer));
        if !evidence.sales.contains(&sale) {
            evidence.sales.push(sale);
        }
    }

    /// The ticket of an order on record, read as the edge reads it.
    async fn fetch(&mut self, order: OrderKey) {
        for _ in 0..TRIES {
            let Some(member) = self.cluster.pick(&mut self.chance) else { return };
            match read_ticket(&member, order).await {
                Some(row) if member.is_up() => {
                    self.say(format!("has {:?}", row.0));
                    self.given(order, &row.0, row.1, row.2);
                    return;
                }
                _ => self.pass(300).await,
            }
        }
    }

    fn lines(&mut self) -> Vec<Line> {
        let package = *self.chance.of(&[1, 1, 2]);
        vec![Line { package, quantity: u32::try_from(1 + self.chance.below(3)).unwrap_or(1) }]
    }

    // --- counters ---------------------------------------------------------------------------------------

    /// A counter, from the opening until long after the close.
    pub(crate) async fn counter(mut self) {
        while !self.sales_are_long_over() {
            let pause = 300 + self.chance.below(9_000);
            self.pass(pause).await;
            self.one_sale().await;
        }
    }

    /// People who come at the last moment: one in each of the lane's turns around the close.
    pub(crate) async fn last_moment(self) {
        let mut told = 0;
        while !self.world.is_over() {
            let closes = self.world.closes_ms.load(Ordering::Relaxed);
            let now = self.world.ms();
            if closes == 0 || closes == told || now + 1_500 < closes {
                self.pass(500).await;
                continue;
            }
            told = closes;
            for offset in [48, 32, 16, 0] {
                self.world.until(self.lane, closes.saturating_sub(offset)).await;
                self.spawn_sale();
            }
            for _ in 0..3 {
                self.pass(1).await;
                self.spawn_sale();
            }
        }
    }

    /// A sale at the newest node, in this very millisecond.
    fn spawn_sale(&self) {
        let mut buyer = self.clone();
        buyer.chance = self.world.chance(50_000 + self.world.ms());
        let Some(member) = self.cluster.up().last().cloned() else { return };
        actix::spawn(async move {
            let order = OrderKey(key(&mut buyer.chance));
            let command = buyer.sale(order);
            lock(&buyer.world.asked_at).insert(order.0, buyer.world.ms());
            let answer = member.node.execute(STREAM, intake::Lane::Counter, manager(), command).await;
            buyer.pass(1).await;
            if member.is_up() {
                let heard = match answer {
                    Ok(answered) => Heard::Answer(answered),
                    Err(Failure::Refused(rejection)) => Heard::Refused(rejection),
                    Err(Failure::Failed(_)) => Heard::Nothing,
                };
                let _ = buyer.sold(order, heard, false).await;
            }
        });
    }

    fn sales_are_long_over(&self) -> bool {
        let closes = self.world.closes_ms.load(Ordering::Relaxed);
        self.world.is_over() || (closes > 0 && self.world.ms() > closes + 10_000)
    }

    fn sale(&mut self, order: OrderKey) -> Command {
        Command::SellTickets(SellTickets {
            order,
            channel: Channel::Counter,
            seller: Some(MANAGER),
            lines: self.lines(),
            random: self.chance.bits().to_be_bytes(),
            salt: salt(&mut self.chance),
        })
    }

    async fn one_sale(&mut self) {
        let order = OrderKey(key(&mut self.chance));
        let command = self.sale(order);
        let (doubled, repeated) = (self.chance.below(8) == 0, self.chance.below(8) == 0);
        if doubled {
            // A double click: the same request twice, at the same time.
            let mut other = self.another();
            let again = command.clone();
            actix::spawn(async move { other.sell(order, again, false).await });
        }
        self.sell(order, command.clone(), !doubled && !repeated).await;
        if repeated {
            // Much later, once more.
            let pause = 1_000 + self.chance.below(20_000);
            let mut other = self.another();
            actix::spawn(async move {
                other.pass(pause).await;
                other.sell(order, command, false).await;
            });
        }
    }

    /// Somebody else, with choices of his own.
    fn another(&mut self) -> Self {
        let chance = self.world.chance(self.chance.bits());
        Self { chance, ..self.clone() }
    }

    /// `alone`: nobody else asks under this key, so that a refusal is the end of it.
    async fn sell(&mut self, order: OrderKey, command: Command, alone: bool) {
        let mut uncertain = !alone;
        for _ in 0..TRIES {
            let mut command = command.clone();
            if self.world.has(Mutation::NewKeyPerTry)
                && let Command::SellTickets(sale) = &mut command
            {
                sale.order = OrderKey(key(&mut self.chance));
            }
            let asked = self.world.ms();
            let heard = self.ask(intake::Lane::Counter, manager(), command).await;
            if matches!(&heard, Heard::Answer(answered) if matches!(answered.answer, Answer::Sold(_))) {
                lock(&self.world.asked_at).insert(order.0, asked);
            }
            if self.sold(order, heard, uncertain).await.is_break() {
                return;
            }
            uncertain = true;
            let pause = 100 + self.chance.below(2_000);
            self.pass(pause).await;
        }
    }

    /// Takes the answer to a sale; `Continue` when there was none.
    async fn sold(&mut self, order: OrderKey, heard: Heard, uncertain: bool) -> ControlFlow<()> {
        match heard {
            Heard::Answer(Answered { answer: Answer::Sold(sale), .. }) => {
                self.say(format!("sold {:?}", sale.ranges));
                // The key under which the client knows it, whatever became of it on the way.
                self.given(order, &sale.ranges, sale.price_minor, sale.validation);
                ControlFlow::Break(())
            }
            Heard::Answer(_) => {
                self.fetch(order).await;
                ControlFlow::Break(())
            }
            Heard::Refused(rejection) => {
                self.say(format!("refused, {}", rejection.code()));
                if !uncertain {
                    let refused = (RAFFLE.0, order.0, rejection.code().to_owned());
                    lock(&self.world.evidence).refused.push(refused);
                }
                ControlFlow::Break(())
            }
            Heard::Nothing => ControlFlow::Continue(()),
        }
    }

    // --- online buyers ----------------------------------------------------------------------------------

    /// Online buyers, one after the other.
    pub(crate) async fn buyers(mut self) {
        while !self.sales_are_long_over() {
            let pause = 300 + self.chance.below(12_000);
            self.pass(pause).await;
            let mut buyer = self.another();
            actix::spawn(async move { buyer.purchase().await });
        }
    }

    async fn purchase(&mut self) {
        let public = Origin { actor: Actor::Public, approver: None, cause: Cause::Internal };
        let order = OrderKey(key(&mut self.chance));
        let lines = self.lines();
        let hold = Command::HoldOrder(HoldOrder { order, lines });
        let expires_at = match self.insist(intake::Lane::Online, public, hold, TRIES).await {
            Heard::Answer(Answered { answer: Answer::Held { expires_at, .. }, .. }) => expires_at,
            Heard::Answer(_) | Heard::Nothing => return,
            Heard::Refused(rejection) => {
                self.say(format!("no hold, {}", rejection.code()));
                return;
            }
        };
        self.say("holds");
        let system = Origin { actor: Actor::System, approver: None, cause: Cause::Internal };
        match self.chance.below(10) {
            // Gone for good; the hold ends by itself.
            0 => return,
            1 => {
                let pause = self.chance.below(20_000);
                self.pass(pause).await;
                drop(self.insist(intake::Lane::Online, system, Command::EndHold(EndHold { order }), TRIES).await);
                return;
            }
            // At the last moment, to the millisecond, or a little later.
            2 | 3 => {
                let late = *self.chance.of(&[0, 0, 16, 2_000, 6_000]);
                let ms = expires_at.since(crate::world::START).0 / 1_000;
                self.world.until(self.lane, ms + late).await;
            }
            4 => {
                let pause = 20_000 + self.chance.below(30_000);
                self.pass(pause).await;
            }
            _ => {
                let pause = self.chance.below(8_000);
                self.pass(pause).await;
            }
        }
        self.pay(order, system).await;
    }

    async fn pay(&mut self, order: OrderKey, system: Origin) {
        let pay = Command::ConfirmPayment(ConfirmPayment {
            order,
            payment: "paid".to_owned(),
            random: self.chance.bits().to_be_bytes(),
            salt: salt(&mut self.chance),
        });
        let again = 1 + self.chance.below(3);
        for _ in 0..again {
            // A provider does not give up.
            match self.insist(intake::Lane::Online, system, pay.clone(), 40).await {
                Heard::Answer(Answered { answer: Answer::Sold(sale), .. }) => {
                    self.say(format!("paid, has {:?}", sale.ranges));
                    self.given(order, &sale.ranges, sale.price_minor, sale.validation);
                    lock(&self.world.payments).insert(order.0, Promised::Ticket);
                }
                Heard::Answer(Answered { answer: Answer::RefundDue, .. }) => {
                    self.say("paid too late");
                    lock(&self.world.payments).insert(order.0, Promised::Refund);
                    let refund = ConfirmRefund { order, reference: "refunded".to_owned() };
                    drop(self.insist(intake::Lane::Online, system, Command::ConfirmRefund(refund), 2).await);
                }
                Heard::Answer(_) => {
                    lock(&self.world.payments).insert(order.0, Promised::Ticket);
                    self.fetch(order).await;
                }
                // From a node that another has overtaken and that does not know it yet: the provider comes again.
                Heard::Refused(rejection) => self.say(format!("payment refused, {}", rejection.code())),
                Heard::Nothing => {}
            }
            let pause = 500 + self.chance.below(5_000);
            self.pass(pause).await;
        }
    }
}

type Row = (Vec<NumberRange>, u64, ValidationNumber);

async fn read_ticket(member: &Member, order: OrderKey) -> Option<Row> {
    let store: &Arc<dyn Store> = member.node.store();
    let reading = store.ticket(Some(RAFFLE), TicketRef::Order(order));
    let row = tokio::time::timeout(std::time::Duration::from_secs(5), reading).await.ok()?.ok()??;
    Some((row.ranges, row.price_minor, row.validation))
}

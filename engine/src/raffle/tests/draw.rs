//! From the seal to the last prize, with real keys (D-01 to D-07, I9, I10).

use super::script::{check, continue_with};
use super::world::{World, config, secrets, with};
use crate::bytes::Bytes;
use crate::draw::{self, Options, PlanHash, Reveal, produce, verify};
use crate::money::PrizeRule;
use crate::raffle::{
    Command, SealedLedger, Slot, draw_winners::DrawWinners, lock_draw::LockDraw, prove_draw::ProveDraw,
    publish_draw::PublishDraw, reveal_witness::RevealWitness,
};
use crate::time::Span;

/// What the shell computes for each step, from what is on record.
impl World {
    pub(super) fn sealed(&self) -> Option<SealedLedger> {
        let (plan, ledger) = (self.raffle.plan(1)?, self.raffle.ledger().ok()?);
        let close = self.raffle.close_facts(self.head, self.now.as_millis());
        let commitments = vec![draw::Commitment(self.raffle.draw(1)?.house_commitment.0)];
        let signed = produce::lock(&plan, &ledger, close, commitments, &secrets().ledger).ok()?;
        Some(SealedLedger {
            close_seq: signed.lock.close_seq,
            journal_head: Bytes(signed.lock.journal_head),
            closed_at_ms: signed.lock.closed_at_ms,
            range_count: signed.lock.range_count,
            sold_count: signed.lock.sold_count,
            ledger_root: Bytes(signed.lock.ledger_root),
            lock_hash: Bytes(signed.lock.hash(&plan.hash()).0),
            signature: Bytes(signed.sig.0),
        })
    }

    pub(super) fn lock(&self) -> Command {
        let lock = self.sealed().unwrap_or(SealedLedger {
            close_seq: self.head.seq,
            journal_head: self.head.hash,
            closed_at_ms: self.now.as_millis(),
            range_count: 0,
            sold_count: 0,
            ledger_root: Bytes::default(),
            lock_hash: Bytes::default(),
            signature: Bytes::default(),
        });
        Command::LockDraw(Box::new(LockDraw { draw_no: 1, lock }))
    }

    pub(super) fn reveal(&self) -> Command {
        let lock_hash = self.raffle.draw(1).and_then(|draw| draw.lock_hash()).unwrap_or(draw::LockHash([0; 32]));
        let secrets = secrets();
        let reveal = Reveal::sign(&secrets.witness, &lock_hash, &secrets.random);
        let (signature, reveal) = (Bytes(reveal.sig.0), Bytes(reveal.r));
        Command::RevealWitness(RevealWitness { draw_no: 1, reveal, signature })
    }

    fn proof(&self) -> Option<draw::Proof> {
        let (plan, draw) = (self.raffle.plan(1)?, self.raffle.draw(1)?);
        produce::prove(&plan, &draw.signed_lock()?, &draw.reveals()?, &secrets().vrf).ok()
    }

    pub(super) fn prove(&self) -> Command {
        let proof = self.proof().map(|proof| Bytes(proof.0)).unwrap_or_default();
        Command::ProveDraw(ProveDraw { draw_no: 1, proof })
    }

    pub(super) fn outcome(&self) -> Option<DrawWinners> {
        let (plan, draw) = (self.raffle.plan(1)?, self.raffle.draw(1)?);
        let ledger = self.raffle.ledger().ok()?;
        let (lock, reveals, proof) = (draw.signed_lock()?, draw.reveals()?, draw.vrf_proof()?);
        let outcome = draw::Outcome::compute(&plan, &ledger, &lock, &reveals, &proof, None).ok()?;
        let slot = |drawn: &draw::DrawnSlot| Slot { rank: drawn.slot.rank, number: drawn.slot.number };
        Some(DrawWinners {
            draw_no: 1,
            seed: Bytes(outcome.seed.0),
            slots: outcome.slots.iter().map(slot).collect(),
            result_hash: Bytes(outcome.result_hash.0),
            signature: Bytes(outcome.sign(&secrets().ledger).ok()?.0),
        })
    }

    pub(super) fn winners(&self) -> Command {
        Command::DrawWinners(Box::new(self.outcome().unwrap_or(DrawWinners {
            draw_no: 1,
            seed: Bytes::default(),
            slots: vec![],
            result_hash: Bytes::default(),
            signature: Bytes::default(),
        })))
    }

    pub(super) fn publish(&self) -> Command {
        let lock = self.raffle.draw(1).and_then(|draw| draw.lock.as_ref());
        let lock_hash = lock.map(|lock| lock.lock_hash).unwrap_or_default();
        Command::PublishDraw(PublishDraw { draw_no: 1, lock_hash })
    }

    fn refuses(&mut self, command: Command, code: &str) {
        let before = self.raffle.clone();
        match self.give(command).answer {
            Err(rejection) => assert_eq!(rejection.code(), code),
            Ok(answer) => panic!("{answer:?}, not {code}"),
        }
        assert_eq!(self.raffle, before);
    }
}

/// Sales of three kinds with a void among them, acknowledged: 3 + 20 - 1 sold numbers.
fn acknowledged() -> World {
    check(
        config(),
        "
        sell c1 2x1 at 10s    -> sold 1..2 for 10.00
        sell c2 1x1           -> sold 3..3 for 5.00
        sell c3 1x1           -> sold 4..4 for 5.00
        hold o1 1x2           -> held until 610s for 10.00
        pay o1 at 20s         -> sold 401..420 for 10.00
        join d1               -> slot 1
        reserve d1            -> leased 701..750
        d1 sells k1 1x2 price=9.00 -> quarantined price_mismatch
        d1 sells k2 2x1       -> accepted
        void c2               -> done
        d1 final              -> accepted
        refund d1 1           -> done
        tick at 3600s         -> done
        acknowledge           -> done
        ledger                -> 1..2, 4..4, 401..420, 721..722
    ",
    )
}

#[test]
fn d04_i10_a_draw_from_seal_to_settlement_is_accepted_by_the_verifier() {
    let world = continue_with(
        acknowledged(),
        "
        drawn            -> acknowledged
        jackpot          -> 17.50
        lock at 3700s    -> done
        void c1          -> ledger_sealed
        reopen           -> ledger_sealed
        cancel with colleague -> ledger_sealed
        cancel draw      -> ledger_sealed
        reveal           -> done
        prove            -> done
        draw             -> done
        drawn            -> drawn
        finalize         -> wrong_draw_status drawn
        publish          -> done
        settle           -> done
        finalize         -> done
        status           -> finalized
    ",
    );
    let raffle = &world.raffle;
    let transcript = raffle.transcript(1).unwrap();
    let expected_plan = Some(PlanHash(raffle.draws[0].plan_hash.0));
    let report = verify(&transcript, &Options { expected_plan, ..Options::default() });
    assert!(report.ok && report.plan_pinned, "{}", report.detail);
    let json = draw::verify_json(transcript.encode().as_bytes(), &Options { expected_plan, ..Options::default() });
    assert!(json.ok, "{}", json.detail);

    // The verifier's winners are the raffle's, in announced order, each with its frozen value (D-07, D-09).
    let places = raffle.places(1);
    let seen: Vec<_> = places.iter().map(|place| (place.prize_id, place.position, place.number)).collect();
    let verified: Vec<_> = report.winners.iter().map(|won| (won.prize_id, won.position, won.number)).collect();
    assert_eq!(seen, verified);
    let values: Vec<_> = places.iter().map(|place| (place.prize_id, place.position, place.value_minor)).collect();
    assert_eq!(values, [(Some(1), 1, 1_750), (Some(2), 1, 5_000), (Some(2), 2, 5_000), (None, 1, 0), (None, 2, 0)]);
    assert_eq!(raffle.winners(1).len(), 3);
    for place in &places {
        let (_, owner) = raffle.owner(place.number).expect("D-04: a winner has an owner");
        assert!(owner.eligible(), "D-04: {} is not a valid ticket", place.number);
    }
    // A plan of another raffle is not this one's (RDP-1 §1, attack 18).
    let other = Some(PlanHash([9; 32]));
    assert!(!verify(&transcript, &Options { expected_plan: other, ..Options::default() }).ok);
}

/// D-05: whoever clicks again finds the first outcome, and each step is taken once.
#[test]
fn d05_every_step_repeated_is_harmless() {
    let world = continue_with(
        acknowledged(),
        "
        lock at 3700s -> done
        reveal        -> done
        reveal        -> done, nothing new
        prove         -> done
        prove         -> done, nothing new
        draw          -> done
        draw          -> done, nothing new
        publish       -> done
        publish       -> done, nothing new
        lock          -> wrong_draw_status published
        settle        -> done
        publish       -> done, nothing new
        settle        -> wrong_draw_status settled
    ",
    );
    let mut world = world;
    let result = world.raffle.draws[0].result.clone();
    let mut other = world.outcome().unwrap();
    other.slots.reverse();
    assert!(world.give(Command::DrawWinners(Box::new(other))).events.is_empty(), "a second click never re-rolls");
    assert_eq!(world.raffle.draws[0].result, result);
}

/// I9, L-06: each step waits for the one before it.
#[test]
fn l06_i9_steps_out_of_order_are_refused() {
    check(
        config(),
        "
        sell c1 2x1 at 10s -> sold 1..2 for 10.00
        lock               -> wrong_draw_status planned
        reveal             -> wrong_draw_status planned
        prove              -> wrong_draw_status planned
        draw               -> wrong_draw_status planned
        publish            -> wrong_draw_status planned
        settle             -> wrong_draw_status planned
        tick at 3600s      -> done
        lock               -> wrong_draw_status planned
        acknowledge        -> done
        reveal             -> wrong_draw_status acknowledged
        reopen             -> done
        lock               -> wrong_draw_status planned
        acknowledge        -> done
        lock               -> done
        prove              -> wrong_draw_status locked
        draw               -> wrong_draw_status locked
        reveal             -> done
        draw               -> wrong_draw_status locked
        prove              -> done
        publish            -> wrong_draw_status proven
        draw               -> done
        settle             -> wrong_draw_status drawn
        settle reason=none -> wrong_draw_status drawn
        publish            -> done
        settle reason=none -> reason_missing
        settle             -> done
    ",
    );
}

/// RDP-1 step 3: the lock names the journal's end, the instant and the sold count, and is signed.
#[test]
fn d04_a_lock_that_does_not_fit_is_refused() {
    let mut world = continue_with(acknowledged(), "status at 3700s -> reconciled");
    let good = world.sealed().unwrap();
    type Edit = fn(&mut SealedLedger);
    let edits: [(&str, Edit); 11] = [
        ("lock_outdated", |lock| lock.close_seq -= 1),
        ("lock_outdated", |lock| lock.journal_head.0[0] ^= 1),
        ("lock_outdated", |lock| lock.closed_at_ms += 1),
        ("lock_outdated", |lock| lock.closed_at_ms -= 60_001),
        ("draw_invalid", |lock| lock.sold_count = 0),
        ("draw_invalid", |lock| lock.sold_count += 1),
        ("draw_invalid", |lock| lock.range_count += 1),
        ("draw_invalid", |lock| lock.ledger_root.0[5] ^= 1),
        ("draw_invalid", |lock| lock.lock_hash.0[5] ^= 1),
        ("draw_invalid", |lock| lock.signature.0[5] ^= 1),
        ("draw_invalid", |lock| lock.closed_at_ms -= 1),
    ];
    for (code, edit) in edits {
        let mut lock = good.clone();
        edit(&mut lock);
        world.refuses(Command::LockDraw(Box::new(LockDraw { draw_no: 1, lock })), code);
    }
    world.refuses(Command::LockDraw(Box::new(LockDraw { draw_no: 2, lock: good.clone() })), "unknown_draw");
    // Something was recorded meanwhile: the lock is made anew.
    let mut world = continue_with(world, "reopen -> done\n acknowledge -> done");
    world.refuses(Command::LockDraw(Box::new(LockDraw { draw_no: 1, lock: good })), "lock_outdated");
    continue_with(world, "lock -> done");
}

/// A lock made a minute ago may still be recorded, one older may not, nor one from before the last event.
#[test]
fn d04_the_instant_of_the_lock_is_fresh() {
    let mut world = continue_with(acknowledged(), "status at 3700s -> reconciled");
    let lock = world.lock();
    world.now = world.now + Span::seconds(60);
    assert!(world.give(lock).answer.is_ok());
}

#[test]
fn i10_forged_reveals_proofs_and_results_are_refused() {
    let mut world = continue_with(acknowledged(), "lock at 3700s -> done");
    let Command::RevealWitness(good) = world.reveal() else { unreachable!() };
    let mut other = good;
    other.reveal.0[0] ^= 1;
    world.refuses(Command::RevealWitness(other), "draw_invalid");
    let mut other = good;
    other.signature.0[0] ^= 1;
    world.refuses(Command::RevealWitness(other), "draw_invalid");
    world.refuses(Command::RevealWitness(RevealWitness { draw_no: 7, ..good }), "unknown_draw");
    world.must(Command::RevealWitness(good));
    let mut other = good;
    other.reveal.0[0] ^= 1;
    world.refuses(Command::RevealWitness(other), "draw_invalid");

    let Command::ProveDraw(good) = world.prove() else { unreachable!() };
    for byte in [0, 31, 32, 47, 48, 79] {
        let mut other = good;
        other.proof.0[byte] ^= 1;
        world.refuses(Command::ProveDraw(other), "draw_invalid");
    }
    world.must(Command::ProveDraw(good));
    world.refuses(Command::ProveDraw(ProveDraw { draw_no: 1, proof: Bytes([1; 80]) }), "wrong_draw_status");

    let good = world.outcome().unwrap();
    type Edit = fn(&mut DrawWinners);
    let edits: [Edit; 8] = [
        |won| won.seed.0[0] ^= 1,
        |won| won.result_hash.0[0] ^= 1,
        |won| won.signature.0[0] ^= 1,
        |won| won.slots.swap(0, 1),
        |won| won.slots[0].number += 1,
        |won| won.slots[0].rank += 1,
        |won| won.slots.truncate(2),
        |won| won.slots.push(won.slots[0]),
    ];
    for edit in edits {
        let mut other = good.clone();
        edit(&mut other);
        world.refuses(Command::DrawWinners(Box::new(other)), "draw_invalid");
    }
    world.must(Command::DrawWinners(Box::new(good)));
    world.refuses(Command::PublishDraw(PublishDraw { draw_no: 1, lock_hash: Bytes([1; 32]) }), "lock_hash_differs");
    continue_with(world, "publish -> done");
}

/// D-04: whoever holds the ledger key still cannot name a winner the seed did not.
#[test]
fn d04_well_signed_winners_that_the_seed_did_not_draw_are_refused() {
    let mut world = continue_with(acknowledged(), "lock at 3700s -> done\n reveal -> done\n prove -> done");
    let good = world.outcome().unwrap();
    let draw = world.raffle.draws[0].clone();
    let signed = |slots: Vec<Slot>| {
        let rdp1 = slots.iter().map(|slot| draw::Slot { rank: slot.rank, number: slot.number });
        let seed = draw::Seed(good.seed.0);
        let hash = draw::ResultHash::of(&draw.lock_hash().unwrap(), &seed, rdp1.collect::<Vec<_>>().into_iter());
        let secret = crate::device::SecretKey::from_bytes(&super::world::bytes("test ledger key"));
        let signature = Bytes(secret.sign("rdp1/result-sig", &hash.0));
        let result_hash = Bytes(hash.0);
        Command::DrawWinners(Box::new(DrawWinners { slots, result_hash, signature, ..good.clone() }))
    };
    let mut swapped = good.slots.clone();
    swapped.swap(0, 1);
    world.refuses(signed(swapped), "draw_invalid");
    // An unsold number, a voided one, a sold one at another rank.
    for number in [5, 3, 701, 420] {
        let mut named = good.slots.clone();
        named[0].number = if named[0].number == number { number - 1 } else { number };
        world.refuses(signed(named), "draw_invalid");
    }
    world.must(signed(good.slots.clone()));
}

/// I9, GLI-31 §2.6.5: no fact shows a number before the publication.
#[test]
fn i9_facts_show_no_number_before_publication() {
    let world = continue_with(acknowledged(), "lock at 3700s -> done\n reveal -> done\n prove -> done\n draw -> done");
    let seen = |world: &World, kind: &str| {
        let fact = world.facts.iter().rev().find(|fact| fact.kind == kind).expect("a fact");
        let fields: Vec<&str> = fact.data.as_object().unwrap().keys().map(String::as_str).collect();
        fields.join(" ")
    };
    assert_eq!(seen(&world, "locked"), "draw_id draw_no lock_hash sold_count");
    assert_eq!(seen(&world, "proven"), "draw_id draw_no");
    assert_eq!(seen(&world, "drawn"), "draw_id draw_no");
    assert!(world.facts.iter().all(|fact| fact.data.get("winners").is_none()));
    let world = continue_with(world, "publish -> done\n settle -> done");
    let published = world.facts.iter().find(|fact| fact.kind == "published").unwrap();
    let winners = published.data["winners"].as_array().unwrap();
    assert_eq!(winners.len(), 3);
    assert_eq!(winners[0]["number"], world.raffle.winners(1)[0].number);
    assert_eq!(winners[0]["prize_name"], "Half the pot");
}

/// Fewer sold numbers than prizes: every number wins something, and nothing is made up.
#[test]
fn d07_a_raffle_with_fewer_numbers_than_prizes_can_be_drawn() {
    let world = check(
        config(),
        "
        sell c1 2x1 at 10s -> sold 1..2 for 10.00
        tick at 3600s      -> done
        acknowledge        -> done
        lock               -> done
        reveal             -> done
        prove              -> done
        draw               -> done
    ",
    );
    let mut numbers: Vec<u64> = world.raffle.places(1).iter().map(|place| place.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
    assert!(verify(&world.raffle.transcript(1).unwrap(), &Options::default()).ok);
}

/// Quebec's ten minutes between close and draw, counted from the close as recorded.
#[test]
fn the_profiles_gap_between_close_and_draw_is_kept() {
    let mut world = check(config(), "sell c1 2x1 at 10s -> sold 1..2 for 10.00");
    let profile = world.raffle.profile.as_mut().unwrap();
    profile.close_to_draw_min = Span::seconds(600);
    world.audit_every = usize::MAX;
    continue_with(
        world,
        "
        tick at 3601s        -> done
        acknowledge          -> done
        lock at 4200.999s    -> too_early 1ms
        lock at 4201s        -> done
    ",
    );
}

/// Nothing sold, nothing to draw: the draw is cancelled, then the raffle may end.
#[test]
fn an_empty_raffle_is_not_drawn() {
    check(
        config(),
        "
        tick at 3600s    -> done
        acknowledge      -> done
        lock             -> nothing_sold
        finalize         -> wrong_draw_status acknowledged
        cancel draw reason=none -> reason_missing
        cancel draw      -> done
        cancel draw      -> wrong_draw_status cancelled
        finalize         -> done
    ",
    );
}

/// J ON: once a ticket is sold the raffle is drawn, or cancelled with its refunds; it cannot just end.
#[test]
fn l07_sold_tickets_cannot_be_finalized_away_with_their_draw() {
    check(
        config(),
        "
        hold o1 1x1 at 1s     -> held until 601s for 5.00
        pay o1                -> sold 401..401 for 5.00
        tick at 3600s         -> done
        acknowledge           -> done
        cancel draw           -> done
        finalize              -> wrong_draw_status cancelled
        cancel with colleague -> done
        ticket o1             -> voided, refund due
    ",
    );
}

/// D-09: what was announced at the acknowledgement is what is paid.
#[test]
fn d09_prize_values_are_frozen_at_the_acknowledgement_and_found_on_net_sales() {
    let seeded = with(|config| {
        let rule =
            PrizeRule::Percentage { basis_points: 3_333, seed_minor: 100, guarantee_minor: 300, cap_minor: Some(900) };
        config.prizes[0].rule = rule;
    });
    check(
        seeded,
        "
        jackpot             -> 3.00
        sell c1 1x1 at 1s   -> sold 1..1 for 5.00
        jackpot             -> 3.00             # 1.00 + 1.66, raised to the guarantee
        sell c2 1x2         -> sold 2..21 for 10.00
        jackpot             -> 5.99             # 1.00 + 4.9995, rounded down
        sell c3 2x2         -> sold 22..61 for 20.00
        jackpot             -> 9.00             # lowered to the cap
        void c3             -> done
        void c1             -> done
        jackpot             -> 4.33             # on 10.00 of net sales
        tick at 3600s       -> done
        acknowledge         -> done
        jackpot             -> 4.33
        reopen              -> done
        void c2             -> done
        jackpot             -> 3.00
    ",
    );
}

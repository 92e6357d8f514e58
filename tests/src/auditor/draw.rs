//! The draw, recomputed: plan hash, sealed ledger, lock hash, keystream, slots and result hash, after the draw
//! protocol. What needs curves (signatures, the VRF) is left to `drumroll verify`.

use super::books::Event;
use super::bytes;
use super::numbers::Place;
use super::replay::{Account, Body};
use super::{Check, Findings};
use serde_json::Value;

/// A draw.
#[derive(Clone, Debug, Default)]
pub struct Draw {
    /// Its id, as text.
    pub id: String,
    /// Hash of the plan, recomputed.
    pub plan_hash: [u8; 32],
    /// The house's commitment.
    pub commitment: [u8; 32],
    /// The sealed ledger.
    pub lock: Option<Lock>,
    /// The house's randomness.
    pub reveal: Option<[u8; 32]>,
    /// The VRF's proof, in hex.
    pub proof: Option<String>,
    /// The outcome.
    pub result: Option<Outcome>,
    /// It was confirmed for every screen.
    pub published: bool,
    /// It will not take place.
    pub cancelled: bool,
}

/// A sealed ledger.
#[derive(Clone, Debug)]
pub struct Lock {
    /// What was sold: first, last, hash of the sale.
    pub ledger: Vec<(u64, u64, [u8; 32])>,
    /// Hash of the lock, recomputed.
    pub hash: [u8; 32],
    /// How many numbers.
    pub sold: u64,
    /// The event that sealed it.
    pub seq: u64,
}

/// Winners.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: [u8; 32],
    /// Rank and number, in the order drawn.
    pub slots: Vec<(u64, u64)>,
}

impl Draw {
    /// A plan was frozen. It must be the one that follows from the opening.
    pub(super) fn planned(account: &Account, event: &Event, body: Body<'_>) -> Result<Self, String> {
        if event.seq == 0 || account.opened_at == 0 {
            return Err("plans a draw before the opening".to_owned());
        }
        let (config, keys) = (Body(&account.config), Body(&account.keys));
        let mut plan = Vec::new();
        plan.extend(account.id);
        plan.extend(u32::try_from(body.u64("draw_no")?).unwrap_or(0).to_be_bytes());
        plan.extend(keys.hex32("ledger")?);
        plan.extend(keys.hex32("vrf")?);
        let numbers = config.of("numbers")?;
        plan.extend(numbers.u64("first")?.to_be_bytes());
        plan.extend(numbers.u64("last")?.to_be_bytes());
        // No flags, no beacon: chain, least and greatest delay are zero.
        plan.extend([0; 1 + 32 + 4 + 4]);
        plan.extend(1u16.to_be_bytes());
        plan.extend(keys.hex32("house_witness")?);
        let prizes: Vec<Body<'_>> = config.list("prizes")?.collect();
        plan.extend(u32::try_from(prizes.len()).unwrap_or(0).to_be_bytes());
        for prize in prizes {
            plan.extend(u32::try_from(prize.u64("id")?).unwrap_or(0).to_be_bytes());
            plan.extend(quantity(prize.0).to_be_bytes());
        }
        plan.extend(u32::try_from(config.u64("reserves")?).unwrap_or(0).to_be_bytes());
        plan.extend(account.rules_hash);
        let plan_hash = bytes::tagged("rdp1/plan", &[&plan]);
        if plan_hash != body.hex32("plan_hash")? {
            return Err("has a plan hash that does not follow from the opening".to_owned());
        }
        let commitment = body.hex32("house_commitment")?;
        Ok(Self { id: body.text("draw")?.to_owned(), plan_hash, commitment, ..Self::default() })
    }

    /// A step of the draw.
    pub(super) fn event(
        &mut self,
        account: &Account,
        event: &Event,
        kind: &str,
        body: Body<'_>,
        findings: &mut Findings,
    ) -> Result<(), String> {
        let mut find = |check, what: &str| {
            findings.add(check, format!("raffle {}, event {}: {what}", bytes::uuid(&account.id), event.seq));
        };
        if self.cancelled {
            find(Check::DrawOrder, "a cancelled draw goes on");
        }
        match kind {
            "draw_cancelled/1" => {
                if self.lock.is_some() {
                    find(Check::DrawOrder, "a draw was cancelled after its lock");
                }
                self.cancelled = true;
            }
            "draw_locked/1" => {
                if account.status != "reconciled" || account.acknowledgement.is_none() || self.lock.is_some() {
                    find(Check::DrawOrder, "a ledger was sealed without a standing acknowledgement");
                }
                self.lock = Some(self.locked(account, event, body.of("lock")?, &mut find)?);
            }
            "witness_revealed/1" => {
                let reveal = body.hex32("reveal")?;
                let witness = Body(&account.keys).hex32("house_witness")?;
                if self.lock.is_none() {
                    find(Check::DrawOrder, "the house revealed before the lock");
                }
                if bytes::tagged("rdp1/wcommit", &[&self.plan_hash, &witness, &reveal]) != self.commitment {
                    find(Check::Winners, "the house revealed what it had not committed to");
                }
                self.reveal = Some(reveal);
            }
            "draw_proven/1" => {
                if self.reveal.is_none() {
                    find(Check::DrawOrder, "a proof stands before the reveal");
                }
                self.proof = Some(body.text("proof")?.to_owned());
            }
            "winners_drawn/1" => {
                if self.proof.is_none() || self.result.is_some() {
                    find(Check::DrawOrder, "winners were drawn before the proof, or twice");
                }
                let slots: Result<Vec<_>, String> =
                    body.list("slots")?.map(|slot| Ok((slot.u64("rank")?, slot.u64("number")?))).collect();
                let outcome = Outcome { seed: body.hex32("seed")?, slots: slots? };
                let lock = self.lock.as_ref().ok_or("draws winners before the lock")?;
                let wanted = slots_wanted(&account.config).min(lock.sold);
                if outcome.slots != slots_of(&outcome.seed, &lock.ledger, lock.sold, wanted) {
                    find(Check::Winners, "the winners do not follow from the seed and the sealed ledger");
                }
                if outcome
                    .slots
                    .iter()
                    .any(|(_, number)| !matches!(account.numbers.place(*number), Some(Place::Sold(_))))
                {
                    find(Check::Winners, "a winning number was not sold");
                }
                let mut parts = Vec::new();
                parts.extend(u32::try_from(outcome.slots.len()).unwrap_or(0).to_be_bytes());
                for (rank, number) in &outcome.slots {
                    parts.extend(rank.to_be_bytes());
                    parts.extend(number.to_be_bytes());
                }
                if bytes::tagged("rdp1/result", &[&lock.hash, &outcome.seed, &parts]) != body.hex32("result_hash")? {
                    find(Check::Winners, "the result's hash is not that of the result");
                }
                self.result = Some(outcome);
            }
            "draw_published/1" => {
                if self.result.is_none() {
                    find(Check::DrawOrder, "a result was published before it was on record");
                }
                self.published = true;
            }
            _ => {
                if !self.published {
                    find(Check::DrawOrder, "a draw was settled before it was published");
                }
            }
        }
        Ok(())
    }

    fn locked(
        &self,
        account: &Account,
        event: &Event,
        body: Body<'_>,
        find: &mut impl FnMut(Check, &str),
    ) -> Result<Lock, String> {
        let ledger = ledger(account);
        let sold: u64 = ledger.iter().map(|(first, last, _)| last - first + 1).sum();
        let root = root(&ledger);
        let range_count = ledger.len() as u64;
        if body.u64("sold_count")? != sold
            || body.u64("range_count")? != range_count
            || body.hex32("ledger_root")? != root
        {
            find(Check::Ledger, "the sealed ledger is not what was sold");
        }
        if body.u64("close_seq")? != event.seq - 1 || body.hex32("journal_head")?[..] != event.prev[..] {
            find(Check::Ledger, "the lock does not name the journal's end before it");
        }
        if body.u64("closed_at_ms")? > event.at / 1_000 {
            find(Check::Ledger, "the lock is stamped later than it was recorded");
        }
        let hash = bytes::tagged(
            "rdp1/lock",
            &[
                &self.plan_hash,
                &(event.seq - 1).to_be_bytes(),
                &event.prev,
                &body.u64("closed_at_ms")?.to_be_bytes(),
                &range_count.to_be_bytes(),
                &sold.to_be_bytes(),
                &root,
                &0u64.to_be_bytes(),
                &1u16.to_be_bytes(),
                &self.commitment,
            ],
        );
        if hash != body.hex32("lock_hash")? {
            find(Check::Ledger, "the lock's hash is not that of the lock");
        }
        Ok(Lock { ledger, hash, sold, seq: event.seq })
    }

    /// Compares a published transcript with the journal's draw (I10).
    pub fn compare_transcript(&self, transcript: &Value, findings: &mut Findings) {
        let (Some(lock), Some(result)) = (&self.lock, &self.result) else {
            findings.add(Check::DrawOrder, "a transcript was published of a draw without lock or result");
            return;
        };
        let ledger: Vec<Value> = lock
            .ledger
            .iter()
            .map(|(first, last, sale)| serde_json::json!([first.to_string(), last.to_string(), bytes::hex(sale)]))
            .collect();
        findings.equal(Check::Ledger, "transcript's ledger", &transcript["ledger"], &Value::Array(ledger));
        let slots: Vec<Value> = result
            .slots
            .iter()
            .map(|(rank, number)| serde_json::json!([rank.to_string(), number.to_string()]))
            .collect();
        findings.equal(Check::Winners, "transcript's slots", &transcript["slots"], &Value::Array(slots));
        let close_seq = Value::from((lock.seq - 1).to_string());
        findings.equal(Check::Ledger, "transcript's close_seq", &transcript["lock"]["close_seq"], &close_seq);
    }
}

/// The eligible ledger: what is sold and not voided, ascending.
pub fn ledger(account: &Account) -> Vec<(u64, u64, [u8; 32])> {
    let valid = account.tickets.values().filter(|ticket| ticket.state != "voided");
    let mut ledger: Vec<_> =
        valid.flat_map(|ticket| ticket.ranges.iter().map(|(first, last)| (*first, *last, ticket.sale_hash))).collect();
    ledger.sort_unstable();
    ledger
}

/// Root of the sum-Merkle tree.
pub fn root(ledger: &[(u64, u64, [u8; 32])]) -> [u8; 32] {
    let leaf = |(first, last, sale): &(u64, u64, [u8; 32])| {
        (last - first + 1, bytes::tagged("rdp1/leaf", &[&first.to_be_bytes(), &last.to_be_bytes(), sale]))
    };
    let mut level: Vec<(u64, [u8; 32])> = ledger.iter().map(leaf).collect();
    while level.len() > 1 {
        let join = |pair: &[(u64, [u8; 32])]| match pair {
            [(left, a), (right, b)] => {
                (left + right, bytes::tagged("rdp1/node", &[&left.to_be_bytes(), &right.to_be_bytes(), a, b]))
            }
            odd => odd[0],
        };
        level = level.chunks(2).map(join).collect();
    }
    level.first().map_or([0; 32], |(_, hash)| *hash)
}

fn quantity(prize: &Value) -> u32 {
    let fixed = prize["rule"].get("fixed").map_or(Some(1), |fixed| fixed["quantity"].as_u64());
    fixed.and_then(|quantity| u32::try_from(quantity).ok()).unwrap_or(0)
}

fn slots_wanted(config: &Value) -> u64 {
    let prizes = config["prizes"].as_array().into_iter().flatten();
    prizes.map(|prize| u64::from(quantity(prize))).sum::<u64>() + config["reserves"].as_u64().unwrap_or(0)
}

/// The first `wanted` slots of a draw among `sold` numbers: rank and number.
pub fn slots_of(seed: &[u8; 32], ledger: &[(u64, u64, [u8; 32])], sold: u64, wanted: u64) -> Vec<(u64, u64)> {
    let mut stream = Stream::new(seed);
    let mut drawn: Vec<u64> = Vec::new();
    let mut slots = Vec::new();
    for done in 0..wanted.min(sold) {
        let k = stream.index(sold - done);
        let at = (0..drawn.len()).find(|&at| drawn[at] - at as u64 > k).unwrap_or(drawn.len());
        let rank = k + at as u64;
        drawn.insert(at, rank);
        slots.push((rank, number(ledger, rank)));
    }
    slots
}

/// The sold number of this rank.
fn number(ledger: &[(u64, u64, [u8; 32])], rank: u64) -> u64 {
    let mut left = rank;
    for (first, last, _) in ledger {
        let count = last - first + 1;
        if left < count {
            return first + left;
        }
        left -= count;
    }
    0
}

/// ChaCha20's keystream, zero nonce, taken eight bytes at a time.
struct Stream {
    key: [u32; 8],
    counter: u32,
    words: Vec<u64>,
}

impl Stream {
    fn new(seed: &[u8; 32]) -> Self {
        let mut key = [0; 8];
        for (word, four) in key.iter_mut().zip(seed.chunks(4)) {
            *word = u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        }
        Self { key, counter: 0, words: Vec::new() }
    }

    fn next(&mut self) -> u64 {
        if self.words.is_empty() {
            let mut start = [0u32; 16];
            start[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
            start[4..12].copy_from_slice(&self.key);
            start[12] = self.counter;
            self.counter += 1;
            let mut state = start;
            let mut quarter = |a: usize, b: usize, c: usize, d: usize| {
                for (x, y, z, turn) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
                    state[x] = state[x].wrapping_add(state[y]);
                    state[z] = (state[z] ^ state[x]).rotate_left(turn);
                }
            };
            for _ in 0..10 {
                for (a, b, c, d) in [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)] {
                    quarter(a, b, c, d);
                }
                for (a, b, c, d) in [(0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)] {
                    quarter(a, b, c, d);
                }
            }
            let sum: Vec<u32> = state.iter().zip(start).map(|(a, b)| a.wrapping_add(b)).collect();
            self.words = sum.chunks(2).rev().map(|two| u64::from(two[1]) << 32 | u64::from(two[0])).collect();
        }
        self.words.pop().unwrap_or_default()
    }

    /// An index below `m`, every one as likely as any other.
    fn index(&mut self, m: u64) -> u64 {
        let threshold = m.wrapping_neg() % m;
        loop {
            let word = self.next();
            if word >= threshold {
                return word % m;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> [u8; 32] {
        std::array::from_fn(|at| u8::try_from(at).unwrap())
    }

    #[test]
    fn the_index_vectors_of_the_protocol_come_out() {
        let table = [
            (1, [0, 0, 0, 0]),
            (10, [3, 3, 8, 0]),
            (1_000, [593, 893, 858, 610]),
            (
                (1 << 63) + 1,
                [
                    5_506_458_395_325_511_049,
                    1_307_428_006_561_434_801,
                    3_108_434_420_605_657_898,
                    5_883_643_594_736_318_487,
                ],
            ),
        ];
        for (m, expected) in table {
            let mut stream = Stream::new(&seed());
            assert_eq!(std::array::from_fn(|_| stream.index(m)), expected, "m = {m}");
        }
        let ledger = [(1, 10, [0; 32])];
        let ranks: Vec<u64> = slots_of(&seed(), &ledger, 10, 10).iter().map(|(rank, _)| *rank).collect();
        assert_eq!(ranks, [3, 8, 2, 5, 9, 1, 4, 7, 0, 6]);
    }

    #[test]
    fn the_tree_vectors_of_the_protocol_come_out() {
        let roots = [
            (1, "cf299268b3dd83d0bde94d641ee97fc71b7bd6f69f97ea56351707e12f74cfe6"),
            (3, "e75be4559c115d7e2ee877b4574750bfd13bc1704e4b5e0f1ff2bf1c6c6e523b"),
            (7, "c47cb857e6a8f83ffc1702b3ad18a67f4aac326f8e08353bed2ae186c0ccafe4"),
        ];
        for (leaves, expected) in roots {
            let ledger: Vec<_> =
                (0..leaves).map(|i: u64| (10 * i + 1, 11 * i + 1, [u8::try_from(i).unwrap(); 32])).collect();
            assert_eq!(bytes::hex(&root(&ledger)), expected);
        }
    }

    #[test]
    fn the_grade_0_vector_comes_out_i10() {
        let transcript: Value = serde_json::from_str(include_str!("../../vectors/rdp1-grade0.json")).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let ledger: Vec<_> = transcript["ledger"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                (
                    text(&row[0]).parse().unwrap(),
                    text(&row[1]).parse().unwrap(),
                    bytes::unhex32(&text(&row[2])).unwrap(),
                )
            })
            .collect();
        assert_eq!(bytes::hex(&root(&ledger)), text(&transcript["lock"]["ledger_root"]));
        for slot in transcript["slots"].as_array().unwrap() {
            assert_eq!(number(&ledger, text(&slot[0]).parse().unwrap()).to_string(), text(&slot[1]));
        }
    }
}

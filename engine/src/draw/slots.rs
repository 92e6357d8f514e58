//! Selection without replacement over the ranks of the ledger (RDP-1 step 10).
//!
//! Slot j takes the k-th rank, ascending, among those not drawn yet, with k uniform below the number
//! of those. The slots are a prefix of one permutation, so a longer list only extends a shorter one:
//! reserves can be added without a new seed.

use std::num::NonZeroU64;

use super::drawn::DrawnRanks;
use super::stream::{Keystream, Selection};
use super::{Plan, Seed};
use crate::ledger::Ledger;

/// A drawn place: prizes in plan order, then reserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Position among all sold numbers, ascending, from 0.
    pub rank: u64,
    /// The number on the ticket.
    pub number: u64,
}

/// A slot with its place in the keystream, for the drawing report (G-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawnSlot {
    /// What was drawn.
    pub slot: Slot,
    /// How the stream gave it.
    pub selection: Selection,
}

/// Whom a slot is for (D-07).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Award {
    /// The `position`-th winner, from 1, of a prize.
    Prize {
        /// The prize's id in the plan.
        prize_id: u32,
        /// From 1 to the prize's quantity.
        position: u32,
    },
    /// The `position`-th reserve, from 1.
    Reserve {
        /// From 1 to the plan's reserves.
        position: u32,
    },
}

/// What each slot of a plan is for, in the order of the slots. As many as [`Plan::slots_wanted`],
/// made one at a time, since a foreign plan may want very many.
pub fn awards(plan: &Plan) -> impl Iterator<Item = Award> + '_ {
    let prizes = plan
        .prizes
        .iter()
        .flat_map(|prize| (1..=prize.quantity).map(|position| Award::Prize { prize_id: prize.prize_id, position }));
    prizes.chain((1..=plan.reserves).map(|position| Award::Reserve { position }))
}

/// How many slots a draw has: one for each prize and reserve, but no more than tickets.
pub fn slot_count(plan: &Plan, sold_count: u64) -> u64 {
    plan.slots_wanted().min(sold_count)
}

/// The slots of a draw, one at a time and as many as are asked for, up to the number of tickets.
pub fn select<'a>(seed: &Seed, ledger: &'a Ledger) -> impl Iterator<Item = DrawnSlot> + 'a {
    ranks(seed, ledger.sold_count()).map_while(|(rank, selection)| {
        let number = ledger.number_at(rank)?;
        Some(DrawnSlot { slot: Slot { rank, number }, selection })
    })
}

/// The permutation of `0..sold_count` that a seed gives, lazily.
pub fn ranks(seed: &Seed, sold_count: u64) -> impl Iterator<Item = (u64, Selection)> + use<> {
    let mut stream = Keystream::new(seed);
    let mut drawn = DrawnRanks::default();
    let mut remaining = sold_count;
    std::iter::from_fn(move || {
        let range = NonZeroU64::new(remaining)?;
        let selection = stream.index(range);
        remaining -= 1;
        Some((drawn.take(selection.index), selection))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hasher;
    use crate::hex;

    fn counting_seed() -> Seed {
        Seed(std::array::from_fn(|i| i as u8))
    }

    fn first(sold_count: u64, slots: usize) -> Vec<u64> {
        ranks(&counting_seed(), sold_count).take(slots).map(|(rank, _)| rank).collect()
    }

    /// RDP-1 §7, D-04.
    #[test]
    fn d04_permutation_vectors_are_reproduced() {
        assert_eq!(first(10, 10), [3, 8, 2, 5, 9, 1, 4, 7, 0, 6]);
        assert_eq!(first(10, 99), first(10, 10), "the list ends with the tickets");
        assert_eq!(first(10_000_000, 5), [6_737_593, 1_827_493, 6_962_488, 7_171_408, 4_989_780]);
        let hasher = first(10_000_000, 10_000).into_iter().fold(Hasher::new("rdp1/test"), Hasher::u64);
        assert_eq!(hex::encode(&hasher.finish()), "7b0ec58464934d3ae9d8ed9bf99edb499fcd19f65473ada4bde44e288cb89097");
    }

    /// The mapping as the protocol states it, with a plain sorted list.
    fn stated(seed: &Seed, sold_count: u64, slots: u64) -> Vec<u64> {
        let mut stream = Keystream::new(seed);
        let mut drawn: Vec<u64> = Vec::new();
        (0..slots)
            .map(|j| {
                let k = stream.index(NonZeroU64::new(sold_count - j).unwrap()).index;
                let i = (0..drawn.len()).find(|&i| drawn[i] - i as u64 > k).unwrap_or(drawn.len());
                drawn.insert(i, k + i as u64);
                k + i as u64
            })
            .collect()
    }

    /// D-07: without replacement, and blocks give what the stated list gives, dense and sparse.
    #[test]
    fn d07_blocks_agree_with_the_stated_mapping() {
        for (fill, sold_count) in (1..=60).map(|n| (n as u8, n)).chain([(200, 3_000), (201, 5_000_000_000)]) {
            let seed = Seed([fill; 32]);
            let slots = sold_count.min(3_000);
            let got: Vec<u64> = ranks(&seed, sold_count).take(3_000).map(|(rank, _)| rank).collect();
            assert_eq!(got, stated(&seed, sold_count, slots), "{sold_count}");
            let distinct: std::collections::BTreeSet<u64> = got.iter().copied().collect();
            assert_eq!(distinct.len(), got.len());
            assert!(got.iter().all(|&rank| rank < sold_count));
        }
    }

    /// D-08 rests on this: more reserves are further slots of the same list.
    #[test]
    fn d08_a_longer_list_extends_a_shorter_one() {
        assert_eq!(first(1_000, 40)[..15], first(1_000, 15));
    }

    /// A whole permutation of 300,000: a sorted list would move some 10^10 entries.
    #[test]
    fn many_slots_do_not_turn_quadratic() {
        let mut all = first(300_000, 300_000);
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..300_000));
    }

    #[test]
    fn the_edges_of_the_rank_space_do_not_overflow() {
        assert_eq!(first(0, 3), Vec::<u64>::new());
        assert_eq!(first(1, 3), [0]);
        assert!(first((1 << 63) - 1, 100).iter().all(|&rank| rank < (1 << 63) - 1));
    }
}

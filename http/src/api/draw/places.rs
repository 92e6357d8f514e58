//! Who won what, read off a committed view. The engine's `Raffle::places` says the same of a whole state,
//! which no public reader ever touches; a test draws and compares the two.

use drumroll_actors::view::RaffleView as Committed;
use drumroll_engine::raffle::Draw;

/// One drawn slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The prize with its name; none for a reserve.
    pub prize: Option<(u32, String)>,
    /// Place among the winners of this prize, or among the reserves, from 1.
    pub position: u32,
    /// Rank among the sold numbers, from 0.
    pub rank: u64,
    /// The draw number.
    pub number: u64,
    /// What it wins.
    pub value_minor: u64,
}

/// Winners in the order of drawing (D-07), then reserves; empty before they are drawn. The caller decides
/// who may see them.
pub fn places(view: &Committed, draw: &Draw) -> Vec<Place> {
    let (Some(config), Some(result)) = (view.config(), &draw.result) else { return Vec::new() };
    let awards = config.prizes.iter().flat_map(|prize| {
        let value = view.prizes.iter().find(|value| value.prize == prize.id).map_or(0, |value| value.value_minor);
        (1..=prize.rule.quantity()).map(move |position| (Some((prize.id, prize.name.clone())), position, value))
    });
    let reserves = (1..=config.reserves).map(|position| (None, position, 0));
    awards
        .chain(reserves)
        .zip(&result.slots)
        .map(|((prize, position, value_minor), slot)| {
            let (rank, number) = (slot.rank, slot.number);
            Place { prize, position, rank, number, value_minor }
        })
        .collect()
}

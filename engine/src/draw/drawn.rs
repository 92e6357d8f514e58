//! The ranks drawn so far, and the k-th rank that is not among them (RDP-1 step 10).
//!
//! With d the ascending list of drawn ranks, the k-th rank not drawn is `k + i` for the smallest i
//! with `d[i] - i > k` (i = length of d if there is none), and its own place in the list is i. Since
//! `d[i] - i` never falls as i rises, i is found by bisection.
//!
//! One array would move half of itself at every insertion, which above some 100,000 slots is most of
//! the work. So the list is cut into blocks, and a Fenwick tree over their lengths says how many
//! entries stand before a block.

/// A block that reaches this length is cut in two: about what a processor moves as fast as it finds
/// its way in the tree.
const BLOCK_LENGTH_MAX: usize = 1024;

/// An ascending list of distinct ranks, in blocks.
#[derive(Debug, Default)]
pub(super) struct DrawnRanks {
    /// The list; no block is empty.
    blocks: Vec<Vec<u64>>,
    /// The first entry of each block, side by side for the search.
    firsts: Vec<u64>,
    /// Fenwick tree over the lengths of the blocks. Entry n, from 1, sums the lengths of the
    /// `lowest_bit(n)` blocks that end with block n - 1.
    sums: Vec<u64>,
}

impl DrawnRanks {
    /// Draws the k-th rank, from 0, among those not drawn. `k` counted up by the number of drawn
    /// ranks must fit a `u64`, as it does for every k below the number of remaining tickets.
    pub(super) fn take(&mut self, k: u64) -> u64 {
        if self.blocks.is_empty() {
            self.blocks.push(vec![k]);
            self.firsts.push(k);
            self.sum();
            return k;
        }
        let (at, before) = self.block_of(k);
        let block = &mut self.blocks[at];
        let place = place_in(block, before, k);
        let rank = k + before + place as u64;
        block.insert(place, rank);
        self.firsts[at] = block[0];
        if block.len() < BLOCK_LENGTH_MAX {
            self.lengthen(at);
        } else {
            let upper = block.split_off(BLOCK_LENGTH_MAX / 2);
            self.firsts.insert(at + 1, upper[0]);
            self.blocks.insert(at + 1, upper);
            self.sum();
        }
        rank
    }

    /// The last block whose first entry stays before the new rank (the first block, if none does),
    /// and the number of entries in the blocks before it.
    fn block_of(&self, k: u64) -> (usize, u64) {
        let (mut at, mut before) = (0, 0);
        let mut step = self.blocks.len().next_power_of_two();
        while step > 0 {
            let next = at + step;
            if next < self.blocks.len() {
                let before_next = before + self.sums[next];
                // Distinct and ascending from 0, an entry is never below its place in the list.
                if self.firsts[next] - before_next <= k {
                    (at, before) = (next, before_next);
                }
            }
            step /= 2;
        }
        (at, before)
    }

    /// Counts one more entry in a block.
    fn lengthen(&mut self, block: usize) {
        let mut node = block + 1;
        while let Some(sum) = self.sums.get_mut(node) {
            *sum += 1;
            node += lowest_bit(node);
        }
    }

    /// Makes the sums anew after a cut, once in `BLOCK_LENGTH_MAX / 2` insertions at most.
    fn sum(&mut self) {
        self.sums.clear();
        self.sums.push(0);
        self.sums.extend(self.blocks.iter().map(|block| block.len() as u64));
        for node in 1..self.sums.len() {
            let sum = self.sums[node];
            if let Some(parent) = self.sums.get_mut(node + lowest_bit(node)) {
                *parent += sum;
            }
        }
    }
}

/// The smallest place in the block at which an entry, less its place in the whole list, exceeds k.
fn place_in(block: &[u64], before: u64, k: u64) -> usize {
    let (mut low, mut high) = (0, block.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if block[middle] - (before + middle as u64) > k {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The lowest set bit of a number above 0.
const fn lowest_bit(number: usize) -> usize {
    number & number.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_of_the_rank_space_do_not_overflow() {
        let mut drawn = DrawnRanks::default();
        assert_eq!([drawn.take(u64::MAX - 2), drawn.take(0), drawn.take(0)], [u64::MAX - 2, 0, 1]);
        assert_eq!(drawn.take(u64::MAX - 3), u64::MAX);
    }

    /// D-07: the orders that are hardest for a list in blocks, each across many cuts.
    #[test]
    fn d07_ascending_and_descending_orders_are_complete() {
        let mut drawn = DrawnRanks::default();
        assert!((0..10_000).all(|rank| drawn.take(0) == rank), "always the lowest");
        let mut drawn = DrawnRanks::default();
        assert!((0..10_000).rev().all(|rank| drawn.take(rank) == rank), "always the highest");
    }
}

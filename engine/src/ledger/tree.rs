//! The sum-Merkle tree: each node commits its hash and how many tickets lie under it.
//!
//! The shape is that of RFC 6962: neighbours pair level by level, an odd last node moves up
//! unchanged. The counts make a rank provable, not just membership (RDP-1 step 3, light opening).

use crate::hash::Hasher;

/// A node, leaves included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Tickets under the node.
    pub count: u64,
    /// The node's hash. The count is not in it but in the parent's.
    pub hash: [u8; 32],
}

impl Node {
    /// The parent of two neighbours, `H("rdp1/node", u64 count_left ‖ u64 count_right ‖ hash_left ‖
    /// hash_right)`; `None` if the counts overflow, which only foreign data can do.
    pub fn parent(left: &Self, right: &Self) -> Option<Self> {
        let hasher = Hasher::new("rdp1/node").u64(left.count).u64(right.count);
        let hash = hasher.bytes(&left.hash).bytes(&right.hash).finish();
        Some(Self { count: left.count.checked_add(right.count)?, hash })
    }
}

/// All levels of a tree, leaves first, the root last.
#[derive(Clone, Debug)]
pub struct SumTree {
    levels: Vec<Vec<Node>>,
}

impl SumTree {
    /// The tree over a ledger's leaves, at least one, with counts that add up to less than 2^63.
    pub(super) fn new(leaves: Vec<Node>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            levels.push(above(below));
        }
        Self { levels }
    }

    /// How many leaves.
    pub fn leaf_count(&self) -> usize {
        self.levels[0].len()
    }

    /// The root.
    pub fn root(&self) -> Node {
        self.levels[self.levels.len() - 1][0]
    }

    /// The siblings from the leaf at `index` upwards, and whether each stands on the left. A level
    /// at which the node moves up unchanged has no sibling.
    pub(super) fn path(&self, index: usize) -> impl Iterator<Item = (bool, &Node)> {
        let mut position = index;
        self.levels.iter().filter_map(move |level| {
            let sibling = position ^ 1;
            let step = level.get(sibling).map(|node| (sibling < position, node));
            position /= 2;
            step
        })
    }
}

/// The root over a ledger's leaves, keeping no more than two levels at a time.
pub(super) fn root(leaves: &[Node]) -> Node {
    let mut level = if leaves.len() > 1 { above(leaves) } else { leaves.to_vec() };
    while level.len() > 1 {
        level = above(&level);
    }
    level[0]
}

fn above(level: &[Node]) -> Vec<Node> {
    level
        .chunks(2)
        .map(|pair| match pair {
            [left, right] => Node::parent(left, right).expect("a ledger holds fewer than 2^63 tickets"),
            odd => odd[0],
        })
        .collect()
}

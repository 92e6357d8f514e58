//! What a prize is worth (GLI-31 §2.2.1, §2.5.1, D-09).

use serde::{Deserialize, Serialize};

/// One advertised prize. The order of the configuration is the announced order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prize {
    /// Unique in the raffle.
    pub id: u32,
    /// What people read, for example "50/50 jackpot".
    pub name: String,
    /// How its value is found.
    pub rule: PrizeRule,
}

/// How a prize's value is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PrizeRule {
    /// A share of net sales: seed + share × net, rounded down to the minor unit, raised to the
    /// guarantee, lowered to the cap. One winner.
    Percentage {
        /// The share in hundredths of a per cent; the shares of a raffle sum to at most 10,000.
        basis_points: u32,
        /// Put in before the first sale.
        seed_minor: u64,
        /// The least it pays.
        guarantee_minor: u64,
        /// The most it pays (L-01 asks for one where the profile does).
        cap_minor: Option<u64>,
    },
    /// A fixed value for each of `quantity` winners.
    Fixed {
        /// The value of each.
        value_minor: u64,
        /// How many are drawn, at least 1.
        quantity: u32,
    },
}

impl PrizeRule {
    /// How many winners are drawn.
    pub const fn quantity(&self) -> u32 {
        match self {
            Self::Percentage { .. } => 1,
            Self::Fixed { quantity, .. } => *quantity,
        }
    }

    /// What each winner gets when net sales are `net_minor`.
    pub fn value_minor(&self, net_minor: u64) -> u64 {
        match *self {
            Self::Fixed { value_minor, .. } => value_minor,
            Self::Percentage { basis_points, seed_minor, guarantee_minor, cap_minor } => {
                // 128 bits: the product may pass 2^64 although no sensible pot does.
                let share = u128::from(net_minor) * u128::from(basis_points) / 10_000;
                let value = u64::try_from(u128::from(seed_minor) + share).unwrap_or(u64::MAX).max(guarantee_minor);
                cap_minor.map_or(value, |cap| value.min(cap))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half(seed_minor: u64, guarantee_minor: u64, cap_minor: Option<u64>) -> PrizeRule {
        PrizeRule::Percentage { basis_points: 5_000, seed_minor, guarantee_minor, cap_minor }
    }

    #[test]
    fn a_percentage_prize_is_seed_plus_share_rounded_down_guaranteed_and_capped_d09() {
        let table = [
            (half(0, 0, None), 7_308_001, 3_654_000),
            (half(0, 0, None), 0, 0),
            (half(100_000, 0, None), 7, 100_003),
            (half(0, 50_000, None), 99_999, 50_000),
            (half(0, 50_000, Some(60_000)), 200_000, 60_000),
            // The cap is the last word, even over the guarantee (GLI-31 §2.2.1).
            (half(0, 70_000, Some(60_000)), 0, 60_000),
            (half(0, 0, None), u64::MAX, u64::MAX / 2),
        ];
        for (rule, net, value) in table {
            assert_eq!(rule.value_minor(net), value, "{rule:?} of {net}");
        }
    }

    #[test]
    fn a_fixed_prize_does_not_move_with_sales() {
        assert_eq!(PrizeRule::Fixed { value_minor: 50_000, quantity: 3 }.value_minor(123), 50_000);
    }
}

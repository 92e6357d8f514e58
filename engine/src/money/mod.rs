//! Money: integers of a currency's minor unit, price lists and prize rules (I5, D-09).

mod prize;

pub use prize::{Prize, PrizeRule};

use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An ISO 4217 currency code, explicit wherever money stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// From three upper-case letters.
    pub fn new(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// The three bytes, as hashed into a sale.
    pub const fn as_bytes(&self) -> &[u8; 3] {
        &self.0
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("a currency is three ASCII letters")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::new(&code).ok_or_else(|| de::Error::custom("a currency is three upper-case letters"))
    }
}

/// A price point: so many draw numbers for so much. Sales are accounted per package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Unique in the raffle.
    pub id: u32,
    /// What people read, for example "3 for $10".
    pub label: String,
    /// Draw numbers in one package, at least 1.
    pub numbers: u32,
    /// The price in minor units, at least 1.
    pub price_minor: u64,
    /// How many may be sold in all. A package with a stock is not offered by handhelds: offline they
    /// could not know when it is gone.
    pub stock: Option<u32>,
}

/// One line of an order: so many of one package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// [`Package::id`].
    pub package: u32,
    /// How many packages, at least 1.
    pub quantity: u32,
}

/// Packages one order may hold in all, so that one request cannot take a pool (contract: 1–100).
pub const PACKAGES_PER_ORDER_MAX: u32 = 100;

/// What an order comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// The sum in minor units.
    pub price_minor: u64,
    /// Draw numbers in all.
    pub numbers: u64,
}

/// Why lines cannot be priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PricingError {
    /// No lines, a quantity of zero, too many packages, or a package named twice.
    BadQuantity,
    /// A package that is not on the price list.
    UnknownPackage(u32),
}

/// Prices `lines` by the frozen price list `packages`.
pub fn price(packages: &[Package], lines: &[Line]) -> Result<Priced, PricingError> {
    let mut quantity_total = 0u32;
    let mut priced = Priced { price_minor: 0, numbers: 0 };
    for (index, line) in lines.iter().enumerate() {
        let repeated = lines[..index].iter().any(|earlier| earlier.package == line.package);
        quantity_total = quantity_total.saturating_add(line.quantity);
        if line.quantity == 0 || repeated || quantity_total > PACKAGES_PER_ORDER_MAX {
            return Err(PricingError::BadQuantity);
        }
        let package = packages.iter().find(|package| package.id == line.package);
        let package = package.ok_or(PricingError::UnknownPackage(line.package))?;
        // Bounded by the configuration's limits on prices and package sizes times 100: no overflow.
        priced.price_minor += package.price_minor * u64::from(line.quantity);
        priced.numbers += u64::from(package.numbers) * u64::from(line.quantity);
    }
    if lines.is_empty() { Err(PricingError::BadQuantity) } else { Ok(priced) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages() -> Vec<Package> {
        vec![
            Package { id: 1, label: "1 for $5".into(), numbers: 1, price_minor: 500, stock: None },
            Package { id: 2, label: "20 for $10".into(), numbers: 20, price_minor: 1_000, stock: Some(3) },
        ]
    }

    #[test]
    fn an_order_is_the_sum_of_its_lines_i5() {
        let lines = [Line { package: 1, quantity: 2 }, Line { package: 2, quantity: 3 }];
        assert_eq!(price(&packages(), &lines), Ok(Priced { price_minor: 4_000, numbers: 62 }));
    }

    #[test]
    fn quantities_outside_1_to_100_and_repeated_or_unknown_packages_are_refused() {
        let one = |package, quantity| Line { package, quantity };
        for lines in [
            vec![],
            vec![one(1, 0)],
            vec![one(1, 101)],
            vec![one(1, 60), one(2, 41)],
            vec![one(1, 1), one(1, 1)],
            vec![one(1, u32::MAX), one(2, u32::MAX)],
        ] {
            assert_eq!(price(&packages(), &lines), Err(PricingError::BadQuantity), "{lines:?}");
        }
        assert_eq!(price(&packages(), &[one(9, 1)]), Err(PricingError::UnknownPackage(9)));
    }
}

//! The hash that stands for a sale in the published ledger.
//!
//! The ledger is public and a sale is not. Its leaf carries a salted hash of the sale record; the
//! salt travels with the receipt's link, so only the holder can show what was sold behind the leaf.

use super::{NumberRange, ValidationNumber};
use crate::hash::Hasher;

/// What is known of a sale when its ticket is made, borrowed for hashing.
///
/// One ticket has one hash, repeated on each of its ledger leaves (one leaf per range).
#[derive(Clone, Copy)]
pub struct SaleRecord<'a> {
    /// The raffle, as the bytes of its UUID.
    pub raffle_id: [u8; 16],
    /// The order's idempotency key, as the bytes of its UUID.
    pub order_key: [u8; 16],
    /// The ticket's validation number.
    pub validation: ValidationNumber,
    /// The sales channel's code.
    pub channel: u8,
    /// The device that sold it, as the bytes of its UUID; `None` (hashed as zeros) for other channels.
    pub device_id: Option<[u8; 16]>,
    /// The sale's decisive instant, milliseconds since the Unix epoch, UTC.
    pub sold_at_ms: u64,
    /// ISO 4217 code in capitals, e.g. `*b"CAD"`.
    pub currency: [u8; 3],
    /// Price of the whole order in the currency's minor unit.
    pub price_minor: u64,
    /// Package id and quantity, in the order's own order.
    pub packages: &'a [(u32, u32)],
    /// The draw numbers, in the ticket's own order.
    pub ranges: &'a [NumberRange],
    /// 32 random bytes made where the ticket is made. Without it the few possible prices and times
    /// could be tried out against the published hash.
    pub salt: &'a [u8; 32],
}

impl SaleRecord<'_> {
    /// `sale_hash`, domain `drumroll/sale/1`, fields in the order of this struct, integers
    /// big-endian, each list preceded by its length as `u32`. Golden vectors: `ticket-vectors.json` (T-04).
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = Hasher::new("drumroll/sale/1")
            .bytes(&self.raffle_id)
            .bytes(&self.order_key)
            .bytes(&self.validation.to_bytes())
            .u8(self.channel)
            .bytes(&self.device_id.unwrap_or_default())
            .u64(self.sold_at_ms)
            .bytes(&self.currency)
            .u64(self.price_minor)
            .u32(length(self.packages.len()));
        for &(package, quantity) in self.packages {
            hasher = hasher.u32(package).u32(quantity);
        }
        hasher = hasher.u32(length(self.ranges.len()));
        for range in self.ranges {
            hasher = hasher.u64(range.first()).u64(range.last());
        }
        hasher.bytes(self.salt).finish()
    }
}

/// A list's length for hashing. An order of 2^32 lines does not fit the memory of its own sale.
fn length(items: usize) -> u32 {
    u32::try_from(items).expect("an order has fewer than 2^32 lines")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::IssuerSlot;

    fn record<'a>(packages: &'a [(u32, u32)], ranges: &'a [NumberRange], salt: &'a [u8; 32]) -> SaleRecord<'a> {
        SaleRecord {
            raffle_id: [1; 16],
            order_key: [2; 16],
            validation: ValidationNumber::new(IssuerSlot::MIN, [3; 8]),
            channel: 4,
            device_id: Some([5; 16]),
            sold_at_ms: 6,
            currency: *b"CAD",
            price_minor: 7,
            packages,
            ranges,
            salt,
        }
    }

    /// T-04: no two different sales share a preimage, and nothing that is sold is left out of it.
    #[test]
    fn t04_every_field_changes_the_hash() {
        let ranges = [NumberRange::new(1, 3).unwrap(), NumberRange::new(7, 7).unwrap()];
        let (packages, salt, other_salt) = ([(1, 2), (3, 4)], [8; 32], [9; 32]);
        let base = record(&packages, &ranges, &salt);
        let variants = [
            base,
            SaleRecord { raffle_id: [9; 16], ..base },
            SaleRecord { order_key: [9; 16], ..base },
            SaleRecord { validation: ValidationNumber::new(IssuerSlot::MAX, [3; 8]), ..base },
            SaleRecord { channel: 9, ..base },
            SaleRecord { device_id: None, ..base },
            SaleRecord { sold_at_ms: 9, ..base },
            SaleRecord { currency: *b"EUR", ..base },
            SaleRecord { price_minor: 9, ..base },
            SaleRecord { packages: &packages[..1], ..base },
            SaleRecord { packages: &[], ..base },
            SaleRecord { ranges: &ranges[..1], ..base },
            SaleRecord { ranges: &ranges[1..], ..base },
            SaleRecord { salt: &other_salt, ..base },
        ];
        let distinct: std::collections::BTreeSet<_> = variants.iter().map(SaleRecord::hash).collect();
        assert_eq!(distinct.len(), variants.len());
        assert_eq!(base.hash(), record(&packages, &ranges, &salt).hash());
    }
}

//! Reading large maps and sets of a snapshot: they were written in order, so they are built in one go
//! instead of being searched through for each entry. A raffle may have a million orders.

use core::fmt;
use core::marker::PhantomData;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};

/// Room made ahead for so many entries at most: a length is only a claim.
const AHEAD: usize = 1 << 20;

/// Reads a map.
pub(super) fn map<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    struct Entries<K, V>(PhantomData<(K, V)>);

    impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
        type Value = BTreeMap<K, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut read = Vec::with_capacity(entries.size_hint().unwrap_or(0).min(AHEAD));
            while let Some(entry) = entries.next_entry()? {
                read.push(entry);
            }
            Ok(read.into_iter().collect())
        }
    }

    deserializer.deserialize_map(Entries(PhantomData))
}

/// Reads a set.
pub(super) fn set<'de, D, T>(deserializer: D) -> Result<BTreeSet<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Ord,
{
    struct Items<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de> + Ord> Visitor<'de> for Items<T> {
        type Value = BTreeSet<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a set")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut read = Vec::with_capacity(items.size_hint().unwrap_or(0).min(AHEAD));
            while let Some(item) = items.next_element()? {
                read.push(item);
            }
            Ok(read.into_iter().collect())
        }
    }

    deserializer.deserialize_seq(Items(PhantomData))
}

//! Seeded choices (splitmix64).

/// A stream of choices that repeats from its seed.
#[derive(Clone, Debug)]
pub struct Chance(u64);

/// The seed of this run: `DRUMROLL_TEST_SEED`, else a new one. It is printed, so that a failure can be repeated.
pub fn seed(test: &str) -> u64 {
    let given =
        std::env::var("DRUMROLL_TEST_SEED").ok().map(|text| text.parse().expect("DRUMROLL_TEST_SEED is a number"));
    let seed = given.unwrap_or_else(|| crate::now_ms() % 1_000_000);
    println!("{test}: DRUMROLL_TEST_SEED={seed} repeats this run");
    seed
}

impl Chance {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `below`.
    pub const fn below(&mut self, below: u64) -> u64 {
        self.bits() % below
    }

    /// One of a list.
    pub fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[usize::try_from(self.below(list.len() as u64)).expect("a list fits memory")]
    }

    /// A UUID, as clients make their keys.
    pub fn key(&mut self) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.bits().to_be_bytes());
        bytes[8..].copy_from_slice(&self.bits().to_be_bytes());
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

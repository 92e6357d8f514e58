//! The keystream and the unbiased index (RDP-1 step 9).

use std::num::NonZeroU64;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::Seed;

/// The rejection rule at a word size. Of the 2^n words the lowest `2^n mod range` are refused; the
/// rest fall into `range` classes of exactly equal size (G-02).
///
/// A macro, so that the test can prove it by enumerating all words of 8 bits with this very code.
macro_rules! unbiased_index {
    ($name:ident, $word:ty) => {
        fn $name(word: $word, range: $word) -> Option<$word> {
            let refused = range.wrapping_neg() % range;
            if word < refused { None } else { Some(word % range) }
        }
    };
}

unbiased_index!(index_of_word, u64);

/// ChaCha20 keyed with the seed (RFC 8439; nonce and counter zero), read 8 bytes at a time as
/// little-endian words.
#[derive(Debug)]
pub struct Keystream {
    cipher: ChaCha20Rng,
    words_read: u64,
}

/// One index with all it takes to compute it again (G-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Position in the stream of the first word read for this index, in words of 8 bytes.
    pub word_first: u64,
    /// Words refused before the one that counted.
    pub rejected: u64,
    /// The word that counted.
    pub word: u64,
    /// The index was to lie below this.
    pub range: u64,
    /// `word mod range`.
    pub index: u64,
}

impl Keystream {
    /// The stream at its beginning.
    pub fn new(seed: &Seed) -> Self {
        Self { cipher: ChaCha20Rng::from_seed(seed.0), words_read: 0 }
    }

    /// The next raw word. Only the cipher's bytes are used, never a library's own sampling, which may
    /// change between its versions.
    pub fn word(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.cipher.fill_bytes(&mut bytes);
        self.words_read = self.words_read.wrapping_add(1);
        u64::from_le_bytes(bytes)
    }

    /// A uniform index below `range` (G-02). A range of 1 reads a word too, so that the position in
    /// the stream does not depend on the range alone.
    pub fn index(&mut self, range: NonZeroU64) -> Selection {
        let range = range.get();
        let word_first = self.words_read;
        let mut rejected = 0;
        // A word is refused with a probability below one half, for most ranges far below.
        loop {
            let word = self.word();
            if let Some(index) = index_of_word(word, range) {
                return Selection { word_first, rejected, word, range, index };
            }
            rejected += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    unbiased_index!(index_of_byte, u8);

    fn counting_stream() -> Keystream {
        Keystream::new(&Seed(std::array::from_fn(|i| i as u8)))
    }

    /// G-02: for every range, every index is the image of equally many words, and no word is refused
    /// that could have been kept.
    #[test]
    fn g02_the_rejection_rule_is_exactly_uniform_for_every_8_bit_range() {
        for range in 1..=u8::MAX {
            let mut hits = [0u32; 256];
            for word in 0..=u8::MAX {
                if let Some(index) = index_of_byte(word, range) {
                    assert!(index < range);
                    hits[usize::from(index)] += 1;
                }
            }
            let each = 256 / u32::from(range);
            assert!(hits[..usize::from(range)].iter().all(|&count| count == each), "range {range}");
        }
    }

    /// RDP-1 §7, G-02, G-05.
    #[test]
    fn g05_index_vectors_are_reproduced_with_their_words() {
        let first = |m: u64, n: usize| -> Vec<Selection> {
            let mut stream = counting_stream();
            (0..n).map(|_| stream.index(NonZeroU64::new(m).unwrap())).collect()
        };
        let indexes = |m, n| first(m, n).iter().map(|s| s.index).collect::<Vec<u64>>();
        assert_eq!(indexes(1, 4), [0, 0, 0, 0]);
        assert_eq!(indexes(2, 4), [1, 1, 0, 0]);
        assert_eq!(indexes(3, 4), [0, 1, 2, 0]);
        assert_eq!(indexes(10, 4), [3, 3, 8, 0]);
        assert_eq!(indexes(1000, 4), [593, 893, 858, 610]);
        assert_eq!(indexes((1 << 32) + 1, 4), [319_960_928, 767_090_901, 2_741_851_855, 3_126_387_163]);
        assert_eq!(
            indexes((1 << 63) + 1, 4),
            [
                5_506_458_395_325_511_049,
                1_307_428_006_561_434_801,
                3_108_434_420_605_657_898,
                5_883_643_594_736_318_487
            ]
        );
        assert_eq!(indexes(u64::MAX, 1), [7_645_359_380_336_737_593]);
        assert_eq!(first((1 << 63) + 1, 4).iter().map(|s| s.rejected).sum::<u64>(), 5);

        // Each selection can be computed again from the raw stream alone.
        let mut raw = counting_stream();
        let words: Vec<u64> = (0..9).map(|_| raw.word()).collect();
        assert_eq!(hex::encode(&words[0].to_le_bytes()), "39fd2b7dd9c5196a");
        assert_eq!(hex::encode(&words[1].to_le_bytes()), "8dbd0377b8dc4a49");
        for selection in first((1 << 63) + 1, 4) {
            let at = usize::try_from(selection.word_first + selection.rejected).unwrap();
            assert_eq!((words[at], words[at] % selection.range), (selection.word, selection.index));
        }
    }

    /// RFC 8439 A.1 #1 and #2: zero key, counters 0 and 1, as one stream through our reader.
    #[test]
    fn g02_the_keystream_is_chacha20_of_rfc_8439() {
        let mut stream = Keystream::new(&Seed([0; 32]));
        let bytes: Vec<u8> = (0..16).flat_map(|_| stream.word().to_le_bytes()).collect();
        assert_eq!(
            hex::encode(&bytes),
            "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7\
             da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586\
             9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed\
             29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"
        );
    }

    /// RFC 8439 §2.3.2, which sets counter and nonce; it checks the cipher rather than our reader.
    #[test]
    fn g02_the_cipher_passes_the_block_vector_of_rfc_8439() {
        let mut cipher = ChaCha20Rng::from_seed(std::array::from_fn(|i| i as u8));
        // The cipher takes a 64-bit counter and a 64-bit nonce where the RFC has 32 and 96 bits: the
        // nonce's first word 00000009 goes into the counter's upper half, 0000004a 00000000 follow.
        cipher.set_stream(0x0000_0000_4a00_0000);
        cipher.set_word_pos(u128::from(0x0900_0000_0000_0001_u64) * 16);
        let mut block = [0; 64];
        cipher.fill_bytes(&mut block);
        assert_eq!(
            hex::encode(&block),
            "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e\
             d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"
        );
    }
}

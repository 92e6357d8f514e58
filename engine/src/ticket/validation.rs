//! The validation number: proves at claim time that a ticket is the one that was sold (GLI-31 §2.3.2, T-03).
//!
//! 75 bits: 14 bits of issuer slot, then 61 random bits. The slot is unique within a raffle, so two
//! devices without a network between them cannot produce the same number; the random bits keep a
//! stranger from guessing one. Fifteen characters of Crockford's base32 carry the bits, highest
//! first, and a sixteenth checks them.
//!
//! The check works in GF(32), with characters as polynomials modulo x^5 + x^2 + 1 and α = x. The
//! sixteen characters are the coefficients, highest power first, of a polynomial that must vanish
//! at α. So character number j (from 0) has the weight α^(15-j): never zero, hence a single wrong
//! character shows; all sixteen different, hence a swap of two different characters shows, wherever
//! they stand.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use subtle::ConstantTimeEq;

/// Crockford's base32: no I, L, O or U, so that what is read aloud or off paper has one meaning.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters that carry bits; one more checks them.
const CHARACTERS: usize = 15;

/// Random bits below the issuer slot.
const RANDOM_BITS: u32 = 61;

/// Who may issue validation numbers in a raffle: a device or the server, a number below 2^14.
///
/// Unique per raffle; a device gets its slot together with its first range of draw numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct IssuerSlot(u16);

impl IssuerSlot {
    /// The lowest slot.
    pub const MIN: Self = Self(0);
    /// The highest slot: 16,384 issuers in one raffle.
    pub const MAX: Self = Self((1 << 14) - 1);

    /// The slot with this number.
    ///
    /// # Errors
    /// [`InvalidIssuerSlot`] from 2^14 on.
    pub const fn new(number: u16) -> Result<Self, InvalidIssuerSlot> {
        if number > Self::MAX.0 { Err(InvalidIssuerSlot(number)) } else { Ok(Self(number)) }
    }

    /// The slot's number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for IssuerSlot {
    type Error = InvalidIssuerSlot;

    fn try_from(number: u16) -> Result<Self, InvalidIssuerSlot> {
        Self::new(number)
    }
}

impl From<IssuerSlot> for u16 {
    fn from(slot: IssuerSlot) -> Self {
        slot.0
    }
}

/// The number is no issuer slot: it needs more than 14 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidIssuerSlot(pub u16);

impl fmt::Display for InvalidIssuerSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "issuer slot {} is above {}", self.0, IssuerSlot::MAX.0)
    }
}

impl std::error::Error for InvalidIssuerSlot {}

/// A validation number (T-03).
///
/// `Display` shows it in fours (`0C1P-…`), as it is printed; serde writes the sixteen characters
/// without separators and reads nothing else, so that one number has one spelling in the journal.
/// People's input goes through `parse`, which forgives case, separators and look-alikes. `Debug`
/// withholds the random part: together with a draw number it is all that a claim needs, and log
/// lines travel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValidationNumber([u8; 10]);

impl ValidationNumber {
    /// A new number from an issuer slot and eight bytes of the operating system's CSPRNG, which the
    /// caller reads (G-01: a failed or short read must not get this far).
    ///
    /// The lowest 61 bits of `random`, read big-endian, are used; the highest three are dropped.
    pub fn new(slot: IssuerSlot, random: [u8; 8]) -> Self {
        let random = u64::from_be_bytes(random) & ((1 << RANDOM_BITS) - 1);
        Self::from_bits(u128::from(slot.0) << RANDOM_BITS | u128::from(random))
    }

    /// The 75 bits right-aligned in ten bytes, big-endian: the form that is hashed and stored.
    pub const fn to_bytes(&self) -> [u8; 10] {
        self.0
    }

    /// Reads the ten-byte form; `None` if any of the five unused bits is set.
    pub const fn from_bytes(bytes: [u8; 10]) -> Option<Self> {
        if bytes[0] >> 3 != 0 { None } else { Some(Self(bytes)) }
    }

    /// Who issued it.
    pub fn issuer_slot(&self) -> IssuerSlot {
        let number = self.bits() >> RANDOM_BITS;
        IssuerSlot(u16::try_from(number).expect("75 bits less 61 leave 14"))
    }

    /// The sixteen characters without separators, as in barcodes and links.
    pub fn to_compact(&self) -> String {
        self.symbols().iter().map(|&symbol| char::from(ALPHABET[usize::from(symbol)])).collect()
    }

    /// Whether two numbers agree, in a time that does not tell how far they do. For claims over a
    /// network, where `==` would let a patient stranger guess character by character.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// All sixteen characters as elements of GF(32), the check last.
    fn symbols(&self) -> [u8; CHARACTERS + 1] {
        let mut symbols = [0; CHARACTERS + 1];
        let mut bits = self.bits();
        for symbol in symbols[..CHARACTERS].iter_mut().rev() {
            *symbol = u8::try_from(bits & 31).expect("five bits");
            bits >>= 5;
        }
        // With a check of zero, the value at α is the sum of the others; in characteristic 2 adding
        // it once more brings the whole to zero.
        symbols[CHARACTERS] = value_at_alpha(&symbols);
        symbols
    }

    fn bits(&self) -> u128 {
        let mut wide = [0; 16];
        wide[6..].copy_from_slice(&self.0);
        u128::from_be_bytes(wide)
    }

    fn from_bits(bits: u128) -> Self {
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&bits.to_be_bytes()[6..]);
        Self(bytes)
    }
}

/// Value at α of the polynomial with these coefficients, highest power first (Horner's rule).
fn value_at_alpha(symbols: &[u8; CHARACTERS + 1]) -> u8 {
    symbols.iter().fold(0, |sum, &symbol| times_alpha(sum) ^ symbol)
}

/// Multiplies by α in GF(32) = GF(2)[x] / (x^5 + x^2 + 1).
fn times_alpha(element: u8) -> u8 {
    let doubled = element << 1;
    if doubled & 0b10_0000 == 0 { doubled } else { doubled ^ 0b10_0101 }
}

/// The element that a typed character stands for, with Crockford's look-alikes and either case.
fn symbol_of(character: char) -> Option<u8> {
    let plain = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let position = ALPHABET.iter().position(|&letter| char::from(letter) == plain)?;
    u8::try_from(position).ok()
}

/// Reads what a person typed or a scanner read: either case, hyphens and spaces anywhere, O for 0,
/// I and L for 1.
impl FromStr for ValidationNumber {
    type Err = ParseValidationError;

    fn from_str(text: &str) -> Result<Self, ParseValidationError> {
        let mut symbols = [0; CHARACTERS + 1];
        let mut length = 0;
        for character in text.chars().filter(|character| !matches!(character, '-' | ' ')) {
            let symbol = symbol_of(character).ok_or(ParseValidationError::Character(character))?;
            *symbols.get_mut(length).ok_or(ParseValidationError::Length)? = symbol;
            length += 1;
        }
        if length != symbols.len() {
            return Err(ParseValidationError::Length);
        }
        if value_at_alpha(&symbols) != 0 {
            return Err(ParseValidationError::Check);
        }
        let bits = symbols[..CHARACTERS].iter().fold(0, |bits: u128, &symbol| bits << 5 | u128::from(symbol));
        Ok(Self::from_bits(bits))
    }
}

impl fmt::Display for ValidationNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_compact();
        write!(f, "{}-{}-{}-{}", &text[..4], &text[4..8], &text[8..12], &text[12..])
    }
}

impl fmt::Debug for ValidationNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValidationNumber(slot {}, withheld)", self.issuer_slot().0)
    }
}

impl Serialize for ValidationNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Characters where people read it, the bare bytes in snapshots.
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_compact())
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for ValidationNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let number = Self::from_bytes(<[u8; 10]>::deserialize(deserializer)?);
            return number.ok_or_else(|| de::Error::custom("a validation number has 75 bits"));
        }
        let text = String::deserialize(deserializer)?;
        let number: Self = text.parse().map_err(de::Error::custom)?;
        if number.to_compact() == text {
            Ok(number)
        } else {
            Err(de::Error::custom("a validation number is stored as sixteen plain characters"))
        }
    }
}

/// Why typed text is no validation number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseValidationError {
    /// A character outside the alphabet (U, for one).
    Character(char),
    /// Not sixteen characters, separators aside.
    Length,
    /// The check character does not fit: a typing error.
    Check,
}

impl fmt::Display for ParseValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(character) => write!(f, "{character:?} does not occur in validation numbers"),
            Self::Length => write!(f, "a validation number has {} characters", CHARACTERS + 1),
            Self::Check => write!(f, "the check character does not fit the others: look for a typing error"),
        }
    }
}

impl std::error::Error for ParseValidationError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(slot: u16, random: u64) -> ValidationNumber {
        ValidationNumber::new(IssuerSlot::new(slot).unwrap(), random.to_be_bytes())
    }

    /// A handful of numbers with every bit both set and clear somewhere.
    fn samples() -> [ValidationNumber; 5] {
        [
            number(0, 0),
            number(16_383, u64::MAX),
            number(0x1555, 0x0aaa_aaaa_aaaa_aaaa),
            number(0x2aaa, 0x1555_5555_5555_5555),
            number(7, 0x0123_4567_89ab_cdef),
        ]
    }

    /// T-03: unique across issuers by construction, and all 61 random bits are in the number.
    #[test]
    fn t03_slot_and_random_bits_are_both_recoverable() {
        for slot in [0, 1, 255, 256, 16_383] {
            for random in [0, 1, (1 << 61) - 1, 0x1234_5678_9abc_def0] {
                let made = number(slot, random);
                assert_eq!(made.issuer_slot().get(), slot);
                assert_eq!(made.bits() & ((1 << 61) - 1), u128::from(random));
                assert_eq!(ValidationNumber::from_bytes(made.to_bytes()), Some(made));
            }
        }
        assert_eq!(number(3, u64::MAX), number(3, u64::MAX >> 3), "the three highest bits are dropped");
        assert!(IssuerSlot::new(16_384).is_err());
        assert_eq!(ValidationNumber::from_bytes([8, 0, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    }

    /// T-03: the weights are the powers of α, of which the first 31 differ.
    #[test]
    fn t03_the_sixteen_weights_differ_and_are_not_zero() {
        let weights: Vec<u8> = std::iter::successors(Some(1), |&weight| Some(times_alpha(weight))).take(31).collect();
        let distinct: std::collections::BTreeSet<u8> = weights.iter().copied().collect();
        assert_eq!(distinct.len(), 31);
        assert!(!distinct.contains(&0));
    }

    /// T-03: exhaustively, every wrong character at every place. The code is linear, so an error is
    /// caught or missed whatever the number; the samples are there to prove the code, not the algebra.
    #[test]
    fn t03_every_single_wrong_character_is_caught() {
        for sample in samples() {
            let right = sample.symbols();
            assert_eq!(value_at_alpha(&right), 0);
            for place in 0..right.len() {
                for wrong in (0..32).filter(|&wrong| wrong != right[place]) {
                    let mut symbols = right;
                    symbols[place] = wrong;
                    assert_ne!(value_at_alpha(&symbols), 0, "{place} {wrong}");
                }
            }
        }
    }

    /// T-03: exhaustively, every pair of different characters swapped, at every two places (the
    /// adjacent ones included), and every doubled character mistyped as another doubled one.
    #[test]
    fn t03_every_swap_and_every_twin_error_is_caught() {
        for a in 0..32u8 {
            for b in (0..32).filter(|&b| b != a) {
                for left in 0..=CHARACTERS {
                    for right in left + 1..=CHARACTERS {
                        // By linearity the error pattern alone decides.
                        let mut pattern = [0; CHARACTERS + 1];
                        pattern[left] = a ^ b;
                        pattern[right] = a ^ b;
                        assert_ne!(value_at_alpha(&pattern), 0, "{a} {b} at {left} {right}");
                    }
                }
            }
        }
        for sample in samples() {
            let text = sample.to_compact();
            for place in 0..CHARACTERS {
                let mut swapped: Vec<char> = text.chars().collect();
                swapped.swap(place, place + 1);
                let swapped: String = swapped.into_iter().collect();
                if swapped != text {
                    assert_eq!(swapped.parse::<ValidationNumber>(), Err(ParseValidationError::Check));
                }
            }
        }
    }

    #[test]
    fn parsing_forgives_case_separators_and_lookalikes() {
        for sample in samples() {
            let shown = sample.to_string();
            assert_eq!(shown.len(), 19);
            for spelling in [
                shown.clone(),
                shown.to_lowercase(),
                shown.replace('-', " "),
                format!("  {} ", sample.to_compact()),
                shown.replace('0', "O").replace('1', "l"),
                shown.replace('0', "o").replace('1', "I"),
            ] {
                assert_eq!(spelling.parse(), Ok(sample), "{spelling}");
            }
        }
        for (text, error) in [
            ("", ParseValidationError::Length),
            ("0000-0000-0000-000", ParseValidationError::Length),
            ("0000-0000-0000-0000-0", ParseValidationError::Length),
            ("0000-0000-0000-000U", ParseValidationError::Character('U')),
            ("0000_0000-0000-0000", ParseValidationError::Character('_')),
            ("0000-0000-0000-000\u{ff10}", ParseValidationError::Character('\u{ff10}')),
            ("0000-0000-0000-0001", ParseValidationError::Check),
        ] {
            assert_eq!(text.parse::<ValidationNumber>(), Err(error), "{text}");
        }
    }

    #[test]
    fn json_has_one_spelling() {
        let sample = samples()[4];
        let text = serde_json::to_string(&sample).unwrap();
        assert_eq!(text, format!("\"{}\"", sample.to_compact()));
        assert_eq!(serde_json::from_str::<ValidationNumber>(&text).unwrap(), sample);
        for other in [text.to_lowercase(), format!("\"{sample}\"")] {
            assert!(serde_json::from_str::<ValidationNumber>(&other).is_err(), "{other}");
        }
    }

    #[test]
    fn debug_output_does_not_carry_the_number() {
        let sample = samples()[4];
        assert_eq!(format!("{sample:?}"), "ValidationNumber(slot 7, withheld)");
        assert!(sample.matches(&samples()[4]));
        assert!(!sample.matches(&samples()[3]));
    }
}

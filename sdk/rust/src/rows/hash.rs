//! A hash of short byte strings: a multiplication to twice the width, folded, for every 16 bytes.
//!
//! Seeded, so that nobody who can choose a column's values can choose which of them collide. Keys are given out in order of
//! appearance, so no output depends on it.

use std::hash::{BuildHasher, RandomState};

/// Odd, half of its bits set: SplitMix64's step and the first multiplier of its finaliser.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
const MULTIPLIER: u64 = 0xBF58_476D_1CE4_E5B9;

#[derive(Debug, Clone, Copy)]
pub(super) struct Hash {
    seed: u64,
}

impl Hash {
    pub(super) fn new() -> Self {
        Self { seed: RandomState::new().hash_one(STEP) }
    }

    #[inline]
    pub(super) fn of(self, bytes: &[u8]) -> u64 {
        let mut state = self.seed ^ (bytes.len() as u64).wrapping_mul(STEP);
        let (whole, rest) = bytes.as_chunks::<16>();
        for chunk in whole {
            let (low, high) = halves(chunk);
            state = fold(state ^ low, self.seed ^ high ^ MULTIPLIER);
        }
        // What is left is read by two words that may overlap.
        let (low, high) = match (rest.first_chunk::<8>(), rest.last_chunk::<8>()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => match (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
                (Some(first), Some(last)) => (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()),
                _ => match rest {
                    [] => (0, 0),
                    [first, .., last] => (u64::from(*first) << 8 | u64::from(rest[rest.len() / 2]), u64::from(*last)),
                    [only] => (u64::from(*only) << 8, u64::from(*only)),
                },
            },
        };
        fold(fold(state ^ low, self.seed ^ high ^ MULTIPLIER) ^ STEP, MULTIPLIER)
    }
}

#[inline]
fn halves(chunk: &[u8; 16]) -> (u64, u64) {
    let both = u128::from_le_bytes(*chunk);
    (both as u64, (both >> 64) as u64)
}

#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn strings_of_all_lengths_that_differ_in_one_bit_differ_in_their_hash() {
        let hash = Hash::new();
        for length in 0..70 {
            let mut text = vec![0u8; length];
            let mut seen = HashSet::from([hash.of(&text)]);
            for bit in 0..length * 8 {
                text[bit / 8] ^= 1 << (bit % 8);
                assert!(seen.insert(hash.of(&text)), "bit {bit} of {length} bytes");
                text[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }

    #[test]
    fn numbered_names_spread_over_the_low_bits() {
        let hash = Hash::new();
        let buckets: HashSet<u64> = (0..4_096).map(|n| hash.of(format!("sensor-{n:05}").as_bytes()) % 4_096).collect();
        // A random function leaves a share of 1/e empty.
        assert!((2_300..2_900).contains(&buckets.len()), "{}", buckets.len());
    }
}

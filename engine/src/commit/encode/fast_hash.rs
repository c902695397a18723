//! A hash of a value's bytes for counting: quick, and different in every process.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

/// Two odd numbers without pattern; the second is the golden ratio's.
const MULTIPLIERS: [u64; 2] = [0xa076_1d64_78bd_642f, 0x9e37_79b9_7f4a_7c15];

static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0u8));

/// Hashes for tables that a peer's values go into.
pub(super) struct FastHash;

impl FastHash {
    /// Eight bytes at a time, each folded in by a multiplication of double width.
    pub(super) fn of(bytes: &[u8]) -> u64 {
        let mut hash = *SEED ^ (bytes.len() as u64).wrapping_mul(MULTIPLIERS[1]);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            hash = fold(hash ^ u64::from_le_bytes(*word), MULTIPLIERS[0]);
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        fold(hash ^ u64::from_le_bytes(last), MULTIPLIERS[1])
    }
}

fn fold(value: u64, multiplier: u64) -> u64 {
    let product = u128::from(value) * u128::from(multiplier);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn near_values_have_far_hashes() {
        let longs: HashSet<u64> = (0..200_000u64).map(|value| FastHash::of(&value.to_le_bytes())).collect();
        assert_eq!(longs.len(), 200_000);
        let texts: HashSet<u64> =
            (0..200_000).map(|value| FastHash::of(format!("device {value}").as_bytes())).collect();
        assert_eq!(texts.len(), 200_000);
        // Low and high bits both say much: tables use either.
        for shift in [0, 57] {
            let parts: HashSet<u64> = longs.iter().map(|hash| (hash >> shift) & 0x7f).collect();
            assert_eq!(parts.len(), 128);
        }
        assert_ne!(FastHash::of(b"a"), FastHash::of(b"a\0"));
    }
}

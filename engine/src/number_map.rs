//! Maps whose keys are numbers that this process gave out.
//!
//! A batch of a few rows is looked up half a dozen times on its way: by connection, table, stream and schema. The standard
//! hasher guards against keys that somebody chose so that they collide; numbers that were given out one after the other need
//! no guard. Do not use it for anything that a peer chooses.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by number.
pub type NumberMap<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// Spreads a number over all bits by one multiplication.
#[derive(Debug, Default, Clone, Copy)]
pub struct NumberHasher(u64);

/// 2^64 divided by the golden ratio: consecutive numbers end up far apart.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        // Maps look at the highest and at the lowest bits.
        let product = u128::from(self.0 ^ number ^ SPREAD) * u128::from(SPREAD);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::{BuildHasher, Hash};

    fn hash(key: impl Hash) -> u64 {
        BuildHasherDefault::<NumberHasher>::default().hash_one(key)
    }

    #[test]
    fn consecutive_numbers_lie_apart_in_low_and_high_bits() {
        for shift in [0, 57] {
            let places: HashSet<u64> = (0..128u64).map(|number| (hash(number) >> shift) & 0x7f).collect();
            assert!(places.len() > 64, "{} of 128 places at bit {shift}", places.len());
        }
    }

    #[test]
    fn what_was_put_is_found() {
        let mut map: NumberMap<u32, u32> = (0..10_000).map(|number| (number, number * 2)).collect();
        assert!((0..10_000).all(|number| map.remove(&number) == Some(number * 2)));
        assert!(map.is_empty());
    }
}

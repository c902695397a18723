//! Hashes for the tables in which dictionaries find their values.
//!
//! They need not withstand an attacker: [`Patience`] bounds what values that are chosen to collide can cost, and losing a
//! dictionary costs no more than bytes. So they have no seed, and the same values become the same file.

const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND: u64 = 0xd1b5_4a32_d192_ed03;
const THIRD: u64 = 0xa076_1d64_78bd_642f;
const FOURTH: u64 = 0xe703_7ed1_a0b4_28db;

/// Places of a table when it is made.
pub(super) const SLOTS_MIN: usize = 1024;

/// Must a table of so many places grow for so many values? As long as it stays near the processor it is sparse, so that nearly
/// all values are at their places and the processor guesses right.
pub(super) fn is_crowded(values: usize, slots: usize) -> bool {
    const NEAR: usize = 1 << 13;
    const NEARBY: usize = 1 << 17;
    let slots_per_value = if slots <= NEAR {
        8
    } else if slots <= NEARBY {
        4
    } else {
        2
    };
    values * slots_per_value > slots
}

/// How far values may be from their places in a table before their dictionary is given up.
#[derive(Debug)]
pub(super) struct Patience {
    steps: usize,
}

impl Patience {
    const STEPS_PER_VALUE: usize = 8;
    const STEPS_MIN: usize = 1 << 12;

    /// Enough for `values` values whose hashes are what they should be.
    pub(super) fn for_values(values: usize) -> Self {
        Self { steps: values * Self::STEPS_PER_VALUE + Self::STEPS_MIN }
    }

    /// One more step aside; `None` when it is one too many.
    #[inline]
    pub(super) fn step(&mut self) -> Option<()> {
        self.steps = self.steps.checked_sub(1)?;
        Some(())
    }
}

#[inline(always)]
fn fold(one: u64, two: u64) -> u64 {
    let product = u128::from(one) * u128::from(two);
    product as u64 ^ (product >> 64) as u64
}

#[inline(always)]
pub(super) fn mix(value: u64) -> u64 {
    fold(value ^ SECOND, FIRST)
}

#[inline(always)]
pub(super) fn mix_pair(low: u64, high: u64) -> u64 {
    fold(low ^ FIRST, high ^ SECOND)
}

/// Hash of a text's first 32 bytes, which are zero behind its end, and its length.
#[inline(always)]
pub(super) fn mix_words(words: &[u64; 4], length: u64) -> u64 {
    fold(words[0] ^ FIRST, words[1] ^ SECOND) ^ fold(words[2] ^ THIRD, words[3] ^ length ^ FOURTH)
}

/// Takes the rest of a longer text into its hash.
#[cold]
pub(super) fn mix_rest(hash: u64, rest: &[u8]) -> u64 {
    let (chunks, tail) = rest.as_chunks::<16>();
    let mut last = [0; 16];
    last[..tail.len()].copy_from_slice(tail);
    chunks.iter().chain([&last]).fold(hash, |hash, chunk| {
        let value = u128::from_le_bytes(*chunk);
        fold(value as u64 ^ hash ^ FIRST, (value >> 64) as u64 ^ hash.rotate_left(32) ^ THIRD)
    })
}

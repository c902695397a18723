//! Counter-based random numbers: the value at an index without the ones before it.

/// The stream of random 64-bit values that belongs to one (seed, purpose) pair.
#[derive(Debug, Clone, Copy)]
pub struct HashSequence {
    key: u64,
}

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl HashSequence {
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self { key: mix(seed.wrapping_add(STEP) ^ mix(purpose)) }
    }

    /// The value at `index`. Distinct indices give distinct values: every step is a bijection.
    #[inline]
    pub fn at(self, index: u64) -> u64 {
        mix(self.key.wrapping_add(index.wrapping_mul(STEP)))
    }
}

/// The finaliser of SplitMix64: a bijection whose output bits all depend on all input bits.
#[inline]
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

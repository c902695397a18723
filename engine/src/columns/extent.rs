//! How much a row group may hold besides rows.
//!
//! Arrow's offsets are signed 32-bit numbers, and whoever holds rows must hold them in memory: a column that stands close
//! to a bound is sealed while one more batch still fits.

use lakehead_protocol::limits::{BATCH_DECODED_BYTES_MAX, BATCH_ELEMENTS_MAX};

/// Bytes of one string or binary column, as they are or written out.
const TEXT_BYTES_MAX: usize = 1 << 30;
/// Elements of one array or map column.
const ELEMENTS_MAX: usize = 1 << 24;
/// Bytes that all dictionary-encoded columns stand for: what they take if they have to be written out.
const DECODED_BYTES_MAX: usize = 256 << 20;

const _: () = {
    // A column that is turned into plain text holds its own bytes and what a batch stands for on top.
    assert!(TEXT_BYTES_MAX + DECODED_BYTES_MAX + 2 * BATCH_DECODED_BYTES_MAX < i32::MAX as usize);
    assert!(ELEMENTS_MAX + BATCH_ELEMENTS_MAX < i32::MAX as usize);
};

/// What a builder holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of the longest string or binary column.
    pub text_bytes: usize,
    /// Elements of the longest array or map column.
    pub elements: usize,
    /// What all dictionary-encoded columns stand for.
    pub decoded_bytes: usize,
}

impl Extent {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            text_bytes: self.text_bytes.max(other.text_bytes),
            elements: self.elements.max(other.elements),
            decoded_bytes: self.decoded_bytes + other.decoded_bytes,
        }
    }

    /// Whether a further batch might be too much.
    pub fn is_full(&self) -> bool {
        self.text_bytes >= TEXT_BYTES_MAX || self.elements >= ELEMENTS_MAX || self.decoded_bytes >= DECODED_BYTES_MAX
    }
}

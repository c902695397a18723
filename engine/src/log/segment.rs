//! A segment that is part of the log.

use super::block_header::Life;
use super::canary::Canary;

/// See the module head of [`super::log`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub number: u64,
    pub salt: [u8; 16],
    /// Length of the file.
    pub bytes: u64,
    /// Of entries in it that are still needed, and durable.
    pub live_bytes: u64,
    /// What copying would not gain: headers, repeats, what is left over behind the last block and in blocks of copies.
    pub overhead_bytes: u64,
}

impl Segment {
    /// What copying would gain.
    pub(super) fn gain(&self) -> u64 {
        self.bytes.saturating_sub(self.live_bytes + self.overhead_bytes)
    }

    /// A block was put into the segment; `entries` are the bytes of its entries.
    pub(super) fn placed(&mut self, bytes: u64, entries: u64, is_packed: bool) {
        self.overhead_bytes += if is_packed || entries == 0 { bytes - entries.min(bytes) } else { 0 };
    }

    pub(super) fn life(&self, canary: Canary) -> Life {
        Life { segment: self.number, salt: self.salt, canary }
    }
}

/// A file that can become a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spare {
    pub number: u64,
    pub bytes: u64,
}

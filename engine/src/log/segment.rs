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
}

impl Segment {
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

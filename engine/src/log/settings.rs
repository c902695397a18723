//! What a log is told when it begins.

use super::buffer::BlockBuffer;
use super::canary::Canary;
use std::cell::RefCell;
use std::rc::Rc;

/// Gives memory for a block of this many bytes, a multiple of 4 KiB.
pub type Buffers = Rc<dyn Fn(usize) -> Box<dyn BlockBuffer>>;
/// Gives a random number that no client can know.
pub type Salts = Rc<RefCell<dyn FnMut() -> [u8; 16]>>;

/// Sizes, times and sources of one log.
#[derive(Clone)]
pub struct Settings {
    /// Disk space of the log, spares included. Less than [`super::limits::SEGMENTS_MIN`] segments count as that many.
    pub bytes_max: u64,
    /// Length of a segment, a multiple of 4 KiB. It should hold several of the largest frames; a block that fits no segment
    /// of this size gets a longer one.
    pub segment_bytes: u32,
    /// A block is closed when the next record would make it longer than this, a multiple of 4 KiB.
    pub block_bytes: usize,
    /// How long a record may wait for others to be written with.
    pub linger_us: u64,
    pub buffers: Buffers,
    pub salts: Salts,
    pub canary: Canary,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { bytes_max, segment_bytes, block_bytes, linger_us, canary, .. } = self;
        write!(
            formatter,
            "Settings {{ bytes_max: {bytes_max}, segment_bytes: {segment_bytes}, block_bytes: {block_bytes}, \
             linger_us: {linger_us}, canary: {canary:?} }}"
        )
    }
}

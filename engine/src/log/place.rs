//! Where a block is.

use super::numbers::Position;

/// A block with entries of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockPlace {
    pub segment: u64,
    /// Of the block's header in the segment.
    pub offset: u64,
    /// Whole pages.
    pub bytes: u32,
    /// The table's first entry in the block.
    pub first: Position,
    /// Behind the table's last one.
    pub next: Position,
}

//! A block, read.

use super::block_header::{BlockHeader, Life};
use super::limits::BLOCK_HEADER_BYTES;
use super::record::{Record, RecordKind};

/// Why bytes are not the block that should be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBlock {
    #[error("no block of this segment begins here")]
    Absent,
    #[error("the block's content is not what was written")]
    Content,
    #[error("record {index} of the block is not one")]
    Record { index: u32 },
    #[error("its segment has gone; ask the log again where its entries are")]
    Gone,
}

/// A block that has been checked as a whole.
#[derive(Debug, Clone, Copy)]
pub struct BlockView<'a> {
    pub header: BlockHeader,
    /// The block's own.
    pub checksum: u32,
    records: &'a [u8],
}

/// Checks the block that `bytes` begin with, read at `offset` of a segment.
///
/// # Errors
/// What it is instead. Never panics, whatever the bytes are.
pub fn open_block<'a>(life: &Life, offset: u64, bytes: &'a [u8]) -> Result<BlockView<'a>, BadBlock> {
    let (header, checksum) = BlockHeader::decode(life, offset, bytes).ok_or(BadBlock::Absent)?;
    let content = bytes.get(BLOCK_HEADER_BYTES..header.bytes()).ok_or(BadBlock::Content)?;
    if crc32c::crc32c(content) != header.content_checksum {
        return Err(BadBlock::Content);
    }
    let records = &content[..header.length as usize - BLOCK_HEADER_BYTES];
    let view = BlockView { header, checksum, records };
    let mut found = 0;
    let mut rest = records;
    while !rest.is_empty() {
        let record = Record::decode(rest).ok_or(BadBlock::Record { index: found })?;
        rest = &rest[record.whole.len()..];
        found += 1;
    }
    if found != header.records { Err(BadBlock::Record { index: found }) } else { Ok(view) }
}

impl<'a> BlockView<'a> {
    /// The block's records in order.
    pub fn records(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let mut rest = self.records;
        std::iter::from_fn(move || {
            let record = Record::decode(rest)?;
            rest = &rest[record.whole.len()..];
            Some(record)
        })
    }

    /// The block's entries in order.
    pub fn rows(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        self.records().filter(|record| record.header.kind == RecordKind::Rows)
    }
}

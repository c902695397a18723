//! A segment, read piece by piece.

use super::error::RecoveryError;
use super::read_disk::ReadDisk;
use crate::log::block_header::{BlockHeader, Life};
use crate::log::block_view::{BlockView, open_block};
use crate::log::limits::PAGE_BYTES;

/// Bytes read at a time.
const READ_BYTES: usize = 4 * 1024 * 1024;

/// The part of a segment that was read last.
pub(super) struct Window<'d> {
    disk: &'d dyn ReadDisk,
    life: Life,
    /// Of the segment.
    segment_bytes: u64,
    start: u64,
    bytes: Vec<u8>,
    pub bytes_read: u64,
}

impl<'d> Window<'d> {
    pub fn new(disk: &'d dyn ReadDisk, life: Life, segment_bytes: u64) -> Self {
        Self { disk, life, segment_bytes, start: 0, bytes: Vec::new(), bytes_read: 0 }
    }

    /// `length` bytes at `offset`, fewer when the segment ends before.
    pub fn bytes(&mut self, offset: u64, length: usize) -> Result<&[u8], RecoveryError> {
        let end = offset.saturating_add(length as u64).min(self.segment_bytes);
        if offset < self.start || end > self.start + self.bytes.len() as u64 {
            self.read_on(offset, length)?;
        }
        let from = (offset - self.start) as usize;
        let to = end.saturating_sub(self.start) as usize;
        Ok(self.bytes.get(from..to).unwrap_or_default())
    }

    /// Lets the window begin at `offset`; what it held already is not read again.
    fn read_on(&mut self, offset: u64, length: usize) -> Result<(), RecoveryError> {
        let wanted = length.max(READ_BYTES) as u64;
        let bytes = wanted.min(self.segment_bytes.saturating_sub(offset)) as usize;
        let held = self.start..self.start + self.bytes.len() as u64;
        let kept = if held.contains(&offset) { ((held.end - offset) as usize).min(bytes) } else { 0 };
        if kept > 0 {
            let from = (offset - self.start) as usize;
            self.bytes.copy_within(from..from + kept, 0);
        }
        self.bytes.resize(bytes, 0);
        let (segment, at) = (self.life.segment, offset + kept as u64);
        // Should it fail, nothing that is held counts.
        self.start = u64::MAX / 2;
        self.disk
            .read(segment, at, &mut self.bytes[kept..])
            .map_err(|error| RecoveryError::Io { what: format!("segment {segment}, offset {at}"), error })?;
        self.start = offset;
        self.bytes_read += (bytes - kept) as u64;
        Ok(())
    }

    /// The header at `offset`, if one was written there in this life of the segment.
    pub fn header(&mut self, offset: u64) -> Result<Option<BlockHeader>, RecoveryError> {
        let life = self.life;
        let page = self.bytes(offset, PAGE_BYTES)?;
        Ok(BlockHeader::decode(&life, offset, page).map(|(header, _)| header))
    }

    /// The block at `offset`, if it is intact.
    pub fn block(&mut self, offset: u64) -> Result<Option<BlockView<'_>>, RecoveryError> {
        let Some(header) = self.header(offset)? else { return Ok(None) };
        if offset + header.bytes() as u64 > self.segment_bytes {
            return Ok(None);
        }
        let life = self.life;
        let bytes = self.bytes(offset, header.bytes())?;
        Ok(open_block(&life, offset, bytes).ok())
    }
}

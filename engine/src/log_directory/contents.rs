//! What a recovered log holds, block by block and entry by entry.

use crate::log::block_header::{BlockHeader, Life};
use crate::log::limits::{PAGE_BYTES, SEGMENT_HEADER_BYTES};
use crate::log::recovery::Tail;
use crate::log::{
    Canary, LiveState, Position, ReadDisk, Recovered, SchemaNumber, StreamNumber, TableNumber, open_block,
};
use std::collections::BTreeMap;
use std::io;

/// A block where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenBlock {
    pub segment: u64,
    pub offset: u64,
    pub header: BlockHeader,
}

/// An entry and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub table: TableNumber,
    pub stream: StreamNumber,
    pub schema: SchemaNumber,
    /// Rows at the front of the frame that do not count.
    pub skip: u32,
    /// Offsets of the rows that count, `from` to `to - 1`.
    pub from: u64,
    pub to: u64,
    /// Rows of it that its table does not get, as far as they were known when it was taken.
    pub rejected: u64,
    /// Of its record.
    pub bytes: u64,
    pub place: EntryPlace,
}

/// The block that an entry is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryPlace {
    pub segment: u64,
    pub offset: u64,
    pub bytes: u32,
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its table is known to have it.
    InTable,
    /// It is on its way to the table.
    Open,
    /// It is kept until a person has decided.
    Held,
}

/// Blocks in order, entries by position.
#[derive(Debug, Default)]
pub struct Contents {
    pub blocks: Vec<SeenBlock>,
    pub entries: BTreeMap<Position, Entry>,
}

impl Contents {
    /// Reads what recovery has found again.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn read(disk: &dyn ReadDisk, recovered: &Recovered) -> io::Result<Self> {
        let mut contents = Self::default();
        let mut last_sequence = 0;
        for segment in recovered.segments() {
            let life = Life { segment: segment.number, salt: segment.salt, canary: Canary::None };
            let mut bytes = vec![0; usize::try_from(segment.bytes).map_err(io::Error::other)?];
            disk.read(segment.number, 0, &mut bytes)?;
            let end = match recovered.tail {
                Tail::Torn { segment: torn, offset, .. } if torn == segment.number => offset,
                _ => segment.bytes,
            };
            let mut offset = SEGMENT_HEADER_BYTES as u64;
            while offset < end {
                let rest = usize::try_from(offset).ok().and_then(|from| bytes.get(from..)).unwrap_or_default();
                let block = open_block(&life, offset, rest).ok().filter(|block| {
                    block.header.sequence > last_sequence && block.header.sequence < recovered.next_sequence
                });
                let Some(block) = block else {
                    // Nothing, or damage, behind which there may be more.
                    offset += PAGE_BYTES as u64;
                    continue;
                };
                last_sequence = block.header.sequence;
                contents.blocks.push(SeenBlock { segment: segment.number, offset, header: block.header });
                let place = EntryPlace { segment: segment.number, offset, bytes: block.header.bytes() as u32 };
                for record in block.rows() {
                    let Some((from, to)) = record.offsets() else { continue };
                    let header = record.header;
                    contents.entries.insert(
                        header.position,
                        Entry {
                            table: header.table,
                            stream: header.stream,
                            schema: header.schema,
                            skip: header.skip,
                            from,
                            to,
                            rejected: record.decision().map_or(0, |decision| decision.rows()),
                            bytes: record.whole.len() as u64,
                            place,
                        },
                    );
                }
                offset += block.header.bytes() as u64;
            }
        }
        Ok(contents)
    }

    /// Whether rows of the entry are not for its table.
    pub fn has_rejected(state: &LiveState, position: Position, entry: &Entry) -> bool {
        entry.rejected > 0 || state.decided.contains_key(&position)
    }

    /// A table's entries in order, with where they stand.
    pub fn of_table<'a>(
        &'a self,
        state: &'a LiveState,
        table: TableNumber,
    ) -> impl Iterator<Item = (Position, &'a Entry, Standing)> {
        let in_table = state.tables.get(&table).map_or(Position(0), |table| table.position);
        let of_table = self.entries.iter().filter(move |(_, entry)| entry.table == table);
        of_table.map(move |(position, entry)| {
            let standing = match state.held.contains_key(position) {
                true => Standing::Held,
                false if *position < in_table => Standing::InTable,
                false => Standing::Open,
            };
            (*position, entry, standing)
        })
    }
}

//! One partition of a cut that is being gathered: rows that wait to be encoded, row groups that wait for the file, the file.

use super::encode::EncodedRowGroup;
use super::in_order::InOrder;
use super::partition::{Part, PartitionKey};
use super::staged_file::StagedFile;
use crate::budget::Reservation;
use crate::handover::ShardId;
use arrow::record_batch::RecordBatch;

/// A partition with its file.
pub(super) struct OpenPartition {
    pub(super) key: PartitionKey,
    /// Not encoded yet, in the order in which they came.
    parts: Vec<RecordBatch>,
    memory: Option<Reservation>,
    shard: ShardId,
    /// Whether it is in line to be encoded.
    pub(super) in_line: bool,
    /// Encoded, by the order in which they are appended.
    pub(super) waiting: InOrder<EncodedRowGroup>,
    pub(super) encoding: usize,
    pub(super) file: File,
    /// When its file was used last, by a clock that counts uses.
    pub(super) used_at: u64,
}

#[derive(Default)]
pub(super) enum File {
    #[default]
    None,
    Open(StagedFile),
    Lent,
}

/// Rows that are to become one row group.
pub struct Gathered {
    pub shard: ShardId,
    pub parts: Vec<RecordBatch>,
    pub memory: Reservation,
}

impl OpenPartition {
    pub(super) fn new(key: PartitionKey) -> Self {
        Self {
            key,
            parts: Vec::new(),
            memory: None,
            shard: ShardId(0),
            in_line: false,
            waiting: InOrder::default(),
            encoding: 0,
            file: File::None,
            used_at: 0,
        }
    }

    /// Bytes of the rows that are not encoded yet.
    pub(super) fn gathered_bytes(&self) -> usize {
        self.memory.as_ref().map_or(0, Reservation::bytes)
    }

    pub(super) fn has_parts(&self) -> bool {
        !self.parts.is_empty()
    }

    pub(super) fn add(&mut self, part: Part) {
        let Part { shard, rows, memory, .. } = part;
        if self.parts.is_empty() {
            self.shard = shard;
        }
        self.parts.push(rows);
        match &mut self.memory {
            Some(held) => held.absorb(memory),
            None => self.memory = Some(memory),
        }
    }

    /// What is to be encoded now; gives its place in the file too.
    pub(super) fn take(&mut self) -> Option<(u64, Gathered)> {
        self.in_line = false;
        let memory = self.memory.take()?;
        self.encoding += 1;
        Some((self.waiting.place(), Gathered { shard: self.shard, parts: std::mem::take(&mut self.parts), memory }))
    }

    /// Whether all its rows are encoded.
    pub(super) fn is_encoded(&self) -> bool {
        self.parts.is_empty() && self.encoding == 0
    }

    /// Whether nothing is on its way into the file any more, what is being taken out now aside.
    pub(super) fn is_drained(&self) -> bool {
        self.is_encoded() && self.waiting.waiting() == 0
    }
}

//! Row groups into partitions, and partitions into the encoders.

use super::{OpenedTable, TableMessage, TableTask};
use crate::commit::context::Context;
use crate::commit::encode::{EncodeError, encode_here};
use crate::commit::open_cut::{Bounds, EncodeWork, FILE_JOBS_MAX, OpenCut};
use crate::commit::open_partition::Gathered;
use crate::commit::partition::join::join;
use crate::commit::partition::{Part, Partitioning, SplitError};
use crate::handover::Refusal;
use crate::handover::row_group::RowGroup;
use lakehead_protocol::reject::RejectCode;
use std::sync::Arc;

/// What is worth a row group of its own, before it is encoded.
const ROW_GROUP_BYTES: usize = 8 << 20;

/// One part of the budget in so many is for rows that are gathered by partition, for each table.
const GATHERED_PART: usize = 8;

/// When rows of this table are encoded.
pub(super) fn bounds(context: &Context, opened: &OpenedTable) -> Bounds {
    match &opened.partitioning {
        Some(_) => {
            let gathered_bytes_max = context.budget.limit() / GATHERED_PART;
            Bounds { row_group_bytes: ROW_GROUP_BYTES.min(gathered_bytes_max / 4), gathered_bytes_max }
        }
        None => Bounds::default(),
    }
}

impl TableTask {
    pub(super) fn open_cut(&mut self, cut: u64) -> &mut OpenCut {
        self.cuts.entry(cut).or_insert_with(|| OpenCut::new(self.bounds))
    }

    pub(super) fn begin_split(&mut self, partitioning: Arc<Partitioning>, row_group: RowGroup) {
        let (generation, cut) = (row_group.generation, row_group.cut);
        self.under_way += 1;
        let place = self.open_cut(cut).split_began();
        let own = self.own.clone();
        self.context.encoders.run(
            move || partitioning.split(row_group),
            move |result| {
                let result = result.unwrap_or(Err(SplitError::Panic));
                // A task that has ended needs no rows.
                let _ended = own.send(TableMessage::Split { generation, cut, place, result });
            },
        );
    }

    pub(super) fn split(&mut self, generation: u64, cut: u64, place: u64, result: Result<Vec<Part>, SplitError>) {
        self.under_way = self.under_way.saturating_sub(1);
        let current = generation == self.book.generation();
        let Some(open) = self.cuts.get_mut(&cut).filter(|_| current) else { return };
        match result {
            Ok(parts) => {
                open.split(place, parts);
                self.work();
            }
            Err(error) => self.doom(Refusal::new(RejectCode::Internal, error.to_string())),
        }
    }

    /// Begins whatever can be done for the cuts, oldest first.
    pub(super) fn work(&mut self) {
        let cuts: Vec<u64> = self.cuts.keys().copied().collect();
        for cut in cuts {
            self.encode(cut);
            self.write_files(cut);
        }
    }

    /// Few row groups are with the encoders at a time: other tables need them, too. The jobs of files come on top, so that
    /// there is always something to be written.
    fn encode(&mut self, cut: u64) {
        let under_way_max = self.context.settings.encoders.max(1) + 1 + FILE_JOBS_MAX;
        while self.under_way < under_way_max {
            let Some(work) = self.cuts.get_mut(&cut).and_then(OpenCut::next_rows) else { return };
            self.under_way += 1;
            self.begin_encoding(cut, work);
        }
    }

    fn begin_encoding(&self, cut: u64, work: EncodeWork) {
        let EncodeWork { partition, place, rows } = work;
        let Gathered { shard, mut parts, memory } = rows;
        let (generation, own, plan) = (self.book.generation(), self.own.clone(), self.opened.encoding.clone());
        let done = move |result| {
            // A task that has ended needs no row group.
            let _ended = own.send(TableMessage::Encoded { generation, cut, partition, place, result });
        };
        let is_large = memory.bytes() >= self.bounds.row_group_bytes;
        let single = (parts.len() == 1 && is_large).then(|| parts.pop()).flatten();
        if let Some(rows) = single {
            let row_group = RowGroup { shard, generation, cut, rows, memory };
            return self.context.encoders.encode(plan, row_group, done);
        }
        // Small ones are many: one thread does all of one.
        let work = move || {
            let rows = join(&parts, plan.schema()).map_err(EncodeError::Join)?;
            drop(parts);
            encode_here(plan, RowGroup { shard, generation, cut, rows, memory })
        };
        self.context.encoders.run(work, move |result| done(result.unwrap_or(Err(EncodeError::JoinPanic))));
    }
}

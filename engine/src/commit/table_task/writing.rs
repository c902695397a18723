//! From the encoders into staged files.

use super::{TableMessage, TableTask};
use crate::commit::encode::{EncodeError, EncodedRowGroup};
use crate::commit::open_cut::{FileWork, OpenCut, Written};
use crate::commit::staged_file::{Place, StagedFile, StagedFileError};
use crate::handover::Refusal;
use lakehead_protocol::reject::RejectCode;

impl TableTask {
    /// A row group of this generation and cut, for this place in this partition.
    pub(super) fn encoded(
        &mut self,
        (generation, cut): (u64, u64),
        (partition, place): (usize, u64),
        result: Result<EncodedRowGroup, EncodeError>,
    ) {
        let current = generation == self.book.generation();
        match (result, self.cuts.get_mut(&cut).filter(|_| current)) {
            (Ok(row_group), Some(open)) => {
                open.encoded(partition, place, row_group);
                self.work();
            }
            (Ok(_), None) => self.under_way = self.under_way.saturating_sub(1),
            (Err(error), open) => {
                self.under_way = self.under_way.saturating_sub(1);
                if open.is_some() {
                    self.doom(Refusal::new(RejectCode::Internal, error.to_string()));
                }
            }
        }
    }

    /// Begins the blocking jobs that the cut's files need next.
    pub(super) fn write_files(&mut self, cut: u64) {
        while let Some(work) = self.cuts.get_mut(&cut).and_then(OpenCut::next_file) {
            self.begin_writing(cut, work);
        }
    }

    fn begin_writing(&self, cut: u64, work: FileWork) {
        let FileWork { partition, key, file, row_groups, finish } = work;
        let (generation, own) = (self.book.generation(), self.own.clone());
        let (store, encoding) = (self.opened.table.store().clone(), self.opened.encoding.clone());
        let (compression, budget) = (self.context.settings.compression, self.context.budget.clone());
        let partitioning = self.opened.partitioning.clone();
        let count = row_groups.len();
        let first = row_groups.first().map(|first| first.shard);
        let origin = first.and_then(|shard| self.upkeep.claims.origin(shard, self.known.view().version));
        let write = move || {
            let mut file = match file {
                Some(file) => file,
                None => {
                    let columns = partitioning.as_ref().map_or(&[][..], |partitioning| partitioning.names());
                    let place = Place { origin, ..Place::of_partition(columns, &key) };
                    StagedFile::begin_at(&store, &encoding, compression, &budget, place)?
                }
            };
            row_groups.into_iter().try_for_each(|row_group| file.append(row_group))?;
            if finish { file.finish().map(Written::Finished) } else { Ok(Written::Open(file)) }
        };
        drop(self.context.runtime.spawn_blocking(move || {
            let message = TableMessage::Written { generation, cut, partition, row_groups: count, result: write() };
            // A task that has ended drops the file, which removes it.
            let _ended = own.send(message);
        }));
    }

    pub(super) fn written(
        &mut self,
        generation: u64,
        cut: u64,
        partition: usize,
        result: Result<Written, StagedFileError>,
    ) {
        let (current, now_ms) = (generation == self.book.generation(), self.context.now_ms());
        match (result, self.cuts.get_mut(&cut).filter(|_| current)) {
            (Ok(file), Some(open)) => {
                open.written(partition, file);
                open.times.durable_ms = now_ms;
            }
            (Ok(Written::Open(file)), None) => drop(self.context.runtime.spawn_blocking(move || drop(file))),
            (Ok(Written::Finished(file)), None) => self.delete(vec![file.added.path]),
            (Err(error), Some(_)) => self.doom_of_file(&error),
            (Err(_), None) => {}
        }
        self.work();
    }

    fn doom_of_file(&mut self, error: &StagedFileError) {
        let code = match error {
            StagedFileError::Store(_) => RejectCode::TableUnavailable,
            StagedFileError::Encode(_) => RejectCode::Internal,
        };
        self.doom(Refusal::new(code, error.to_string()));
    }
}

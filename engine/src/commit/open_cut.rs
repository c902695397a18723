//! One cut on its way from row groups to durable files, one or more for each partition of the table.
//!
//! ```text
//! row group ──split──> parts ──gathered──> encoders ──> row groups of a partition ──> its file
//! ```
//!
//! What comes back from threads comes in any order and is taken in the order in which it went there, so that a stream's rows
//! stand in a partition's files as they were sent. Parts are gathered by partition until they are worth a row group, or too
//! many for memory, or all of the cut is there. A file is lent to one blocking job at a time: append what waits and, when
//! nothing more can come, finish. No row group, no file. A table without partitions has one partition, whose row groups are
//! encoded as they come.
//!
//! # Bounds
//!
//! Rows that are gathered are in the budget, and bounded by [`Bounds::gathered_bytes_max`]: beyond it the largest are encoded
//! as they are, until half of it is free. Jobs are bounded by [`FILE_JOBS_MAX`], open files by [`OPEN_FILES_MAX`] besides: when
//! another one is to be opened, the one that was used longest ago is finished, and its partition begins a new one later.

use super::cut_book::GatheredCut;
use super::encode::EncodedRowGroup;
use super::in_order::InOrder;
use super::open_partition::{File, Gathered, OpenPartition};
use super::partition::{Part, PartitionKey};
use super::staged_file::{FinishedStagedFile, StagedFile};
use crate::handover::rejected::RejectedRows;
use std::collections::{HashMap, VecDeque};

/// Files of a cut that jobs work on at the same time: while one waits for the disk, others write.
pub const FILE_JOBS_MAX: usize = 16;

/// Files of a cut that are open and wait for more.
pub const OPEN_FILES_MAX: usize = 32;

/// When rows are encoded that wait for more of their partition.
#[derive(Debug, Default, Clone, Copy)]
pub struct Bounds {
    /// What is worth a row group; 0 encodes everything as it comes.
    pub row_group_bytes: usize,
    /// Of all partitions together.
    pub gathered_bytes_max: usize,
}

/// A cut that is being gathered, or waits to be committed.
#[derive(Default)]
pub struct OpenCut {
    bounds: Bounds,
    /// Row groups that fall apart into partitions, by the order in which they came.
    split: InOrder<Vec<Part>>,
    splitting: usize,
    partitions: Vec<OpenPartition>,
    places: HashMap<PartitionKey, usize>,
    /// Partitions whose rows are to be encoded.
    to_encode: VecDeque<usize>,
    /// Partitions whose file may need a job.
    to_write: VecDeque<usize>,
    /// Partitions with rows that are not encoded yet.
    gathering: usize,
    gathered_bytes: usize,
    encoding: usize,
    waiting: usize,
    open: usize,
    lent: usize,
    uses: u64,
    finished: Vec<FinishedStagedFile>,
    gathered: Option<GatheredCut>,
    /// Rows that the table does not get.
    rejected: Vec<RejectedRows>,
    pub times: Times,
}

/// When the cut reached which point, in milliseconds of the plane's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct Times {
    pub asked_ms: u64,
    pub gathered_ms: u64,
    pub durable_ms: u64,
}

/// Rows for the encoders. They come back by [`OpenCut::encoded`].
pub struct EncodeWork {
    pub partition: usize,
    /// The row group's place in the partition.
    pub place: u64,
    pub rows: Gathered,
}

/// A blocking job that a file needs: append to it, which begins with it when there is none, and finish it when nothing more
/// can come. It comes back by [`OpenCut::written`].
pub struct FileWork {
    pub partition: usize,
    pub key: PartitionKey,
    pub file: Option<StagedFile>,
    pub row_groups: Vec<EncodedRowGroup>,
    pub finish: bool,
}

/// A file after its job.
pub enum Written {
    Open(StagedFile),
    /// Durable.
    Finished(FinishedStagedFile),
}

impl OpenCut {
    /// One whose rows are gathered by these bounds.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Rows of the cut that the table does not get.
    pub fn reject(&mut self, rejected: RejectedRows) {
        self.rejected.push(rejected);
    }

    /// A row group of the cut goes to be split; gives its place.
    pub fn split_began(&mut self) -> u64 {
        self.splitting += 1;
        self.split.place()
    }

    /// The row group of this place fell into these parts.
    pub fn split(&mut self, place: u64, parts: Vec<Part>) {
        self.splitting -= 1;
        self.split.put(place, parts);
        self.split.take_next().into_iter().flatten().for_each(|part| self.add(part));
        self.line_up_if_complete();
    }

    /// Rows of a partition, behind all that came before.
    pub fn add(&mut self, part: Part) {
        let index = match self.places.get(&part.key) {
            Some(index) => *index,
            None => {
                self.places.insert(part.key.clone(), self.partitions.len());
                self.partitions.push(OpenPartition::new(part.key.clone()));
                self.partitions.len() - 1
            }
        };
        let partition = &mut self.partitions[index];
        self.gathering += usize::from(!partition.has_parts());
        self.gathered_bytes += part.memory.bytes();
        partition.add(part);
        if partition.gathered_bytes() >= self.bounds.row_group_bytes {
            self.line_up(index);
        }
        if self.gathered_bytes > self.bounds.gathered_bytes_max {
            self.make_room();
        }
    }

    fn line_up(&mut self, index: usize) {
        let partition = &mut self.partitions[index];
        if partition.has_parts() && !partition.in_line {
            partition.in_line = true;
            self.to_encode.push_back(index);
        }
    }

    /// Has the largest partitions encoded, until what stays is half of what may be.
    fn make_room(&mut self) {
        let waits = |index: &usize| self.partitions[*index].has_parts() && !self.partitions[*index].in_line;
        let mut waiting: Vec<usize> = (0..self.partitions.len()).filter(waits).collect();
        let mut left: usize = waiting.iter().map(|index| self.partitions[*index].gathered_bytes()).sum();
        if left <= self.bounds.gathered_bytes_max {
            return;
        }
        waiting.sort_by_key(|index| std::cmp::Reverse(self.partitions[*index].gathered_bytes()));
        for index in waiting {
            if left <= self.bounds.gathered_bytes_max / 2 {
                return;
            }
            left -= self.partitions[index].gathered_bytes();
            self.line_up(index);
        }
    }

    /// All shards have answered.
    pub fn gathered(&mut self, cut: GatheredCut, now_ms: u64) {
        self.gathered = Some(cut);
        self.times.gathered_ms = now_ms;
        self.line_up_if_complete();
    }

    /// Whether all shards have answered.
    pub fn is_gathered(&self) -> bool {
        self.gathered.is_some()
    }

    /// Whether no more rows can come.
    fn is_complete(&self) -> bool {
        self.is_gathered() && self.splitting == 0 && self.split.waiting() == 0
    }

    fn line_up_if_complete(&mut self) {
        if self.is_complete() {
            (0..self.partitions.len()).for_each(|index| self.line_up(index));
            self.to_write.extend(0..self.partitions.len());
        }
    }

    /// Bytes of the cut, as far as they are here.
    pub fn bytes(&self) -> u64 {
        let open = self.partitions.iter().map(|partition| match &partition.file {
            File::Open(file) => file.bytes(),
            File::None | File::Lent => 0,
        });
        let finished = self.finished.iter().map(|file| file.added.bytes);
        open.chain(finished).sum::<u64>() + self.gathered_bytes as u64
    }

    /// What is to be encoded next, if anything.
    pub fn next_rows(&mut self) -> Option<EncodeWork> {
        while let Some(index) = self.to_encode.pop_front() {
            let partition = &mut self.partitions[index];
            if let Some((place, rows)) = partition.take() {
                self.gathering -= 1;
                self.gathered_bytes -= rows.memory.bytes();
                self.encoding += 1;
                return Some(EncodeWork { partition: index, place, rows });
            }
        }
        None
    }

    /// The row group of this place came back.
    pub fn encoded(&mut self, partition: usize, place: u64, row_group: EncodedRowGroup) {
        self.encoding -= 1;
        self.waiting += 1;
        self.partitions[partition].encoding -= 1;
        self.partitions[partition].waiting.put(place, row_group);
        self.to_write.push_back(partition);
    }

    /// What is to be done next with a file, if anything.
    pub fn next_file(&mut self) -> Option<FileWork> {
        while self.lent < FILE_JOBS_MAX {
            let index = self.to_write.pop_front()?;
            let (complete, open) = (self.is_complete(), self.open + self.lent);
            let partition = &mut self.partitions[index];
            if matches!(partition.file, File::Lent) {
                continue;
            }
            let is_new = matches!(partition.file, File::None);
            let stays_open = !(complete && partition.is_encoded());
            if is_new && stays_open && open >= OPEN_FILES_MAX && partition.waiting.has_next() {
                // First there has to be room; what is lent comes back by itself.
                self.to_write.push_front(index);
                return self.close_oldest();
            }
            let row_groups = partition.waiting.take_next();
            let finish = complete && partition.is_drained();
            if row_groups.is_empty() && (is_new || !finish) {
                continue;
            }
            self.waiting -= row_groups.len();
            return Some(self.lend(index, row_groups, finish));
        }
        None
    }

    fn close_oldest(&mut self) -> Option<FileWork> {
        let open = self.partitions.iter().enumerate();
        let open = open.filter(|(_, partition)| matches!(partition.file, File::Open(_)));
        let (oldest, _) = open.min_by_key(|(_, partition)| partition.used_at)?;
        Some(self.lend(oldest, Vec::new(), true))
    }

    fn lend(&mut self, index: usize, row_groups: Vec<EncodedRowGroup>, finish: bool) -> FileWork {
        let partition = &mut self.partitions[index];
        let file = match std::mem::replace(&mut partition.file, File::Lent) {
            File::Open(file) => {
                self.open -= 1;
                Some(file)
            }
            File::None | File::Lent => None,
        };
        self.lent += 1;
        FileWork { partition: index, key: partition.key.clone(), file, row_groups, finish }
    }

    /// The file of a partition came back from its job.
    pub fn written(&mut self, partition: usize, file: Written) {
        self.lent -= 1;
        self.uses += 1;
        let uses = self.uses;
        let lender = &mut self.partitions[partition];
        lender.used_at = uses;
        lender.file = match file {
            Written::Open(file) => {
                self.open += 1;
                File::Open(file)
            }
            Written::Finished(file) => {
                self.finished.push(file);
                File::None
            }
        };
        // More may have come meanwhile, or nothing may come any more.
        self.to_write.push_back(partition);
    }

    /// Whether the cut can be committed: everything answered, encoded, durable.
    pub fn is_ready(&self) -> bool {
        self.is_complete() && self.gathering + self.encoding + self.waiting + self.open + self.lent == 0
    }

    /// Its parts, once it is ready.
    pub fn into_parts(self) -> (Option<GatheredCut>, Vec<FinishedStagedFile>, Vec<RejectedRows>) {
        (self.gathered, self.finished, self.rejected)
    }

    /// Row groups that wait for a file.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Gives the cut up. Files that take row groups still are removed, by a thread that may block; finished ones are given
    /// back to be deleted.
    pub fn give_up(self, runtime: &tokio::runtime::Handle) -> Vec<FinishedStagedFile> {
        let open: Vec<File> = self.partitions.into_iter().map(|partition| partition.file).collect();
        drop(runtime.spawn_blocking(move || drop(open)));
        self.finished
    }
}

#[cfg(test)]
mod tests;

//! One cut on its way from row groups to a durable file.
//!
//! Row groups come back from the encoders in any order and are appended in the order in which they went there, so that a
//! stream's rows stand in the file as they were sent. The file is lent to one blocking job
//! at a time: append what waits, or, when every shard has answered and every row group is in, finish. No row group, no file.

use super::cut_book::GatheredCut;
use super::encode::EncodedRowGroup;
use super::in_order::InOrder;
use super::staged_file::{FinishedStagedFile, StagedFile};

/// A cut that is being gathered, or waits to be committed.
#[derive(Default)]
pub struct OpenCut {
    file: File,
    /// Encoded, by the order in which they are appended.
    waiting: InOrder<EncodedRowGroup>,
    encoding: usize,
    gathered: Option<GatheredCut>,
    pub times: Times,
}

/// When the cut reached which point, in milliseconds of the plane's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct Times {
    pub asked_ms: u64,
    pub gathered_ms: u64,
    pub durable_ms: u64,
}

#[derive(Default)]
enum File {
    #[default]
    None,
    Open(StagedFile),
    Lent,
    Finished(FinishedStagedFile),
}

/// A blocking job that the cut's file needs. The file comes back by [`OpenCut::give_back`] or [`OpenCut::finished`].
pub enum FileWork {
    /// Append to the file, which begins with it when there is none.
    Append { file: Option<StagedFile>, row_groups: Vec<EncodedRowGroup> },
    /// Make it durable.
    Finish(StagedFile),
}

impl OpenCut {
    /// A row group of the cut goes to the encoders; gives its place in the file.
    pub fn encoding_began(&mut self) -> u64 {
        self.encoding += 1;
        self.waiting.place()
    }

    /// The row group of this place came back.
    pub fn encoded(&mut self, place: u64, row_group: EncodedRowGroup) {
        self.encoding = self.encoding.saturating_sub(1);
        self.waiting.put(place, row_group);
    }

    /// All shards have answered.
    pub fn gathered(&mut self, cut: GatheredCut, now_ms: u64) {
        self.gathered = Some(cut);
        self.times.gathered_ms = now_ms;
    }

    /// Whether all shards have answered.
    pub fn is_gathered(&self) -> bool {
        self.gathered.is_some()
    }

    /// Bytes in the file, as far as it is here.
    pub fn bytes(&self) -> u64 {
        match &self.file {
            File::Open(file) => file.bytes(),
            File::Finished(file) => file.added.bytes,
            File::None | File::Lent => 0,
        }
    }

    /// What is to be done next with the file, if anything.
    pub fn next_work(&mut self) -> Option<FileWork> {
        if matches!(self.file, File::Lent | File::Finished(_)) {
            return None;
        }
        let row_groups = self.waiting.take_next();
        if !row_groups.is_empty() {
            return match std::mem::replace(&mut self.file, File::Lent) {
                File::Open(file) => Some(FileWork::Append { file: Some(file), row_groups }),
                _ => Some(FileWork::Append { file: None, row_groups }),
            };
        }
        if self.gathered.is_none() || self.encoding > 0 || self.waiting.waiting() > 0 {
            return None;
        }
        match std::mem::take(&mut self.file) {
            File::Open(file) => {
                self.file = File::Lent;
                Some(FileWork::Finish(file))
            }
            other => {
                self.file = other;
                None
            }
        }
    }

    /// The file, after an append.
    pub fn give_back(&mut self, file: StagedFile) {
        self.file = File::Open(file);
    }

    /// The file, durable.
    pub fn finished(&mut self, file: FinishedStagedFile) {
        self.file = File::Finished(file);
    }

    /// Whether the cut can be committed: everything answered, encoded, durable.
    pub fn is_ready(&self) -> bool {
        self.is_gathered()
            && self.encoding == 0
            && self.waiting.waiting() == 0
            && matches!(self.file, File::None | File::Finished(_))
    }

    /// Its parts, once it is ready.
    pub fn into_parts(self) -> (Option<GatheredCut>, Vec<FinishedStagedFile>) {
        let file = match self.file {
            File::Finished(file) => vec![file],
            File::None | File::Open(_) | File::Lent => Vec::new(),
        };
        (self.gathered, file)
    }

    /// Row groups that wait for the file.
    pub fn waiting(&self) -> usize {
        self.waiting.waiting()
    }

    /// Gives the cut up. A file that takes row groups still is removed, by a thread that may block; finished ones are
    /// given back to be deleted.
    pub fn give_up(self, runtime: &tokio::runtime::Handle) -> Vec<FinishedStagedFile> {
        match self.file {
            File::Open(file) => drop(runtime.spawn_blocking(move || drop(file))),
            File::Finished(file) => return vec![file],
            File::None | File::Lent => {}
        }
        Vec::new()
    }
}

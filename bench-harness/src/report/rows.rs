use crate::readback::{RowNames, Tally};
use serde::Serialize;

/// Rows on their way through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub sent: u64,
    /// Acked as committed.
    pub committed: u64,
    /// Absent when the table was not read back.
    pub read_back: Option<ReadCounts>,
    pub verdict: Verdict,
}

/// What the table holds of the run, by an independent reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadCounts {
    /// Which columns say which row a row is.
    pub checked_by: RowNames,
    pub table_version: Option<u64>,
    /// Data files added since the run started.
    pub files: usize,
    pub file_bytes: u64,
    pub read: u64,
    pub duplicate: u64,
    /// Acked as committed and not in the table.
    pub lost: u64,
    /// Rows in the run's files that the run did not send.
    pub foreign: u64,
    /// Rows whose naming columns disagree.
    pub contradicting: u64,
}

/// What the counts prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every row sent is in the table once, and nothing else is.
    ExactlyOnce,
    /// All was acked as committed; the table was not read.
    CommittedNotRead,
    /// Rows sent were never acked as committed.
    Uncommitted,
    /// The table holds something else than what was acked.
    Wrong,
}

impl Counts {
    pub fn new(sent: u64, committed: u64, read_back: Option<ReadCounts>) -> Self {
        let verdict = match &read_back {
            Some(read) if !read.is_clean() => Verdict::Wrong,
            _ if committed != sent => Verdict::Uncommitted,
            Some(read) if read.read != sent => Verdict::Wrong,
            Some(_) => Verdict::ExactlyOnce,
            None => Verdict::CommittedNotRead,
        };
        Self { sent, committed, read_back, verdict }
    }
}

impl ReadCounts {
    pub fn new(checked_by: RowNames, table_version: Option<u64>, files: usize, file_bytes: u64, tally: &Tally) -> Self {
        Self {
            checked_by,
            table_version,
            files,
            file_bytes,
            read: tally.read,
            duplicate: tally.duplicate,
            lost: tally.lost(),
            foreign: tally.foreign,
            contradicting: tally.contradicting,
        }
    }

    fn is_clean(&self) -> bool {
        [self.duplicate, self.lost, self.foreign, self.contradicting] == [0; 4]
    }
}

//! When rows that are appended one by one become a batch.

use crate::error::{Error, ErrorKind};
use lakehead_protocol::limits::{BATCH_BYTES_MAX, BATCH_ROWS_MAX};
use std::time::Duration;

/// Rows of [`crate::Stream::append_row`] are collected until one of these is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// So many rows. 65,536 by default: what a batch costs as a whole is then nothing beside its rows, and strings of low
    /// cardinality are worth a dictionary.
    pub rows_max: usize,
    /// So many bytes, encoded. 4 MiB by default: a quarter of the largest frame, so that a batch of wide rows is one frame and
    /// the server has its first rows while the next are collected.
    pub bytes_max: usize,
    /// So long after the first of them. 20 ms by default: next to nothing beside the time between two commits, and no
    /// more than 50 batches a second however slowly rows come.
    pub linger: Duration,
}

impl Default for Batching {
    fn default() -> Self {
        Self { rows_max: 65_536, bytes_max: 4 << 20, linger: Duration::from_millis(20) }
    }
}

impl Batching {
    /// Nobody waits longer for a row that somebody waits for.
    pub(crate) const LINGER_MAX: Duration = Duration::from_secs(60);

    /// # Errors
    /// `CONFIGURATION` for values out of range.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |what: String| Err(Error::plain(ErrorKind::Configuration(what)));
        if !(1..=BATCH_ROWS_MAX).contains(&self.rows_max) {
            return wrong(format!("a batch collects 1 to {BATCH_ROWS_MAX} rows, not {}", self.rows_max));
        }
        if !(1..=BATCH_BYTES_MAX).contains(&self.bytes_max) {
            return wrong(format!("a batch collects 1 to {BATCH_BYTES_MAX} bytes, not {}", self.bytes_max));
        }
        if self.linger > Self::LINGER_MAX {
            return wrong(format!("rows linger for at most {} s", Self::LINGER_MAX.as_secs()));
        }
        Ok(())
    }
}

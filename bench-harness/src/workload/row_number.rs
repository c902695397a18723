//! `ts` carries the identity of its row.
//!
//! A stream's rows are a millisecond apart with less than a millisecond of jitter (as a sensor's are, and so that the
//! column's deltas are not constant), and streams lie far apart in time. So the timestamp alone says which row of which
//! stream it is, and loss and duplication can be told without columns made for it.

/// 2026-01-01T00:00:00Z.
const EPOCH_US: i64 = 1_767_225_600_000_000;
const ROW_SPAN_US: u64 = 1_000;
/// Rows a stream can have before it would run into the next one's time.
pub const ROWS_PER_STREAM_MAX: u64 = 10_000_000_000;
const STREAM_SPAN_US: u64 = ROWS_PER_STREAM_MAX * ROW_SPAN_US;

/// A row of a run: which stream, and which row in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowNumber {
    pub stream: u64,
    pub row: u64,
}

impl RowNumber {
    /// The row's timestamp; `random` moves it within its own millisecond.
    #[inline]
    pub fn timestamp_us(self, random: u64) -> i64 {
        let jitter_us = ((random & 0x3FF) * ROW_SPAN_US) >> 10;
        EPOCH_US + (self.stream * STREAM_SPAN_US + self.row * ROW_SPAN_US + jitter_us) as i64
    }

    /// The row that has this timestamp, unless it is before every row's.
    #[inline]
    pub fn from_timestamp_us(timestamp_us: i64) -> Option<Self> {
        let since = u64::try_from(timestamp_us.checked_sub(EPOCH_US)?).ok()?;
        Some(Self { stream: since / STREAM_SPAN_US, row: since % STREAM_SPAN_US / ROW_SPAN_US })
    }
}

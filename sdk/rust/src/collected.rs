//! Rows that were appended one by one and are no batch yet.

use crate::batching::Batching;
use crate::columns::{FrameLimits, RowOverLimit};
use crate::error::{Error, ErrorKind};
use crate::rows::RowColumns;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use lakehead_protocol::limits::OFFSET_MAX;
use serde::Serialize;
use std::fmt;
use tokio::time::Instant;

/// See the module's head. Also counts the stream's rows, however they were appended.
#[derive(Default)]
pub(crate) struct Collected {
    schema: Option<SchemaRef>,
    batching: Batching,
    limits: Option<FrameLimits>,
    columns: Option<RowColumns>,
    /// Bytes that the columns take without a row.
    empty_bytes: usize,
    /// One past the last row of the stream.
    end: u64,
    first_at: Option<Instant>,
    last: LastRow,
    /// The last row, if it turned out to fit no frame.
    refused: Option<RowOverLimit>,
    over: bool,
}

/// What is known of the last of the collected rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LastRow {
    /// It fits a frame as far as is known.
    #[default]
    Fits,
    /// It has just come, and may be too large for any frame: then its producer is told so, and it was never appended.
    MayBeTooLarge,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It is collected.
    Row,
    /// It is collected, and the first: somebody has to see to it in time.
    First,
    /// It is collected, and now there are enough for a batch.
    Full,
    /// It is collected, and so large that it may not fit a frame.
    Large,
    /// There is no room before what is here has become a batch.
    NoRoom,
}

/// Rows that leave as a batch.
#[derive(Debug)]
pub(crate) struct Taken {
    pub batch: RecordBatch,
    /// The stream's columns; in the batch some may be dictionaries of the same.
    pub schema: SchemaRef,
    pub first_offset: u64,
    pub last: LastRow,
}

impl Collected {
    /// The stream is open, and its next row has this offset.
    pub(crate) fn begin(&mut self, schema: SchemaRef, batching: Batching, limits: FrameLimits, end: u64) {
        (self.schema, self.batching, self.limits, self.end) = (Some(schema), batching, Some(limits), end);
    }

    /// Takes a row, whole or not at all.
    ///
    /// # Errors
    /// What the row has that its columns cannot hold, or `CLOSED` when the stream is over.
    pub(crate) fn push<T: Serialize + ?Sized>(
        &mut self,
        row: &T,
        now: impl FnOnce() -> Instant,
    ) -> Result<Pushed, Error> {
        if self.over {
            return Err(Error::plain(ErrorKind::Closed));
        }
        if self.is_full() {
            return Ok(Pushed::NoRoom);
        }
        if self.end >= OFFSET_MAX {
            return Err(stream_full());
        }
        let columns = match &mut self.columns {
            Some(columns) => columns,
            columns => {
                let schema = self.schema.clone().ok_or_else(|| Error::plain(ErrorKind::Closed))?;
                let new = RowColumns::new(schema)?;
                self.empty_bytes = new.bytes();
                columns.insert(new)
            }
        };
        let before = columns.bytes();
        columns.push(row)?;
        let (rows, row_bytes) = (columns.rows(), columns.bytes().saturating_sub(before));
        self.end += 1;
        let frame_bytes_max = self.limits.map_or(usize::MAX, |limits| limits.bytes_max);
        let pushed = match rows {
            // Sizes are measured anew when frames are made: half is near enough to look twice.
            _ if (self.empty_bytes + row_bytes).saturating_mul(2) > frame_bytes_max => Pushed::Large,
            _ if self.is_full() => Pushed::Full,
            1 => Pushed::First,
            _ => Pushed::Row,
        };
        if rows == 1 {
            self.first_at = Some(now());
        }
        self.last = if pushed == Pushed::Large { LastRow::MayBeTooLarge } else { LastRow::Fits };
        Ok(pushed)
    }

    /// Takes the rows out, if there are any.
    ///
    /// # Errors
    /// Rows that make no batch: a fault of this client.
    pub(crate) fn take(&mut self) -> Result<Option<Taken>, Error> {
        self.first_at = None;
        let Some(columns) = self.columns.as_mut().filter(|columns| columns.rows() > 0) else { return Ok(None) };
        let first_offset = self.end - columns.rows() as u64;
        let last = std::mem::take(&mut self.last);
        let batch = columns.seal()?;
        let schema = self.schema.clone().unwrap_or_else(|| batch.schema());
        Ok(Some(Taken { batch, schema, first_offset, last }))
    }

    /// The last row fits no frame: the stream goes on as if it had not been appended.
    pub(crate) fn refuse_last(&mut self, over: RowOverLimit) {
        self.end -= 1;
        self.refused = Some(over);
    }

    /// Why the last row was refused, if it was, for its producer.
    pub(crate) fn refused(&mut self) -> Option<RowOverLimit> {
        self.refused.take()
    }

    /// Whether so many rows more may be appended.
    ///
    /// # Errors
    /// More rows than a stream may have.
    pub(crate) fn check_room_for(&self, rows: usize) -> Result<(), Error> {
        if self.end.saturating_add(rows as u64) > OFFSET_MAX { Err(stream_full()) } else { Ok(()) }
    }

    /// Rows up to here were appended as batches.
    pub(crate) fn end_at(&mut self, end: u64) {
        self.end = end;
    }

    /// What a server takes now.
    pub(crate) fn limit(&mut self, limits: FrameLimits) {
        self.limits = Some(limits);
    }

    /// One past the last row of the stream.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Bytes that the rows will take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.columns.as_ref().filter(|columns| columns.rows() > 0).map_or(0, RowColumns::bytes)
    }

    /// When the rows have lingered long enough.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.first_at.map(|first| first + self.batching.linger)
    }

    /// Nothing more is taken in.
    pub(crate) fn finish(&mut self) {
        self.over = true;
    }

    fn is_full(&self) -> bool {
        self.columns.as_ref().is_some_and(|columns| {
            let rows = columns.rows();
            rows >= self.batching.rows_max || (rows > 0 && columns.bytes() >= self.batching.bytes_max)
        })
    }
}

impl fmt::Debug for Collected {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Collected").field("end", &self.end).field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

fn stream_full() -> Error {
    Error::plain(ErrorKind::Configuration(format!("a stream has at most {OFFSET_MAX} rows")))
}

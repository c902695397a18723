//! A stream: rows in, committed offsets out.

use crate::committed::Committed;
use crate::error::{Error, ErrorKind};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use tokio::sync::watch;

/// An open stream of one table. One producer owns it; appending takes it exclusively, so offsets are in program order.
///
/// Dropping it without [`Stream::close`] ends its connection: rows that were appended and are not committed may or may not
/// get into the table. A named stream says at its next opening where it stands.
#[derive(Debug)]
pub struct Stream {
    schema: SchemaRef,
    resume_offset: u64,
    next_offset: u64,
    committed: watch::Receiver<Committed>,
}

impl Stream {
    /// The stream's columns: those it was opened with in the table's types, or else the table's.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// Where a restarted producer goes on: the offset of the first row that this stream has not accepted before it was
    /// opened. Zero for a new stream.
    pub fn resume_offset(&self) -> u64 {
        self.resume_offset
    }

    /// One past the offset of the last row appended.
    pub fn next_offset(&self) -> u64 {
        self.next_offset
    }

    /// Appends rows; returns one past the offset of the last. Waits while what is kept for sending again is at its limit.
    ///
    /// # Errors
    /// A batch that does not fit the stream's columns is refused whole, and the stream goes on. Any other error is the
    /// stream's end.
    ///
    /// # Cancel safety
    /// Safe: if the future is dropped before it is ready, no row of the batch was appended.
    pub async fn append(&mut self, batch: RecordBatch) -> Result<u64, Error> {
        self.try_append(batch)
    }

    /// Appends rows at once, or not at all.
    ///
    /// # Errors
    /// As [`Stream::append`], and `MEMORY_FULL` where that would wait.
    pub fn try_append(&mut self, _batch: RecordBatch) -> Result<u64, Error> {
        Err(Error::plain(ErrorKind::Closed))
    }

    /// How much of the stream is in the table, as far as is known now.
    pub fn committed(&self) -> Committed {
        *self.committed.borrow()
    }

    /// Follows what is committed. The channel closes when the stream ends, in whatever way.
    pub fn watch(&self) -> watch::Receiver<Committed> {
        self.committed.clone()
    }

    /// Waits until all rows below `offset` are in the table.
    ///
    /// # Errors
    /// `NOT_APPENDED` for an offset beyond what was appended; otherwise what ended the stream.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost by dropping the future.
    pub async fn wait_committed(&self, _offset: u64) -> Result<Committed, Error> {
        Err(Error::plain(ErrorKind::Closed))
    }

    /// Waits until all appended rows are in the table.
    ///
    /// # Errors
    /// What ended the stream.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost by dropping the future.
    pub async fn flush(&self) -> Result<Committed, Error> {
        self.wait_committed(self.next_offset).await
    }

    /// Waits until all appended rows are in the table, and ends the stream in order.
    ///
    /// # Errors
    /// What ended the stream before that.
    ///
    /// # Cancel safety
    /// Not safe: dropping the future is dropping the stream.
    pub async fn close(self) -> Result<Committed, Error> {
        self.flush().await
    }
}

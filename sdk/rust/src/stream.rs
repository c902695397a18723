//! A stream: rows in, promises out.

use crate::error::{Error, ErrorKind};
use crate::handle::Handle;
use crate::watermarks::{Committed, Promise, Watermarks};
use arrow::datatypes::SchemaRef;
use tokio::sync::watch;

/// An open stream of one table. One producer owns it; appending takes it exclusively, so offsets are in program order.
///
/// Dropping it without [`Stream::close`] ends its connection: rows that were appended and are not committed may or may not
/// get into the table. A named stream says at its next opening where it stands.
#[derive(Debug)]
pub struct Stream {
    pub(crate) handle: Handle,
    pub(crate) opening: Opening,
    /// Bytes of frames since the producer last stepped aside for its connection.
    pub(crate) bytes_at_once: usize,
}

/// What opening it settled.
#[derive(Debug)]
pub(crate) struct Opening {
    pub schema: SchemaRef,
    pub table_id: String,
    pub resume_offset: u64,
}

impl Stream {
    /// The stream's columns in the types in which they are sent: those it was opened with, or else the table's.
    pub fn schema(&self) -> SchemaRef {
        self.opening.schema.clone()
    }

    /// Identity of the table (Delta `metaData.id`).
    pub fn table_id(&self) -> &str {
        &self.opening.table_id
    }

    /// Where a restarted producer goes on: one past the last row that the engine had of this stream when it was opened.
    /// Zero for a new stream.
    pub fn resume_offset(&self) -> u64 {
        self.opening.resume_offset
    }

    /// One past the offset of the last row appended.
    pub fn next_offset(&self) -> u64 {
        self.handle.shared.collected().end()
    }

    /// One past the last row that is known now to survive the loss of power at the server. Never below what is committed.
    pub fn durable(&self) -> u64 {
        self.handle.watermarks.borrow().durable
    }

    /// How much of the stream is in the table, as far as is known now.
    pub fn committed(&self) -> Committed {
        self.handle.watermarks.borrow().committed
    }

    /// Follows the watermarks from now on. The channel closes when the stream ends, in whatever way; its last value stays.
    pub fn watch(&self) -> watch::Receiver<Watermarks> {
        let mut watermarks = self.handle.watermarks.clone();
        watermarks.mark_unchanged();
        watermarks
    }

    /// Waits until all rows below `offset` are promised in this way. Rows that were appended one by one leave when they have
    /// lingered long enough; [`Stream::flush`] does not wait for that.
    ///
    /// # Errors
    /// `NOT_APPENDED` for an offset beyond what was appended; otherwise what ended the stream.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost by dropping the future.
    pub async fn wait_for(&self, offset: u64, promise: Promise) -> Result<Watermarks, Error> {
        let end = self.next_offset();
        if offset > end {
            return Err(Error::plain(ErrorKind::NotAppended { asked: offset, end }));
        }
        let mut watermarks = self.handle.watermarks.clone();
        loop {
            let known = *watermarks.borrow_and_update();
            if known.offset(promise) >= offset {
                return Ok(known);
            }
            self.handle.change(&mut watermarks).await?;
        }
    }

    /// Waits until all rows below `offset` are in the table: [`Stream::wait_for`] with [`Promise::Committed`].
    ///
    /// # Errors
    /// As [`Stream::wait_for`].
    ///
    /// # Cancel safety
    /// Safe: nothing is lost by dropping the future.
    pub async fn wait_committed(&self, offset: u64) -> Result<Committed, Error> {
        self.wait_for(offset, Promise::Committed).await.map(|watermarks| watermarks.committed)
    }

    /// Sends what is collected, and waits until all appended rows are durable: milliseconds where the server has a log.
    /// [`Stream::flush_to`] waits for the table.
    ///
    /// # Errors
    /// What ended the stream.
    ///
    /// # Cancel safety
    /// Safe: rows that were collected are on their way, and nothing is lost by dropping the future.
    pub async fn flush(&self) -> Result<Watermarks, Error> {
        self.flush_to(Promise::Durable).await
    }

    /// Sends what is collected, and waits until all appended rows are promised in this way.
    ///
    /// # Errors
    /// What ended the stream.
    ///
    /// # Cancel safety
    /// Safe: rows that were collected are on their way, and nothing is lost by dropping the future.
    pub async fn flush_to(&self, promise: Promise) -> Result<Watermarks, Error> {
        self.handle.shared.seal()?;
        self.wait_for(self.next_offset(), promise).await
    }

    /// Sends what is collected, waits until all appended rows are in the table, and ends the stream in order. The server is
    /// told that nothing more comes, so this takes no longer than [`Stream::flush_to`] the table and may be faster.
    ///
    /// # Errors
    /// What ended the stream before that.
    ///
    /// # Cancel safety
    /// Not safe: dropping the future is dropping the stream.
    pub async fn close(mut self) -> Result<Committed, Error> {
        // A failure to seal is the stream's own, which its end tells.
        let _ = self.handle.shared.seal();
        self.handle.shared.session().close();
        self.handle.shared.wake.notify_one();
        self.handle.ended().await
    }
}

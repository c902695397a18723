//! A stream: rows in, committed offsets out.

use crate::columns::{Columns, FrameLimits, Piece, RowOverLimit, batch_frame, conform, split};
use crate::committed::Committed;
use crate::driver::Phase;
use crate::error::{Error, ErrorKind};
use crate::outbox::KeptFrame;
use crate::shared::Shared;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use lakehead_protocol::limits::{HEADER_BYTES, OFFSET_MAX, padded};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// An open stream of one table. One producer owns it; appending takes it exclusively, so offsets are in program order.
///
/// Dropping it without [`Stream::close`] ends its connection: rows that were appended and are not committed may or may not
/// get into the table. A named stream says at its next opening where it stands.
#[derive(Debug)]
pub struct Stream {
    pub(crate) handle: Handle,
    pub(crate) opening: Opening,
    pub(crate) next_offset: u64,
}

/// What opening it settled.
#[derive(Debug)]
pub(crate) struct Opening {
    pub schema: SchemaRef,
    pub table_id: String,
    pub resume_offset: u64,
    pub limits: FrameLimits,
    pub memory_bytes_max: usize,
}

/// The near end of a driver; dropping it ends the driver and its connection.
#[derive(Debug)]
pub(crate) struct Handle {
    pub shared: Arc<Shared>,
    pub phase: watch::Receiver<Phase>,
    pub committed: watch::Receiver<Committed>,
    pub task: AbortHandle,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A batch in the stream's types, cut to frames that are not encoded yet.
struct Prepared {
    columns: Columns,
    pieces: Vec<Piece>,
    /// No fewer bytes than its frames will take.
    bytes: usize,
}

/// Whether there is memory for something now.
enum Room {
    Now,
    Later { kept: usize },
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
        self.next_offset
    }

    /// Appends rows; returns one past the offset of the last. Waits while what is kept for sending again is at its limit.
    ///
    /// Columns are found by name and cast where that keeps their values. The rows are encoded here, on the caller's
    /// thread, and sent by a background task.
    ///
    /// # Errors
    /// A batch that does not fit the stream's columns is refused whole, and the stream goes on. Any other error is the
    /// stream's end.
    ///
    /// # Cancel safety
    /// Safe: if the future is dropped before it is ready, no row of the batch was appended.
    pub async fn append(&mut self, batch: RecordBatch) -> Result<u64, Error> {
        let prepared = self.prepare(&batch)?;
        let mut committed = self.handle.committed.clone();
        loop {
            committed.mark_unchanged();
            match self.room(prepared.bytes)? {
                Room::Now => return self.push(&prepared),
                Room::Later { .. } => self.handle.change(&mut committed).await?,
            }
        }
    }

    /// Appends rows at once, or not at all.
    ///
    /// # Errors
    /// As [`Stream::append`], and `MEMORY_FULL` where that would wait.
    pub fn try_append(&mut self, batch: RecordBatch) -> Result<u64, Error> {
        let prepared = self.prepare(&batch)?;
        match self.room(prepared.bytes)? {
            Room::Now => self.push(&prepared),
            Room::Later { kept } => Err(Error::plain(ErrorKind::MemoryFull {
                kept,
                needed: prepared.bytes,
                limit: self.opening.memory_bytes_max,
            })),
        }
    }

    /// How much of the stream is in the table, as far as is known now.
    pub fn committed(&self) -> Committed {
        *self.handle.committed.borrow()
    }

    /// Follows what is committed from now on. The channel closes when the stream ends, in whatever way.
    pub fn watch(&self) -> watch::Receiver<Committed> {
        let mut committed = self.handle.committed.clone();
        committed.mark_unchanged();
        committed
    }

    /// Waits until all rows below `offset` are in the table.
    ///
    /// # Errors
    /// `NOT_APPENDED` for an offset beyond what was appended; otherwise what ended the stream.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost by dropping the future.
    pub async fn wait_committed(&self, offset: u64) -> Result<Committed, Error> {
        if offset > self.next_offset {
            return Err(Error::plain(ErrorKind::NotAppended { asked: offset, end: self.next_offset }));
        }
        let mut committed = self.handle.committed.clone();
        loop {
            let known = *committed.borrow_and_update();
            if known.offset >= offset {
                return Ok(known);
            }
            self.handle.change(&mut committed).await?;
        }
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

    /// Waits until all appended rows are in the table, and ends the stream in order. The server is told that nothing
    /// more comes, so this takes no longer than [`Stream::flush`] and may be faster.
    ///
    /// # Errors
    /// What ended the stream before that.
    ///
    /// # Cancel safety
    /// Not safe: dropping the future is dropping the stream.
    pub async fn close(mut self) -> Result<Committed, Error> {
        self.handle.shared.session().close();
        self.handle.shared.wake.notify_one();
        self.handle.ended().await
    }

    fn prepare(&self, batch: &RecordBatch) -> Result<Prepared, Error> {
        self.handle.check_alive()?;
        let columns = conform(batch, &self.opening.schema)?;
        let limits = self.opening.limits;
        let pieces = split(&columns, limits).map_err(|over| {
            let RowOverLimit { row, found, unit, limit } = over;
            Error::plain(ErrorKind::RowTooLarge { row, found, unit, limit })
        })?;
        if self.next_offset.saturating_add(batch.num_rows() as u64) > OFFSET_MAX {
            let message = format!("a stream has at most {OFFSET_MAX} rows");
            return Err(Error::plain(ErrorKind::Configuration(message)));
        }
        let bytes = pieces.iter().map(|piece| HEADER_BYTES + padded(piece.bytes)).sum();
        Ok(Prepared { columns, pieces, bytes })
    }

    fn room(&self, needed: usize) -> Result<Room, Error> {
        self.handle.check_alive()?;
        let kept = self.handle.shared.session().kept_bytes();
        // Alone, a batch of any size gets in: it could not be appended otherwise.
        if kept == 0 || kept.saturating_add(needed) <= self.opening.memory_bytes_max {
            return Ok(Room::Now);
        }
        Ok(Room::Later { kept })
    }

    fn push(&mut self, prepared: &Prepared) -> Result<u64, Error> {
        let mut frames = Vec::with_capacity(prepared.pieces.len());
        let mut offset = self.next_offset;
        for piece in &prepared.pieces {
            let bytes = batch_frame(&prepared.columns, piece, offset)?;
            let rows = offset..offset + piece.rows.len() as u64;
            offset = rows.end;
            frames.push(KeptFrame::new(rows, bytes));
        }
        let mut session = self.handle.shared.session();
        frames.into_iter().for_each(|frame| session.keep(frame));
        drop(session);
        self.next_offset = offset;
        self.handle.shared.wake.notify_one();
        Ok(offset)
    }
}

impl Handle {
    /// Waits until more is committed.
    async fn change(&self, committed: &mut watch::Receiver<Committed>) -> Result<(), Error> {
        if committed.changed().await.is_ok() {
            return Ok(());
        }
        self.check_alive()?;
        Err(Error::plain(ErrorKind::Closed))
    }

    fn check_alive(&self) -> Result<(), Error> {
        match &*self.phase.borrow() {
            Phase::Opening | Phase::Open(_) => Ok(()),
            Phase::Ended(Ok(_)) => Err(Error::plain(ErrorKind::Closed)),
            Phase::Ended(Err(error)) => Err(error.clone()),
        }
    }

    /// Waits for the stream's end.
    async fn ended(&mut self) -> Result<Committed, Error> {
        match self.phase.wait_for(|phase| matches!(phase, Phase::Ended(_))).await.as_deref() {
            Ok(Phase::Ended(end)) => end.clone(),
            _ => Err(Error::plain(ErrorKind::Closed)),
        }
    }

    /// Waits until the stream is open, or has failed to become it.
    pub(crate) async fn opened(&mut self) -> Result<Arc<lakehead_protocol::welcome::Welcome>, Error> {
        match self.phase.wait_for(|phase| !matches!(phase, Phase::Opening)).await.as_deref() {
            Ok(Phase::Open(welcome)) => Ok(welcome.clone()),
            Ok(Phase::Ended(Err(error))) => Err(error.clone()),
            _ => Err(Error::plain(ErrorKind::Closed)),
        }
    }
}

//! Rows in: batches, and rows one by one.

use crate::collected::Pushed;
use crate::columns::{Columns, FrameLimits, Piece, conform, split};
use crate::error::{Error, ErrorKind};
use crate::sealing::{Room, row_too_large};
use crate::stream::Stream;
use arrow::array::RecordBatch;
use lakehead_protocol::limits::{HEADER_BYTES, padded};
use serde::Serialize;
use tokio::task::yield_now;
use tokio::time::Instant;

/// Bytes after which a producer steps aside for its connection: enough small frames for one write.
const BYTES_AT_ONCE: usize = 128 << 10;

impl Stream {
    /// Appends rows; returns one past the offset of the last. Waits while what is kept for sending again is at its limit, and
    /// yields to other tasks once in a hundred kilobytes, so that small batches leave together.
    ///
    /// Columns, and fields of structs, are found by name and cast where that keeps their values; dictionary arrays of strings
    /// and binaries are sent as dictionaries. The rows are encoded here, on the caller's thread, and sent by a background
    /// task. Rows that were appended one by one before come first. A batch without rows appends nothing.
    ///
    /// What is promised: nothing yet but their order. Wait for the offset with [`Stream::wait_for`].
    ///
    /// # Errors
    /// A batch that does not fit the stream's columns is refused whole, and the stream goes on. Any other error is the
    /// stream's end.
    ///
    /// # Cancel safety
    /// Safe: if the future is dropped before it is ready, no row of the batch was appended.
    pub async fn append(&mut self, batch: RecordBatch) -> Result<u64, Error> {
        let mut prepared = self.prepare(&batch)?;
        let mut watermarks = self.handle.watermarks.clone();
        if self.bytes_at_once >= BYTES_AT_ONCE {
            self.bytes_at_once = 0;
            // On the only thread of a runtime, the connection's task would wait for a producer that never does.
            yield_now().await;
        }
        loop {
            watermarks.mark_unchanged();
            match self.room_for(&mut prepared)? {
                Room::Now => return self.push(&prepared),
                Room::Later { .. } => {
                    self.bytes_at_once = 0;
                    self.handle.change(&mut watermarks).await?;
                }
            }
        }
    }

    /// Appends rows at once, or not at all.
    ///
    /// # Errors
    /// As [`Stream::append`], and `MEMORY_FULL` where that would wait.
    pub fn try_append(&mut self, batch: RecordBatch) -> Result<u64, Error> {
        let mut prepared = self.prepare(&batch)?;
        match self.room_for(&mut prepared)? {
            Room::Now => self.push(&prepared),
            Room::Later { kept } => Err(self.memory_full(kept, prepared.bytes)),
        }
    }

    /// Appends one row; returns one past its offset. Waits while what is kept for sending again is at its limit.
    ///
    /// A row is any serde value whose fields are the stream's columns: a struct, a map, a `serde_json::Value`. It is written
    /// straight into the columns of the batch under construction, which is sealed when it has enough rows or bytes or its
    /// first row has lingered long enough ([`crate::Batching`]), and before a batch is appended, in [`Stream::flush`] and
    /// [`Stream::close`]. Rows of a stream that is dropped before that are gone.
    ///
    /// What is promised: nothing yet but their order. Wait for the offset with [`Stream::wait_for`].
    ///
    /// # Errors
    /// A row that does not fit the stream's columns, or is larger than a frame, is refused whole and at once, and the stream
    /// goes on. Any other error is the stream's end.
    ///
    /// # Cancel safety
    /// Safe: if the future is dropped before it is ready, the row was not appended.
    pub async fn append_row<T: Serialize + ?Sized>(&mut self, row: &T) -> Result<u64, Error> {
        loop {
            if let Pushing::Done(end) = self.push_row(row)? {
                return Ok(end);
            }
            let mut watermarks = self.handle.watermarks.clone();
            watermarks.mark_unchanged();
            // Looked at again after the mark: what came in between is no change to come.
            if self.seal_full()? == Room::Now {
                continue;
            }
            self.handle.change(&mut watermarks).await?;
        }
    }

    /// Appends one row at once, or not at all.
    ///
    /// # Errors
    /// As [`Stream::append_row`], and `MEMORY_FULL` where that would wait.
    pub fn try_append_row<T: Serialize + ?Sized>(&mut self, row: &T) -> Result<u64, Error> {
        if let Pushing::Done(end) = self.push_row(row)? {
            return Ok(end);
        }
        if let Room::Later { kept } = self.seal_full()? {
            let needed = self.handle.shared.collected().bytes();
            return Err(self.memory_full(kept, needed));
        }
        match self.push_row(row)? {
            Pushing::Done(end) => Ok(end),
            Pushing::NoRoom => Err(self.memory_full(self.handle.shared.session().kept_bytes(), 0)),
        }
    }

    fn push_row<T: Serialize + ?Sized>(&mut self, row: &T) -> Result<Pushing, Error> {
        let shared = &self.handle.shared;
        if shared.is_over_memory() {
            return Ok(Pushing::NoRoom);
        }
        let mut collected = shared.collected();
        let pushed = collected.push(row, Instant::now);
        let end = collected.end();
        drop(collected);
        match pushed {
            Ok(Pushed::Row) => {}
            Ok(Pushed::First) => shared.wake.notify_one(),
            Ok(Pushed::Full) => {
                // Without room it stays as it is, and the next row waits.
                let _ = self.seal_full()?;
            }
            Ok(Pushed::Large) => {
                shared.seal()?;
                shared.kept_unasked();
                if let Some(over) = shared.collected().refused() {
                    return Err(row_too_large(over));
                }
            }
            Ok(Pushed::NoRoom) => return Ok(Pushing::NoRoom),
            // The stream is over: its own error says why.
            Err(error) if *error.kind() == ErrorKind::Closed => return Err(self.handle.end()),
            Err(error) => return Err(error),
        }
        Ok(Pushing::Done(end))
    }

    fn seal_full(&self) -> Result<Room, Error> {
        self.handle.check_alive()?;
        let shared = &self.handle.shared;
        let bytes = shared.collected().bytes();
        let room = shared.room(bytes);
        if room == Room::Now {
            shared.seal()?;
        }
        Ok(room)
    }

    fn prepare(&self, batch: &RecordBatch) -> Result<Prepared, Error> {
        self.handle.check_alive()?;
        let columns = conform(batch, &self.opening.schema)?;
        let mut prepared = Prepared { columns, limits: None, pieces: Vec::new(), bytes: 0 };
        prepared.cut(self.handle.shared.session().limits())?;
        self.handle.shared.collected().check_room_for(batch.num_rows())?;
        Ok(prepared)
    }

    fn room_for(&self, prepared: &mut Prepared) -> Result<Room, Error> {
        self.handle.check_alive()?;
        let shared = &self.handle.shared;
        // Another server may take other frames.
        prepared.cut(shared.session().limits())?;
        if prepared.pieces.is_empty() {
            return Ok(Room::Now);
        }
        let collected = shared.collected().bytes();
        Ok(shared.room(prepared.bytes + collected))
    }

    fn push(&mut self, prepared: &Prepared) -> Result<u64, Error> {
        let shared = &self.handle.shared;
        if prepared.pieces.is_empty() {
            return Ok(shared.collected().end());
        }
        shared.seal()?;
        // Nobody else appends: what is sealed meanwhile is nothing.
        let order = shared.sealing();
        if let Some(failure) = shared.session().failure() {
            return Err(failure);
        }
        let first = shared.collected().end();
        let frames = shared.encode(&prepared.columns, &prepared.pieces, first)?;
        let kept = shared.keep(frames);
        self.bytes_at_once += prepared.bytes;
        let end = first + prepared.columns.rows as u64;
        shared.collected().end_at(end);
        drop(order);
        if kept.is_news {
            shared.wake.notify_one();
        }
        shared.tell(kept);
        Ok(end)
    }

    fn memory_full(&self, kept: usize, needed: usize) -> Error {
        Error::plain(ErrorKind::MemoryFull { kept, needed, limit: self.handle.shared.memory_bytes_max })
    }
}

/// What became of a row.
enum Pushing {
    Done(u64),
    NoRoom,
}

/// A batch in the stream's types, cut to frames that are not encoded yet.
struct Prepared {
    columns: Columns,
    /// What it is cut for.
    limits: Option<FrameLimits>,
    pieces: Vec<Piece>,
    /// No fewer bytes than its frames will take.
    bytes: usize,
}

impl Prepared {
    fn cut(&mut self, limits: FrameLimits) -> Result<(), Error> {
        if self.limits == Some(limits) {
            return Ok(());
        }
        self.pieces = split(&self.columns, 0..self.columns.rows, limits).map_err(row_too_large)?;
        self.bytes = self.pieces.iter().map(|piece| HEADER_BYTES + padded(piece.bytes)).sum();
        self.limits = Some(limits);
        Ok(())
    }
}

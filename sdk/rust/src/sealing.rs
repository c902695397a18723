//! Rows into frames that are kept, in the order of their offsets.

use crate::collected::{LastRow, Taken};
use crate::columns::{Columns, FrameLimits, Piece, RowOverLimit, batch_frame, conform, split};
use crate::error::{Error, ErrorKind, OpenRows};
use crate::kept_frame::KeptFrame;
use crate::shared::Shared;
use std::sync::atomic::Ordering;
use tokio::time::Instant;

/// Whether there is memory for something now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Now,
    Later { kept: usize },
}

/// What was put behind the frames that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) struct Kept {
    rows: u64,
    bytes: usize,
    in_all: usize,
    /// Nothing was left to send before: the connection's task may be waiting for something new. Otherwise it knows.
    pub is_news: bool,
}

impl Shared {
    /// Makes a batch of the collected rows, if there are any.
    ///
    /// # Errors
    /// What ends the stream. A last row that is over the limits is no such thing: it is noted for its producer.
    pub(crate) fn seal(&self) -> Result<(), Error> {
        let order = self.sealing();
        let limits = self.session().limits();
        let taken = {
            let mut collected = self.collected();
            collected.limit(limits);
            collected.take()
        };
        let sealed = match taken {
            Ok(None) => return Ok(()),
            Ok(Some(taken)) => self.frames_of(&taken, limits).map(|frames| self.keep(frames)),
            Err(error) => Err(error),
        };
        if let Err(error) = &sealed {
            // Rows are missing from here on: nothing may be put behind them, and everybody has to hear why.
            self.collected().finish();
            self.session().fail(error.clone());
        }
        drop(order);
        self.wake.notify_one();
        let kept = sealed.map_err(|error| error.with_rows_now(self.open_rows()))?;
        self.tell(kept);
        Ok(())
    }

    fn frames_of(&self, taken: &Taken, limits: FrameLimits) -> Result<Vec<KeptFrame>, Error> {
        let columns = conform(&taken.batch, &taken.schema)?;
        let pieces = match split(&columns, 0..columns.rows, limits) {
            Err(over) if taken.last == LastRow::MayBeTooLarge && over.row + 1 == columns.rows => {
                let others = split(&columns, 0..over.row, limits).map_err(row_too_large)?;
                self.collected().refuse_last(RowOverLimit { row: 0, ..over });
                others
            }
            pieces => pieces.map_err(row_too_large)?,
        };
        self.encode(&columns, &pieces, taken.first_offset)
    }

    /// The frames of these pieces, the first of which begins with row `first_offset`.
    ///
    /// # Errors
    /// Never for pieces within the protocol's limits.
    pub(crate) fn encode(
        &self,
        columns: &Columns,
        pieces: &[Piece],
        first_offset: u64,
    ) -> Result<Vec<KeptFrame>, Error> {
        let mut offset = first_offset;
        let frames = pieces.iter().map(|piece| {
            let bytes = batch_frame(columns, piece, offset)?;
            let rows = offset..offset + piece.rows.len() as u64;
            offset = rows.end;
            Ok(KeptFrame::new(rows, bytes, self.compression))
        });
        frames.collect()
    }

    /// Keeps frames until they need not be sent again. The metrics are to be told when no lock is held.
    pub(crate) fn keep(&self, frames: Vec<KeptFrame>) -> Kept {
        let rows = frames.iter().map(|frame| frame.rows.end - frame.rows.start).sum();
        let bytes = frames.iter().map(|frame| frame.bytes.len()).sum();
        let mut session = self.session();
        let is_news = session.unsent_bytes() == 0;
        frames.into_iter().for_each(|frame| session.keep(frame));
        Kept { rows, bytes, in_all: session.kept_bytes(), is_news }
    }

    /// A row was kept without being asked whether there is room for it.
    pub(crate) fn kept_unasked(&self) {
        self.over_memory.store(true, Ordering::Release);
    }

    /// Whether rows that nobody asked about took what is kept over its limit, and it is over it still: no row is taken in then.
    /// Costs a row next to nothing.
    pub(crate) fn is_over_memory(&self) -> bool {
        if !self.over_memory.load(Ordering::Acquire) {
            return false;
        }
        let is_over = self.room(0) != Room::Now;
        self.over_memory.store(is_over, Ordering::Release);
        is_over
    }

    /// Rows that the table is not known to have, collected ones included.
    pub(crate) fn open_rows(&self) -> OpenRows {
        let end = self.collected().end();
        self.session().open_rows_to(end)
    }

    /// Tells the metrics what was kept.
    pub(crate) fn tell(&self, kept: Kept) {
        self.reporter.tell(|metrics, stream| {
            metrics.rows_appended(stream, kept.rows, kept.bytes);
            metrics.bytes_kept(stream, kept.in_all);
        });
    }

    /// Makes a batch of the collected rows when they have lingered long enough, a server takes batches and there is room.
    /// Otherwise says when to look again, if it is not something else that will be heard of first.
    ///
    /// # Errors
    /// What ends the stream.
    pub(crate) fn seal_due(&self, now: Instant) -> Result<Option<Instant>, Error> {
        let (due, bytes) = {
            let collected = self.collected();
            (collected.due(), collected.bytes())
        };
        let Some(due) = due else { return Ok(None) };
        if !self.session().takes_batches() || self.room(bytes) != Room::Now {
            return Ok(None);
        }
        if due > now {
            return Ok(Some(due));
        }
        self.seal().map(|()| None)
    }

    /// Whether so many bytes more may be kept.
    pub(crate) fn room(&self, needed: usize) -> Room {
        let kept = self.session().kept_bytes();
        // Alone, a batch of any size gets in: it could not be appended otherwise.
        if kept == 0 || kept.saturating_add(needed) <= self.memory_bytes_max {
            return Room::Now;
        }
        Room::Later { kept }
    }
}

/// The error of a row that no frame can hold.
pub(crate) fn row_too_large(over: RowOverLimit) -> Error {
    let RowOverLimit { row, found, unit, limit } = over;
    Error::plain(ErrorKind::RowTooLarge { row, found, unit, limit })
}

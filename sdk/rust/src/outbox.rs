//! Frames that are kept until they need not be sent again, and how far they have been sent on the present connection.
//!
//! Invariant: frames stand in offset order without gaps; the last one ends at [`Outbox::end`]. Only what was released is
//! dropped, so whatever the server may still ask for can be sent again.

use crate::kept_frame::KeptFrame;
use std::collections::VecDeque;

/// Whether a frame was given to a connection before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    First,
    Again,
}

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Outbox {
    frames: VecDeque<KeptFrame>,
    /// How many of `frames` the present connection has been given.
    sent_frames: usize,
    bytes: usize,
    /// Bytes of the `sent_frames`.
    sent_bytes: usize,
    end: u64,
    /// One past the highest offset that any connection has been given.
    sent_end: u64,
}

impl Outbox {
    /// Nothing kept; the next row has this offset.
    pub(crate) fn starting_at(offset: u64) -> Self {
        Self { frames: VecDeque::new(), sent_frames: 0, bytes: 0, sent_bytes: 0, end: offset, sent_end: offset }
    }

    /// Keeps a frame, which must begin where the last one ended.
    pub(crate) fn push(&mut self, frame: KeptFrame) {
        assert_eq!(frame.rows.start, self.end, "frames are contiguous");
        self.end = frame.rows.end;
        self.bytes += frame.bytes.len();
        self.frames.push_back(frame);
    }

    /// Drops frames whose rows are all below `offset`.
    pub(crate) fn drop_below(&mut self, offset: u64) {
        while let Some(frame) = self.frames.front().filter(|frame| frame.rows.end <= offset) {
            self.bytes -= frame.bytes.len();
            if self.sent_frames > 0 {
                self.sent_frames -= 1;
                self.sent_bytes -= frame.bytes.len();
            }
            self.frames.pop_front();
        }
    }

    /// Goes on, on a new connection, at the frame that holds row `offset`. False when that row is not here.
    #[must_use]
    pub(crate) fn rewind_to(&mut self, offset: u64) -> bool {
        if !(self.start()..=self.end).contains(&offset) {
            return false;
        }
        self.sent_frames = self.frames.partition_point(|frame| frame.rows.end <= offset);
        self.sent_bytes = self.frames.iter().take(self.sent_frames).map(|frame| frame.bytes.len()).sum();
        true
    }

    /// Forgets what the lost connection was given.
    pub(crate) fn unsend(&mut self) {
        (self.sent_frames, self.sent_bytes) = (0, 0);
    }

    /// The next frame for the present connection.
    pub(crate) fn peek(&self) -> Option<&KeptFrame> {
        self.frames.get(self.sent_frames)
    }

    /// Takes the next frame for the present connection, which counts rows from `base` on.
    pub(crate) fn next(&mut self, base: u64) -> Option<(KeptFrame, Delivery)> {
        let frame = self.frames.get_mut(self.sent_frames)?;
        frame.count_from(base);
        let frame = frame.clone();
        self.sent_frames += 1;
        self.sent_bytes += frame.bytes.len();
        let delivery = if frame.rows.end <= self.sent_end { Delivery::Again } else { Delivery::First };
        self.sent_end = self.sent_end.max(frame.rows.end);
        Some((frame, delivery))
    }

    /// Whether the present connection has been given everything.
    pub(crate) fn all_sent(&self) -> bool {
        self.sent_frames == self.frames.len()
    }

    /// Bytes that the present connection has not been given.
    pub(crate) fn unsent_bytes(&self) -> usize {
        self.bytes - self.sent_bytes
    }

    /// The lowest row that can be sent again.
    pub(crate) fn start(&self) -> u64 {
        self.frames.front().map_or(self.end, |frame| frame.rows.start)
    }

    /// One past the last row.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// One past the last row that any connection was given.
    pub(crate) fn sent_end(&self) -> u64 {
        self.sent_end
    }

    /// Bytes that are kept.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

//! Segments opened, retired and recycled.
//!
//! Segments leave in the order of their numbers, one at a time, so that a crash leaves no gap among the names. One leaves
//! when none of its entries is needed, the newest segment has repeated the live state, and a record that says so (Freed) is
//! durable together with everything that made it so.

use super::Log;
use super::action::{DirectorySync, LogAction, SpareError};
use super::gather::Gather;
use super::limits::{
    RESERVE_SEGMENTS, SEGMENT_HEADER_BYTES, SEGMENTS_MIN, SPARE_RETRY_US, SPARES_MAX, SPARES_READY, pages,
};
use super::numbers::Point;
use super::segment::{Segment, Spare};
use super::segment_header::SegmentHeader;
use super::state_record::StateRecord;

/// The files of a log, as far as they are not [`Segment`]s with entries.
pub(super) struct Segments {
    /// The newest segment, when this run opened it.
    pub current: Option<Current>,
    opening: Option<Opening>,
    spares: Vec<Spare>,
    making: Option<Spare>,
    /// A spare of no use on its way out.
    deleting: Option<Spare>,
    /// A segment on its way out, and the spare that it becomes.
    leaving: Option<(u64, Option<Spare>)>,
    next_spare: u64,
    /// What [`super::live_state::LiveState::freed_below`] rests on.
    freed_at: Point,
    /// See [`Log::free_urgently`].
    urgent: Urgent,
    /// Whether the last spare could not be made, and when to try again.
    failed: Option<Retry>,
    /// A segment longer than usual is needed.
    long_bytes: u64,
}

pub(super) struct Current {
    pub number: u64,
    /// Of the next block.
    pub offset: u64,
    /// Blocks of live state that are not durable yet.
    repeat_left: usize,
}

struct Opening {
    segment: Segment,
    repeat: Vec<Gather>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Urgent {
    No,
    /// A block on its way says that segments below are not needed.
    Written {
        below: u64,
    },
    Durable {
        below: u64,
    },
}

#[derive(Debug, Clone, Copy)]
enum Retry {
    /// The clock has not been looked at since.
    Failed,
    At(u64),
}

impl Segments {
    pub fn new(spares: Vec<Spare>) -> Self {
        Self {
            current: None,
            opening: None,
            next_spare: spares.iter().map(|spare| spare.number + 1).max().unwrap_or(1),
            spares,
            making: None,
            deleting: None,
            leaving: None,
            freed_at: Point(0),
            urgent: Urgent::No,
            failed: None,
            long_bytes: 0,
        }
    }

    /// Whether blocks can be placed.
    pub fn is_open(&self) -> bool {
        self.current.is_some() && self.opening.is_none()
    }

    pub fn spares(&self) -> usize {
        self.spares.len()
    }

    /// Of everything on disk that is no segment of the index.
    fn idle_bytes(&self) -> u64 {
        let opening = self.opening.as_ref().map_or(0, |opening| opening.segment.bytes);
        self.spare_bytes() + self.deleting.map_or(0, |spare| spare.bytes) + opening
    }

    /// Of spares, made and being made.
    pub fn spare_bytes(&self) -> u64 {
        self.spares.iter().chain(&self.making).map(|spare| spare.bytes).sum()
    }

    pub fn is_disk_full(&self) -> bool {
        self.failed.is_some()
    }

    fn retry_at_us(&self) -> Option<u64> {
        if let Some(Retry::At(at)) = self.failed { Some(at) } else { None }
    }

    pub fn repeat_block_durable(&mut self) {
        if let Some(current) = &mut self.current {
            current.repeat_left = current.repeat_left.saturating_sub(1);
        }
    }

    pub fn urgent_block_durable(&mut self) {
        if let Urgent::Written { below } = self.urgent {
            self.urgent = Urgent::Durable { below };
        }
    }

    pub fn spare_made(&mut self, number: u64, result: Result<(), SpareError>) {
        let Some(spare) = self.making.take_if(|spare| spare.number == number) else { return };
        match result {
            Ok(()) => {
                self.failed = None;
                self.spares.push(spare);
            }
            Err(SpareError::DiskFull | SpareError::Other) => self.failed = Some(Retry::Failed),
        }
    }

    pub fn spare_deleted(&mut self, number: u64) {
        self.deleting.take_if(|spare| spare.number == number);
    }

    fn new_spare(&mut self, bytes: u64) -> Spare {
        self.next_spare += 1;
        Spare { number: self.next_spare - 1, bytes }
    }
}

impl Log {
    /// Bytes that the log may have on disk.
    pub(super) fn bytes_max(&self) -> u64 {
        self.settings.bytes_max.max(SEGMENTS_MIN * u64::from(self.settings.segment_bytes))
    }

    /// Bytes that the log has on disk.
    pub(super) fn bytes_used(&self) -> u64 {
        self.index.segments.iter().map(|segment| segment.bytes).sum::<u64>() + self.segments.idle_bytes()
    }

    /// Bytes that further segments can have.
    pub(super) fn bytes_free(&self) -> u64 {
        let unmade = if self.segments.is_disk_full() { 0 } else { self.bytes_max().saturating_sub(self.bytes_used()) };
        // What is left over makes no segment.
        self.segments.spare_bytes()
            + unmade / u64::from(self.settings.segment_bytes) * u64::from(self.settings.segment_bytes)
    }

    pub(super) fn make_spares(&mut self, now_us: u64, out: &mut Vec<LogAction>) {
        let usual = u64::from(self.settings.segment_bytes);
        let segments = &mut self.segments;
        if let Some(Retry::Failed) = segments.failed {
            segments.failed = Some(Retry::At(now_us.saturating_add(SPARE_RETRY_US)));
        }
        let useless =
            |spare: &Spare| spare.bytes < usual || (spare.bytes > usual && spare.bytes != segments.long_bytes);
        if segments.deleting.is_none()
            && let Some(at) = segments.spares.iter().position(useless)
        {
            let spare = segments.spares.swap_remove(at);
            segments.deleting = Some(spare);
            out.push(LogAction::DeleteSpare { spare: spare.number });
        }
        let is_early = self.segments.retry_at_us().is_some_and(|at| now_us < at);
        let Some(bytes) = self.wanted_spare().filter(|_| !is_early) else { return };
        let spare = self.segments.new_spare(bytes);
        self.segments.making = Some(spare);
        out.push(LogAction::MakeSpare { number: spare.number, bytes });
    }

    /// When a spare is tried again that could not be made.
    pub(super) fn spare_at_us(&self) -> Option<u64> {
        self.wanted_spare().and_then(|_| self.segments.retry_at_us())
    }

    /// Length of the spare that should be made now.
    fn wanted_spare(&self) -> Option<u64> {
        let segments = &self.segments;
        let usual = u64::from(self.settings.segment_bytes);
        let is_long = segments.spares.iter().all(|spare| spare.bytes < segments.long_bytes);
        let bytes = usual.max(if is_long { segments.long_bytes } else { 0 });
        let is_enough = segments.spares.len() >= SPARES_READY && bytes == usual;
        // A run needs a segment before it can free any, even if crashes have left none for it.
        let is_first = segments.current.is_none() && segments.opening.is_none() && segments.spares.is_empty();
        let is_over = !is_first && self.bytes_used() + bytes > self.bytes_max();
        (segments.making.is_none() && !is_enough && !is_over).then_some(bytes)
    }

    /// Opens the next segment when the first is wanted, or when a block does not fit into the current one and all before it
    /// is durable.
    pub(super) fn open_segment(&mut self, out: &mut Vec<LogAction>) {
        let wanted = self.segments.current.is_none() || (self.flushing.wants_segment && !self.flushing.is_busy());
        if !wanted || self.segments.opening.is_some() || self.segments.spares.is_empty() {
            return;
        }
        // Copies behind the repeat would need what it leaves out; they are made again.
        self.abandon_copies();
        let repeat = self.repeat();
        let needed =
            SEGMENT_HEADER_BYTES + repeat.iter().map(Gather::bytes).sum::<usize>() + self.flushing.next_block_bytes();
        // What is left free at the end is an eighth at most.
        let needed = (needed + needed / 7 + 1).min(needed + super::limits::SEGMENT_TAIL_BYTES as usize);
        let fitting = self.segments.spares.iter().enumerate().filter(|(_, spare)| spare.bytes >= needed as u64);
        let Some(at) = fitting.min_by_key(|(_, spare)| (spare.bytes, spare.number)).map(|(at, _)| at) else {
            self.segments.long_bytes = pages(needed) as u64;
            return;
        };
        self.segments.long_bytes = 0;
        let spare = self.segments.spares.swap_remove(at);
        let number = self.index.segments.back().map_or(1, |segment| segment.number + 1);
        let segment = Segment { number, salt: (self.settings.salts.borrow_mut())(), bytes: spare.bytes, live_bytes: 0 };
        let header = SegmentHeader {
            log: self.id,
            run: self.run,
            segment: number,
            salt: segment.salt,
            segment_bytes: segment.bytes,
            predecessor_sequence: self.flushing.next_sequence - 1,
            predecessor_checksum: self.flushing.last_checksum,
            next_position: self.flushing.placed_end(),
        };
        let directory =
            if self.settings.canary.skips_directory_sync() { DirectorySync::Skip } else { DirectorySync::Sync };
        out.push(LogAction::OpenSegment { number, spare: spare.number, header: header.encode(), directory });
        self.segments.opening = Some(Opening { segment, repeat });
    }

    pub(super) fn segment_opened(&mut self, number: u64) {
        let Some(Opening { segment, repeat }) =
            self.segments.opening.take_if(|opening| opening.segment.number == number)
        else {
            return;
        };
        self.index.segments.push_back(segment);
        let offset = SEGMENT_HEADER_BYTES as u64;
        self.segments.current = Some(Current { number, offset, repeat_left: repeat.len() });
        self.flushing.claimed_by_header();
        self.flushing.queue_first(repeat);
    }

    pub(super) fn retire(&mut self, out: &mut Vec<LogAction>) {
        let Some(Current { number: current, repeat_left: 0, .. }) = self.segments.current else { return };
        let unneeded =
            self.index.segments.iter().take_while(|segment| segment.live_bytes == 0 && segment.number < current);
        let Some(last) = unneeded.last() else { return };
        let below = last.number + 1;
        if below > self.state.freed_below {
            self.state.freed_below = below;
            self.segments.freed_at = self.put_state(&StateRecord::Freed { below }, |header| header);
        }
        let is_noted = self.durable() >= self.segments.freed_at;
        if !is_noted && !self.is_freed_urgently() {
            self.free_urgently(below);
        }
        if self.segments.leaving.is_some() || !(is_noted || self.is_freed_urgently()) {
            return;
        }
        let Some((segment, bytes)) = self.index.segments.front().map(|oldest| (oldest.number, oldest.bytes)) else {
            return;
        };
        if self.is_read_from(segment) {
            return;
        }
        if bytes == u64::from(self.settings.segment_bytes) && self.segments.spares.len() < self.spares_max() {
            let spare = self.segments.new_spare(bytes);
            self.segments.leaving = Some((segment, Some(spare)));
            out.push(LogAction::Retire { segment, spare: spare.number });
        } else {
            self.segments.leaving = Some((segment, None));
            out.push(LogAction::Delete { segment });
        }
    }

    fn spares_max(&self) -> usize {
        let half = self.bytes_max() / u64::from(self.settings.segment_bytes) / 2;
        usize::try_from(half).map_or(SPARES_MAX, |half| half.max(SPARES_MAX))
    }

    fn is_freed_urgently(&self) -> bool {
        let oldest = self.index.segments.front().map_or(0, |segment| segment.number);
        matches!(self.segments.urgent, Urgent::Durable { below } if oldest < below)
    }

    /// The record that lets a segment go waits for a place, which is nowhere but in the segment that could go: tells it, and
    /// what is known of the tables, in the last pages of the newest segment, ahead of everything that waits.
    fn free_urgently(&mut self, below: u64) {
        let is_stuck = self.flushing.wants_segment && self.segments.spares.is_empty() && !self.flushing.is_busy();
        if !is_stuck || matches!(self.segments.urgent, Urgent::Written { .. }) {
            return;
        }
        let Some(block) = self.urgent_block(below) else { return };
        if block.bytes() as u64 <= self.current_left() {
            self.segments.urgent = Urgent::Written { below };
            self.flushing.queue_first(vec![block]);
        }
    }

    pub(super) fn segment_left(&mut self, number: u64) {
        let Some((_, spare)) = self.segments.leaving.take_if(|(segment, _)| *segment == number) else { return };
        self.index.segments.pop_front_if(|segment| segment.number == number);
        self.state.lost.retain(|lost| lost.segment > number);
        self.segments.spares.extend(spare);
        if let Some(Retry::At(at)) = &mut self.segments.failed {
            *at = 0;
        }
    }

    /// Whole segments that new rows and copies can have, the reserve included.
    pub(super) fn segments_free(&self) -> u64 {
        self.bytes_free() / u64::from(self.settings.segment_bytes)
    }

    /// Bytes that only copies and state may use.
    pub(super) fn reserve_bytes(&self) -> u64 {
        RESERVE_SEGMENTS * u64::from(self.settings.segment_bytes)
    }
}

//! Group commit: one flush under way, the next blocks gathering.
//!
//! A flush writes blocks of one segment and syncs it once. A block gets its place and its header when its flush begins, so
//! that it claims as much as is durable then. Blocks are placed, flushed and called durable in one order.

use super::Log;
use super::action::LogAction;
use super::buffer::BlockBuffer;
use super::gather::{Gather, Purpose, Sealed};
use super::index::Span;
use super::limits::{
    BLOCK_HEADER_BYTES, BUFFERS_KEPT, FLUSH_BYTES_MAX, FLUSH_BYTES_MIN, IDLE_US, PAGE_BYTES, SEGMENT_TAIL_BYTES, pages,
};
use super::numbers::{Point, Position};
use super::settings::Settings;
use std::collections::VecDeque;

/// Blocks between the first record and the sync.
pub(super) struct Flushing {
    /// Takes new records.
    gather: Option<Gather>,
    /// Closed, in order.
    queue: VecDeque<Gather>,
    flight: Option<Flight>,
    /// Bytes in `queue` that are new records.
    queued_new: usize,
    /// Bytes in `queue` that are copies.
    queued_copies: usize,
    next_ticket: u64,
    next_gather: u64,
    pub next_sequence: u64,
    pub last_checksum: u32,
    /// Behind the last new entry that has a place.
    placed_end: Position,
    /// The last block placed that is more than a watermark.
    content_sequence: u64,
    /// What the last header written claims durable.
    claimed_sequence: u64,
    pub durable_sequence: u64,
    pub durable_point: Point,
    pub durable_end: Position,
    now_us: u64,
    /// Since when the oldest record gathers.
    gathering_since_us: Option<u64>,
    /// When the last flush ended, or the log began.
    flushed_at_us: Option<u64>,
    /// The next block does not fit into the segment.
    pub wants_segment: bool,
    /// Of blocks with more than the log's own notes, placed since copying last began a round.
    pub foreign_bytes: u64,
    buffers: Vec<Box<dyn BlockBuffer>>,
}

/// A flush under way.
struct Flight {
    segment: u64,
    /// Tickets of the blocks follow one another from here.
    first_ticket: u64,
    blocks: Vec<Sealed>,
    last_sequence: u64,
    stage: Stage,
}

enum Stage {
    Writing { left: usize },
    Written,
    Syncing { ticket: u64 },
}

impl Flushing {
    pub fn new(next_sequence: u64, last_checksum: u32, end: Position) -> Self {
        let last = next_sequence - 1;
        Self {
            gather: None,
            queue: VecDeque::new(),
            flight: None,
            queued_new: 0,
            queued_copies: 0,
            next_ticket: 1,
            next_gather: 1,
            next_sequence,
            last_checksum,
            placed_end: end,
            content_sequence: last,
            // The first segment's header will claim it.
            claimed_sequence: last,
            durable_sequence: last,
            durable_point: Point(0),
            durable_end: end,
            now_us: 0,
            gathering_since_us: None,
            flushed_at_us: None,
            wants_segment: false,
            foreign_bytes: u64::MAX,
            buffers: Vec::new(),
        }
    }

    pub fn look_at_clock(&mut self, now_us: u64) {
        self.now_us = now_us;
        self.flushed_at_us.get_or_insert(now_us);
        if self.gather.as_ref().is_some_and(|gather| !gather.is_empty()) {
            self.gathering_since_us.get_or_insert(now_us);
        }
    }

    pub fn is_busy(&self) -> bool {
        self.flight.is_some()
    }

    /// Where new entries end that have a place.
    pub fn placed_end(&self) -> Position {
        self.placed_end
    }

    /// New records that are not on their way.
    pub fn gathered_bytes(&self) -> usize {
        self.queued_new + self.gather.as_ref().map_or(0, Gather::length)
    }

    /// Copies that are not on their way.
    pub fn queued_copies(&self) -> usize {
        self.queued_copies
    }

    /// Of all blocks that have no place yet.
    pub fn waiting_bytes(&self) -> u64 {
        let gathering = self.gather.iter().filter(|gather| !gather.is_empty());
        self.queue.iter().chain(gathering).map(|block| block.bytes() as u64).sum()
    }

    pub fn ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket - 1
    }

    pub fn new_gather(&mut self, settings: &Settings, purpose: Purpose, capacity: usize) -> Gather {
        let kept = (capacity == settings.block_bytes).then(|| self.buffers.pop()).flatten();
        let buffer = kept.unwrap_or_else(|| (settings.buffers)(capacity));
        self.next_gather += 1;
        Gather::new(purpose, self.next_gather, buffer, Vec::new())
    }

    /// The gathering block, with room for a record of `bytes`.
    pub fn gather_with_room(&mut self, settings: &Settings, bytes: usize) -> &mut Gather {
        if self.gather.as_ref().is_some_and(|gather| !gather.fits(bytes)) {
            self.close();
        }
        let gather = self.gather.take().unwrap_or_else(|| {
            let capacity = settings.block_bytes.max(pages(BLOCK_HEADER_BYTES + bytes));
            self.new_gather(settings, Purpose::New, capacity)
        });
        self.gather.insert(gather)
    }

    /// Closes the gathering block.
    fn close(&mut self) {
        if let Some(gather) = self.gather.take_if(|gather| !gather.is_empty()) {
            self.gathering_since_us = None;
            self.queue(gather);
        }
    }

    /// A closed block waits for its place.
    pub fn queue(&mut self, block: Gather) {
        self.count(&block, true);
        self.queue.push_back(block);
    }

    /// The blocks that must come first in a new segment.
    pub fn queue_first(&mut self, blocks: Vec<Gather>) {
        for block in blocks.into_iter().rev() {
            self.queue.push_front(block);
        }
    }

    /// Gives up copies that have no place yet.
    pub fn drop_copies(&mut self) {
        self.queue.retain(|block| block.purpose != Purpose::Copies);
        self.queued_copies = 0;
    }

    fn count(&mut self, block: &Gather, comes: bool) {
        let counter = match block.purpose {
            Purpose::New => &mut self.queued_new,
            Purpose::Copies => &mut self.queued_copies,
            Purpose::Repeat | Purpose::Urgent | Purpose::Watermark => return,
        };
        *counter = if comes { *counter + block.bytes() } else { *counter - block.bytes() };
    }

    /// Bytes of the block that will be placed next.
    pub fn next_block_bytes(&self) -> usize {
        self.queue.front().or(self.gather.as_ref()).map_or(PAGE_BYTES, Gather::bytes)
    }

    /// A new segment's header names the last block, durable: no later block need do so.
    pub fn claimed_by_header(&mut self) {
        self.claimed_sequence = self.durable_sequence;
        self.wants_segment = false;
    }

    fn lingers_until(&self, linger_us: u64) -> Option<u64> {
        let since = self.gathering_since_us?;
        let idle_at = self.flushed_at_us.map_or(since, |flushed| flushed.saturating_add(linger_us));
        // A record that comes long after the last flush waits for nobody.
        Some(idle_at.max(since).min(since.saturating_add(linger_us)))
    }

    fn watermark_at_us(&self) -> Option<u64> {
        let wants = self.content_sequence > self.claimed_sequence
            && self.queue.is_empty()
            && self.gather.as_ref().is_none_or(Gather::is_empty);
        wants.then(|| self.flushed_at_us.unwrap_or(0).saturating_add(IDLE_US))
    }
}

impl Log {
    pub(super) fn flush_at_us(&self) -> Option<u64> {
        let flushing = &self.flushing;
        if flushing.flight.is_some() || !self.segments.is_open() || flushing.wants_segment {
            return None;
        }
        match flushing.lingers_until(self.settings.linger_us) {
            Some(at) => Some(at),
            None if self.copying.is_some() => None,
            None => flushing.watermark_at_us(),
        }
    }

    pub(super) fn flush(&mut self, out: &mut Vec<LogAction>) {
        if let Some(flight) = &mut self.flushing.flight {
            if matches!(flight.stage, Stage::Written) {
                let segment = flight.segment;
                let ticket = self.flushing.next_ticket;
                self.flushing.next_ticket += 1;
                flight.stage = Stage::Syncing { ticket };
                out.push(LogAction::Sync { ticket, segment });
            }
            return;
        }
        let due = self.flush_at_us().is_some_and(|at| at <= self.flushing.now_us);
        let flushing = &mut self.flushing;
        let enough = flushing.gather.as_ref().is_some_and(|gather| gather.length() >= FLUSH_BYTES_MIN);
        if !self.segments.is_open() || (flushing.queue.is_empty() && !due && !enough) {
            return;
        }
        if due && flushing.queue.is_empty() && flushing.gather.as_ref().is_none_or(Gather::is_empty) {
            let mut watermark = flushing.new_gather(&self.settings, Purpose::Watermark, self.settings.block_bytes);
            watermark.point = Point(0);
            flushing.queue(watermark);
        }
        self.begin_flight(out);
    }

    fn begin_flight(&mut self, out: &mut Vec<LogAction>) {
        let reserved = self.reserved_for_copies();
        let Some(current) = &mut self.segments.current else { return };
        let Some(segment) = self.index.segment(current.number) else { return };
        let life = segment.life(self.settings.canary);
        let flushing = &mut self.flushing;
        let mut flight = Flight {
            segment: current.number,
            first_ticket: flushing.next_ticket,
            blocks: Vec::new(),
            last_sequence: 0,
            stage: Stage::Written,
        };
        let mut total = 0;
        loop {
            let left = segment.bytes - current.offset;
            let tail = SEGMENT_TAIL_BYTES.min(segment.bytes / 8);
            let left = |block: &Gather| match block.purpose {
                Purpose::Urgent => left,
                Purpose::Repeat | Purpose::Copies => left.saturating_sub(tail),
                Purpose::New | Purpose::Watermark => left.saturating_sub(tail + reserved),
            };
            let fits = |block: &Gather| {
                block.bytes() as u64 <= left(block) && (total == 0 || total + block.bytes() <= FLUSH_BYTES_MAX)
            };
            if flushing.queue.is_empty() && flushing.gather.as_ref().is_some_and(&fits) {
                flushing.close();
            }
            // Copies rest on nothing that waits: where only they may go on, they pass it.
            let passes = |block: &&Gather| reserved > 0 && block.purpose == Purpose::Copies && fits(block);
            let next = match flushing.queue.front().filter(|block| fits(block)) {
                Some(_) => flushing.queue.pop_front(),
                None => flushing.queue.iter().position(|block| passes(&block)).and_then(|at| flushing.queue.remove(at)),
            };
            let Some(block) = next else {
                let waiting = flushing.queue.front().or(flushing.gather.as_ref().filter(|gather| !gather.is_empty()));
                // The gathering block of a flush that found no room has waited long enough, too.
                flushing.wants_segment = waiting.is_some_and(|block| block.bytes() as u64 > left(block));
                break;
            };
            flushing.count(&block, false);
            if block.purpose == Purpose::New {
                flushing.placed_end = block.end;
            }
            let sequence = flushing.next_sequence;
            if block.purpose != Purpose::Watermark {
                flushing.content_sequence = sequence;
            }
            let (offset, claims) = (current.offset, flushing.durable_sequence);
            let (block, sealed, checksum) =
                block.seal(&life, offset, sequence, flushing.last_checksum, claims, flushing.placed_end);
            flushing.claimed_sequence = claims;
            flushing.last_checksum = checksum;
            flushing.next_sequence += 1;
            flight.last_sequence = sequence;
            if sealed.purpose == Purpose::New && sealed.is_foreign {
                flushing.foreign_bytes = flushing.foreign_bytes.saturating_add(sealed.bytes as u64);
            }
            total += sealed.bytes;
            current.offset += sealed.bytes as u64;
            let ticket = flushing.ticket();
            out.push(LogAction::Write { ticket, segment: flight.segment, offset, block, bytes: sealed.bytes });
            flight.blocks.push(sealed);
        }
        if !flight.blocks.is_empty() {
            flight.stage = Stage::Writing { left: flight.blocks.len() };
            flushing.flight = Some(flight);
        }
    }

    pub(super) fn written(&mut self, ticket: u64, block: Box<dyn BlockBuffer>) {
        let flushing = &mut self.flushing;
        if block.bytes().len() == self.settings.block_bytes && flushing.buffers.len() < BUFFERS_KEPT {
            flushing.buffers.push(block);
        }
        let Some(flight) = &mut flushing.flight else { return };
        let Stage::Writing { left } = &mut flight.stage else { return };
        if ticket < flight.first_ticket || ticket >= flight.first_ticket + flight.blocks.len() as u64 {
            return;
        }
        *left -= 1;
        if *left == 0 {
            flight.stage = Stage::Written;
            if self.settings.canary.acks_before_sync() {
                let point = flight.blocks.iter().map(|block| block.point).max();
                flushing.durable_point = flushing.durable_point.max(point.unwrap_or_default());
            }
        }
    }

    pub(super) fn synced(&mut self, ticket: u64) {
        let is_ours = |flight: &mut Flight| matches!(flight.stage, Stage::Syncing { ticket: ours } if ours == ticket);
        let Some(flight) = self.flushing.flight.take_if(is_ours) else { return };
        self.flushing.durable_sequence = flight.last_sequence;
        self.flushing.flushed_at_us = None;
        for block in flight.blocks {
            self.flushing.durable_point = self.flushing.durable_point.max(block.point);
            self.flushing.durable_end = block.end;
            match block.purpose {
                Purpose::Watermark => {}
                Purpose::Repeat => self.segments.repeat_block_durable(),
                Purpose::Urgent => self.segments.urgent_block_durable(),
                Purpose::New => self.settle(flight.segment, &block),
                Purpose::Copies => {
                    self.settle(flight.segment, &block);
                    self.copies_durable();
                }
            }
        }
    }

    /// A durable block's entries can be found from now on.
    fn settle(&mut self, segment: u64, block: &Sealed) {
        for gathered in &block.spans {
            let (table, first, live_bytes) = (gathered.table, gathered.first, gathered.bytes);
            if block.purpose == Purpose::Copies {
                if self.index.replace(table, first, gathered.last) == 0 {
                    // All of them came into their table meanwhile.
                    continue;
                }
                self.index.copied(table, u64::from(live_bytes));
            }
            let position = self.state.tables.get(&table).map_or(Position(0), |table| table.position);
            let (offset, block_bytes) = (block.offset, block.bytes as u32);
            let span = Span { segment, offset, block_bytes, live_bytes, last: gathered.last };
            self.index.settle(table, first, span, position, &self.state.held);
        }
    }
}

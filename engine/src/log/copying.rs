//! Copying forward: entries that hold up the oldest segment move behind the newest.
//!
//! One table that cannot be committed would otherwise keep every segment behind its entries. When free segments run short,
//! what is still needed of the oldest ones is read and appended again, with the positions it has, in blocks of its own; when
//! those are durable the sources may go. A block of copies holds all that is needed of the blocks it was made from. Of each
//! table it holds neighbours only: no entry that lies elsewhere has a position between two of them.

use super::Log;
use super::action::LogAction;
use super::block_view::{BlockView, open_block};
use super::gather::{Gather, Purpose};
use super::limits::{BLOCK_HEADER_BYTES, COPIES_BYTES_MAX, RESERVE_SEGMENTS, SEGMENT_TAIL_BYTES, pages};
use super::numbers::{Position, TableNumber};
use super::place::BlockPlace;
use super::record::{Record, RecordHeader};
use super::recovery::{Damage, rows_named_in};
use super::segment::Segment;
use std::collections::{BTreeMap, VecDeque};

/// The oldest segments' entries on their way.
pub(super) struct Copying {
    /// The newest of these segments.
    last_segment: u64,
    sources: VecDeque<BlockPlace>,
    reading: Option<(u64, BlockPlace)>,
    gather: Option<Gather>,
    /// Closed blocks that are not durable yet.
    unsettled: usize,
    /// A new segment began: what was copied without a place is copied again.
    is_abandoned: bool,
}

/// How things stood when copying last began a round.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Round {
    /// The newest segment, with which the round ends.
    last_segment: u64,
    segments: usize,
    /// In closed segments.
    live_bytes: u64,
}

impl Log {
    pub(super) fn copy(&mut self, out: &mut Vec<LogAction>) {
        if self.copying.is_none() {
            self.copying = self.begin_copying();
        }
        let Some(copying) = &mut self.copying else { return };
        let mut segments = self.index.segments.iter().take_while(|segment| segment.number <= copying.last_segment);
        if copying.reading.is_none() && segments.all(|source| source.live_bytes == 0) {
            // Everything came into its tables meanwhile, or is copied.
            self.copying = None;
            return;
        }
        if copying.reading.is_some() || self.flushing.queued_copies() >= COPIES_BYTES_MAX {
            return;
        }
        while let Some(place) = copying.sources.pop_front() {
            if self.index.segment(place.segment).is_none_or(|source| source.live_bytes == 0) {
                // It may be on its way out.
                continue;
            }
            let ticket = self.flushing.ticket();
            copying.reading = Some((ticket, place));
            out.push(LogAction::Read { ticket, place });
            return;
        }
        close(copying, &mut self.flushing);
        if copying.unsettled == 0 {
            self.copying = None;
        }
    }

    /// Copying makes room only where enough has come into its tables, or lies loose in small blocks: it costs what is live
    /// and gains the rest. A round ends with the segment that was the newest when it began. The next one needs something to
    /// have been written meanwhile that is not the log's own; or, where rows wait for room, the last one to have made some,
    /// or entries to have come into their tables since. So copying never runs in circles, and a log stays full only of what
    /// cannot be packed closer.
    fn begin_copying(&mut self) -> Option<Copying> {
        let segment_bytes = u64::from(self.settings.segment_bytes);
        let current = self.segments.current.as_ref()?.number;
        let oldest = self.index.segments.front().filter(|oldest| oldest.number < current && oldest.live_bytes > 0)?;
        let free = self.segments_free();
        if (free == 0 && !self.fits_current(oldest))
            || free > (RESERVE_SEGMENTS + 1).max(self.bytes_max() / segment_bytes / 8)
        {
            return None;
        }
        let oldest = oldest.number;
        let closed = self.index.segments.iter().filter(|segment| segment.number < current);
        let (used, live) =
            closed.fold((0, 0), |(used, live), segment| (used + segment.bytes, live + segment.live_bytes));
        if used.saturating_sub(live) < (segment_bytes * 3 / 2).max(used / 8) {
            return None;
        }
        if oldest > self.copied_round.last_segment {
            let round = Round { last_segment: current, segments: self.index.segments.len(), live_bytes: live };
            let is_closer = round.segments < self.copied_round.segments || live < self.copied_round.live_bytes;
            // What may gain nothing must not cost the last free segment.
            let repacks = is_closer && self.is_short() && free > 1;
            if self.flushing.foreign_bytes < segment_bytes / 4 && !repacks {
                return None;
            }
            self.flushing.foreign_bytes = 0;
            self.copied_round = round;
        }
        // Where nothing else is left to be written to, that the oldest may go comes first.
        let end = if free == 0 { oldest } else { current.min(self.copied_round.last_segment + 1) };
        let last_segment = self.last_source(oldest, end);
        let segments = self.index.segments.iter().take_while(|segment| segment.number <= last_segment);
        let mut sources: Vec<BlockPlace> =
            segments.flat_map(|segment| self.sources_in(segment.number)).map(|(place, _)| place).collect();
        sources.sort_by_key(|place| place.first);
        let sources = sources.into();
        Some(Copying { last_segment, sources, reading: None, gather: None, unsettled: 0, is_abandoned: false })
    }

    /// Whether the newest segment has room for everything live in this one.
    fn fits_current(&self, oldest: &Segment) -> bool {
        let closely = oldest.live_bytes + oldest.live_bytes / 8 + 2 * self.settings.block_bytes as u64;
        self.current_left() >= closely.min(self.tail_bytes() + self.copies_bytes(oldest.number))
    }

    /// What is kept free at the end of the newest segment.
    fn tail_bytes(&self) -> u64 {
        SEGMENT_TAIL_BYTES.min(u64::from(self.settings.segment_bytes) / 8)
    }

    /// What nothing else may have of the newest segment: where it is the last, it is there to let the oldest one go.
    pub(super) fn reserved_for_copies(&self) -> u64 {
        let copies = self.copying.as_ref().is_some_and(|copying| !copying.is_abandoned);
        let oldest = self.index.segments.front().filter(|_| copies && self.segments_free() == 0);
        oldest.map_or(0, |oldest| self.copies_bytes(oldest.number))
    }

    /// Of the blocks that copies of everything live in the segment take, however loosely they are packed.
    fn copies_bytes(&self, segment: u64) -> u64 {
        let sources = self.sources_in(segment);
        sources.into_iter().map(|(_, live)| pages(BLOCK_HEADER_BYTES + live) as u64).sum()
    }

    /// The segment before `end` up to which everything live fits into the newest, however loosely its copies are packed; at
    /// least the oldest. What lies in several segments is packed closer than one segment after the other.
    fn last_source(&self, oldest: u64, end: u64) -> u64 {
        let (mut last, mut needed) = (oldest, self.tail_bytes() + self.flushing.waiting_bytes());
        for segment in self.index.segments.iter().take_while(|segment| segment.number < end) {
            needed += self.copies_bytes(segment.number);
            if needed > self.current_left() {
                break;
            }
            last = last.max(segment.number);
        }
        last
    }

    /// Blocks of the segment with live entries, each with the positions and bytes of these.
    fn sources_in(&self, segment: u64) -> Vec<(BlockPlace, usize)> {
        let mut blocks: BTreeMap<u64, (BlockPlace, usize)> = BTreeMap::new();
        for (_, first, span) in self.index.spans_in(segment) {
            let (segment, offset, bytes, next) = (span.segment, span.offset, span.block_bytes, span.last.next());
            let place = BlockPlace { segment, offset, bytes, first, next };
            let (place, live) = blocks.entry(offset).or_insert((place, 0));
            place.first = place.first.min(first);
            place.next = place.next.max(next);
            *live += span.live_bytes as usize;
        }
        blocks.into_values().collect()
    }

    /// A block of the source was read.
    pub(super) fn read(&mut self, ticket: u64, bytes: &[u8]) {
        let Some(mut copying) = self.copying.take() else { return };
        if let Some((_, place)) = copying.reading.take_if(|(reading, _)| *reading == ticket)
            && !copying.is_abandoned
            && let Some(segment) = self.index.segment(place.segment)
        {
            match open_block(&segment.life(self.settings.canary), place.offset, bytes) {
                Ok(view) => self.gather_copies(&mut copying, &place, &view),
                Err(bad) => {
                    let streams = rows_named_in(bytes, &self.state);
                    let (segment, offset) = (place.segment, place.offset);
                    let damage = Damage::block(segment, offset, place.first..place.next, streams);
                    self.damage = Some(format!("{damage} ({bad})"));
                }
            }
        }
        self.copying = Some(copying);
    }

    fn gather_copies(&mut self, copying: &mut Copying, place: &BlockPlace, view: &BlockView<'_>) {
        let live: Vec<_> = view.rows().filter(|record| self.is_live(record, place)).collect();
        let bytes: usize = live.iter().map(|record| record.whole.len()).sum();
        if live.is_empty() {
            return;
        }
        let mut ranges: BTreeMap<TableNumber, (Position, Position)> = BTreeMap::new();
        for record in &live {
            let position = record.header.position;
            ranges.entry(record.header.table).or_insert((position, position)).1 = position;
        }
        let joins = |gather: &Gather| {
            gather.fits(bytes)
                && gather.spans.iter().all(|span| {
                    ranges.get(&span.table).is_none_or(|(first, _)| {
                        span.last < *first
                            && !self.index.has_between(span.table, span.last, self.span_first(span.table, *first))
                    })
                })
        };
        if !copying.gather.as_ref().is_some_and(joins) {
            close(copying, &mut self.flushing);
            let capacity = self.settings.block_bytes.max(pages(BLOCK_HEADER_BYTES + bytes));
            copying.gather = Some(self.flushing.new_gather(&self.settings, Purpose::Copies, capacity));
        }
        let Some(gather) = &mut copying.gather else { return };
        let mut slots: BTreeMap<TableNumber, usize> =
            gather.spans.iter().enumerate().map(|(slot, span)| (span.table, slot)).collect();
        for record in live {
            let mut header = record.header;
            if self.settings.canary.numbers_copies_anew() {
                header = RecordHeader { position: self.renumber(), ..header };
            }
            let bytes = gather.put(&header, record.payload);
            let slot = slots.get(&header.table).copied();
            slots.insert(header.table, gather.entry(header.table, record.header.position, bytes, slot));
        }
    }

    /// Whether a block of the segment is being read to be copied.
    pub(super) fn is_read_from(&self, segment: u64) -> bool {
        let reads = |copying: &Copying| copying.reading.is_some_and(|(_, place)| place.segment == segment);
        self.copying.as_ref().is_some_and(reads)
    }

    /// Where the table's span begins that holds the position.
    fn span_first(&self, table: TableNumber, position: Position) -> Position {
        let places = self.index.blocks(table, position);
        places.first().map_or(position, |place| place.first.min(position))
    }

    /// Whether the record in the block at `place` is still needed, and that is where it is. It may be a copy's source, left
    /// behind in a block that another table needs.
    fn is_live(&self, record: &Record<'_>, place: &BlockPlace) -> bool {
        let (table, position) = (record.header.table, record.header.position);
        let in_table = self.state.tables.get(&table).is_some_and(|table| position < table.position);
        (!in_table || self.state.held.contains_key(&position))
            && self.index.place_of(table, position) == Some((place.segment, place.offset))
    }

    /// Copies without a place are made again later.
    pub(super) fn abandon_copies(&mut self) {
        if let Some(copying) = &mut self.copying {
            // A block that is being read keeps its segment.
            copying.sources.clear();
            copying.gather = None;
            copying.unsettled = 0;
            copying.is_abandoned = true;
        }
        self.flushing.drop_copies();
    }

    pub(super) fn copies_durable(&mut self) {
        if let Some(copying) = &mut self.copying {
            copying.unsettled = copying.unsettled.saturating_sub(1);
        }
    }
}

fn close(copying: &mut Copying, flushing: &mut super::flush::Flushing) {
    if let Some(gather) = copying.gather.take() {
        copying.unsettled += 1;
        flushing.queue(gather);
    }
}

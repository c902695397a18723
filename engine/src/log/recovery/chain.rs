//! Following the chain.

use super::damage::{Cause, Damage};
use super::error::RecoveryError;
use super::naming::{name, rows_named_in};
use super::read_disk::ReadDisk;
use super::recovered::{Recovered, Tail};
use super::window::Window;
use super::{Mode, Options};
use crate::handover::log_part::LogId;
use crate::log::block_header::Life;
use crate::log::block_view::BlockView;
use crate::log::index::{Index, Span};
use crate::log::limits::{PAGE_BYTES, SEGMENT_HEADER_BYTES};
use crate::log::live_state::{LiveState, Misfit};
use crate::log::numbers::{Position, StreamNumber, TableNumber};
use crate::log::record::{Record, RecordKind};
use crate::log::segment::Segment;
use crate::log::segment_header::{SegmentHeader, SegmentHeaderError};
use crate::log::state_record::LostBlocks;
use std::collections::BTreeMap;

/// Segments in a row that are missing and named one by one: a file with an absurd number must not be counted up to.
const MISSING_NAMED_MAX: usize = 1_000;

/// Reads a log. See the module head.
///
/// # Errors
/// When files cannot be read, are not this log's, or acked data is damaged and that is not accepted.
pub fn recover(disk: &dyn ReadDisk, id: LogId, options: Options) -> Result<Recovered, RecoveryError> {
    let directory = |error| RecoveryError::Io { what: "the directory".to_owned(), error };
    let mut numbers = disk.segments().map_err(directory)?;
    numbers.sort_unstable();
    let spares = disk.spares().map_err(directory)?;
    let mut chain = Chain::new(disk, options);
    let mut headers = BTreeMap::new();
    for &number in &numbers {
        headers.insert(number, read_header(disk, id, number)?);
    }
    let (first, last) = (numbers.first().copied().unwrap_or(1), numbers.last().copied().unwrap_or(0));
    chain.bytes_read += (numbers.len() * SEGMENT_HEADER_BYTES) as u64;
    let mut expected = first;
    for (&number, header) in &headers {
        let next_header = |number| {
            headers.range(number..).find_map(|(_, header): (_, &Option<SegmentHeader>)| header.as_ref().copied())
        };
        for missing in (expected..number).take(MISSING_NAMED_MAX) {
            chain.skip_segment(Cause::SegmentMissing, missing, next_header(missing));
        }
        match header {
            Some(header) => chain.segment(*header, next_header(number.saturating_add(1)), number == last)?,
            None => chain.skip_segment(Cause::SegmentHeader, number, next_header(number)),
        }
        expected = number.saturating_add(1);
    }
    // What must still be there was noted before anything could go.
    if chain.state.freed_below > 0 {
        for number in (chain.state.freed_below..first).take(MISSING_NAMED_MAX) {
            chain.missing_before(number, headers.get(&first).copied().flatten());
        }
    }
    // A segment goes only when it is durable that it may; nothing contradicts the loss of that, where it was all there was.
    let looks = !options.canary.truncates_at_first_bad_block();
    if looks && first > 1 && chain.state.freed_below < first && chain.damages.is_empty() {
        chain.state_is_lost(first);
    }
    let run = headers.values().rev().find_map(|header| header.map(|header| header.run)).unwrap_or(0);
    chain.finish(id, run, spares)
}

/// The segment's header; `None` when neither copy is readable.
fn read_header(disk: &dyn ReadDisk, id: LogId, segment: u64) -> Result<Option<SegmentHeader>, RecoveryError> {
    let failed = |error| RecoveryError::Io { what: format!("the header of segment {segment}"), error };
    let bytes = disk.bytes(segment).map_err(failed)?;
    if bytes < SEGMENT_HEADER_BYTES as u64 {
        return Ok(None);
    }
    let mut both = vec![0; SEGMENT_HEADER_BYTES];
    disk.read(segment, 0, &mut both).map_err(failed)?;
    match SegmentHeader::decode(&both) {
        Err(SegmentHeaderError::Unreadable) => Ok(None),
        Err(error) => Err(RecoveryError::Format { segment, error }),
        Ok(header) if header.log != id => Err(RecoveryError::Foreign { segment, expected: id, found: header.log }),
        Ok(header) if header.segment != segment => Err(RecoveryError::Renamed { segment, found: header.segment }),
        Ok(header) if header.segment_bytes != bytes => {
            Err(RecoveryError::Length { segment, expected: header.segment_bytes, found: bytes })
        }
        Ok(header) => Ok(Some(header)),
    }
}

/// The chain as far as it was followed.
struct Chain<'d> {
    disk: &'d dyn ReadDisk,
    options: Options,
    state: LiveState,
    index: Index,
    last_sequence: u64,
    last_checksum: u32,
    end: Position,
    tail: Tail,
    damages: Vec<Damage>,
    /// Rows missing between two entries of a stream, found after damage.
    gaps: Vec<(StreamNumber, u64, u64)>,
    /// Entries that rest on something unknown: segment, offset, position.
    undefined: Vec<(u64, u64, Position)>,
    bytes_read: u64,
    is_begun: bool,
}

impl<'d> Chain<'d> {
    fn new(disk: &'d dyn ReadDisk, options: Options) -> Self {
        Self {
            disk,
            options,
            state: LiveState::default(),
            index: Index::default(),
            last_sequence: 0,
            last_checksum: 0,
            end: Position(0),
            tail: Tail::Clean,
            damages: Vec::new(),
            gaps: Vec::new(),
            undefined: Vec::new(),
            bytes_read: 0,
            is_begun: false,
        }
    }

    /// A whole segment cannot be read: the chain goes on where the next one says.
    fn skip_segment(&mut self, cause: Cause, segment: u64, next: Option<SegmentHeader>) {
        let to = next.map_or(u64::MAX, |next| next.predecessor_sequence + 1);
        let end = next.map_or(self.end, |next| next.next_position);
        self.damaged(cause, segment, 0, self.last_sequence + 1..to, end, &[]);
    }

    /// Segments before `first` went, and nothing says that they might.
    fn state_is_lost(&mut self, first: u64) {
        self.damages.push(Damage {
            cause: Cause::State,
            segment: first,
            offset: 0,
            // No block's sequence: noted as lost as long as the segment is there.
            sequences: 0..1,
            positions: Position(0)..self.end,
            streams: Vec::new(),
            is_guess: false,
        });
    }

    /// A segment before the first one there is.
    fn missing_before(&mut self, segment: u64, first: Option<SegmentHeader>) {
        let (to, end) = first.map_or((1, Position(0)), |first| (first.predecessor_sequence + 1, first.next_position));
        self.damages.push(Damage {
            cause: Cause::SegmentMissing,
            segment,
            offset: 0,
            sequences: 0..to,
            positions: Position(0)..end,
            streams: Vec::new(),
            is_guess: false,
        });
    }

    fn segment(
        &mut self,
        header: SegmentHeader,
        next: Option<SegmentHeader>,
        is_last: bool,
    ) -> Result<(), RecoveryError> {
        let life = Life { segment: header.segment, salt: header.salt, canary: self.options.canary };
        self.index.segments.push_back(Segment {
            number: header.segment,
            salt: header.salt,
            bytes: header.segment_bytes,
            live_bytes: 0,
        });
        // Whatever is missing before was noted; the header was written upon what was durable.
        if !self.is_begun || self.last_sequence != header.predecessor_sequence {
            self.last_sequence = header.predecessor_sequence;
            self.end = self.end.max(header.next_position);
        }
        self.last_checksum = header.predecessor_checksum;
        self.is_begun = true;
        let mut window = Window::new(self.disk, life, header.segment_bytes);
        let result = self.blocks(&mut window, &header, next, is_last);
        self.bytes_read += window.bytes_read;
        result
    }

    fn blocks(
        &mut self,
        window: &mut Window<'_>,
        header: &SegmentHeader,
        next: Option<SegmentHeader>,
        is_last: bool,
    ) -> Result<(), RecoveryError> {
        let segment = header.segment;
        let believes = self.options.canary.believes_recycled_blocks();
        let mut offset = SEGMENT_HEADER_BYTES as u64;
        // Sequence of the last block that must be here; a later segment's header or a later block says so.
        let mut required = next.map(|next| next.predecessor_sequence);
        loop {
            if next.is_some() && required.is_some_and(|required| self.last_sequence >= required) {
                return Ok(());
            }
            let expected = self.last_sequence + 1;
            let checksum = self.last_checksum;
            let block = window.block(offset)?.filter(|block| {
                let follows = block.header.sequence == expected && block.header.previous_checksum == checksum;
                follows || believes
            });
            if let Some(block) = block {
                offset += block.header.bytes() as u64;
                self.block(segment, offset - block.header.bytes() as u64, &block);
                continue;
            }
            let found = Search::from(window, header, offset, expected)?;
            if next.is_none() && is_last && !self.options.canary.truncates_at_first_bad_block() {
                required = required.max(found.claim);
            }
            if required.is_none_or(|required| required < expected) {
                if let (true, Some(end)) = (is_last, found.end) {
                    self.tail = Tail::Torn { segment, offset, bytes: end - offset };
                }
                return Ok(());
            }
            let required = required.unwrap_or(expected);
            let resumes = found.next.filter(|(_, sequence)| next.is_none() || *sequence <= required);
            let (to_offset, to_sequence) = resumes.unwrap_or((header.segment_bytes, required + 1));
            let lost = window.bytes(offset, (to_offset - offset) as usize)?.to_vec();
            let position = match resumes {
                Some((at, _)) => window.block(at)?.map_or(self.end, |block| {
                    if block.header.holds_copies() { block.header.end } else { block.header.first }
                }),
                None => next.map_or(self.end, |next| next.next_position),
            };
            self.damaged(Cause::Blocks, segment, offset, expected..to_sequence, position, &lost);
            self.last_sequence = to_sequence - 1;
            let Some((at, _)) = resumes else { return Ok(()) };
            if let Some(block) = window.block(at)? {
                self.last_checksum = block.header.previous_checksum;
            }
            offset = at;
        }
    }

    /// Takes in a block of the chain.
    fn block(&mut self, segment: u64, offset: u64, block: &BlockView<'_>) {
        let header = &block.header;
        self.last_sequence = header.sequence;
        self.last_checksum = block.checksum;
        self.end = self.end.max(header.end);
        let mut spans: BTreeMap<TableNumber, (Position, Position, u32)> = BTreeMap::new();
        for record in block.records() {
            if !self.damages.is_empty() && !header.holds_copies() {
                self.look_for_gap(&record);
            }
            match self.state.apply(&record) {
                Ok(()) if record.header.kind == RecordKind::Rows => {
                    let position = record.header.position;
                    let span = spans.entry(record.header.table).or_insert((position, position, 0));
                    (span.0, span.1) = (span.0.min(position), span.1.max(position));
                    span.2 += record.whole.len() as u32;
                }
                Ok(()) => {}
                Err(Misfit::Entry | Misfit::Payload) => {
                    self.undefined.push((segment, offset, record.header.position));
                }
            }
        }
        for (table, (first, last, live_bytes)) in spans {
            if header.holds_copies() {
                self.index.replace(table, first, last);
            }
            let highest = self.index.books.get(&table).and_then(|book| book.last).max(Some(last)).unwrap_or(last);
            self.index.appended(table, highest, u64::from(live_bytes));
            let span = Span { segment, offset, block_bytes: header.bytes() as u32, live_bytes, last };
            self.index.settle(table, first, span, Position(0), &self.state.held);
        }
    }

    fn look_for_gap(&mut self, record: &Record<'_>) {
        let Some((from, _)) = record.offsets() else { return };
        let Some(stream) = self.state.streams.get(&record.header.stream) else { return };
        if stream.last.is_some() && from > stream.next {
            self.gaps.push((record.header.stream, stream.next, from));
        }
    }

    fn damaged(
        &mut self,
        cause: Cause,
        segment: u64,
        offset: u64,
        sequences: std::ops::Range<u64>,
        end: Position,
        bytes: &[u8],
    ) {
        let streams = rows_named_in(bytes, &self.state);
        let positions = self.end..end.max(self.end);
        self.end = positions.end;
        let is_guess = false;
        self.damages.push(Damage { cause, segment, offset, sequences, positions, streams, is_guess });
    }

    fn finish(
        mut self,
        id: LogId,
        run: u64,
        mut spares: Vec<crate::log::segment::Spare>,
    ) -> Result<Recovered, RecoveryError> {
        let is_whole = self.damages.is_empty() && self.state.lost.is_empty();
        if let Some((segment, _, position)) = self.undefined.first().filter(|_| is_whole) {
            return Err(RecoveryError::Misfit { segment: *segment, position: position.0 });
        }
        self.name_streams();
        let Self { mut state, mut index, options, mut damages, .. } = self;
        damages.extend(self.undefined.into_iter().map(|(segment, offset, position)| Damage {
            cause: Cause::Undefined,
            segment,
            offset,
            // No block's sequence: noted as lost as long as the segment is there.
            sequences: 0..1,
            positions: position..position.next(),
            streams: Vec::new(),
            is_guess: false,
        }));
        let is_accepted = |damage: &Damage| {
            let lost = damage.lost_blocks();
            let covers = |known: &LostBlocks| {
                known.segment == lost.segment && known.from <= lost.from && lost.to <= known.to
                    || damage.cause == Cause::Undefined
            };
            state.lost.iter().any(covers)
        };
        let (accepted, open): (Vec<_>, Vec<_>) = damages.into_iter().partition(is_accepted);
        if !open.is_empty() && options.mode == Mode::Strict {
            return Err(RecoveryError::Damaged(open));
        }
        state.lost.extend(open.iter().map(Damage::lost_blocks).filter(|lost| lost.from < lost.to));
        // A segment may go before the record is durable that released what it held.
        state.held.retain(|position, (table, _)| index.place_of(*table, *position).is_some());
        for (number, table) in &state.tables {
            index.advance(*number, table.position, &state.held);
        }
        spares.sort_unstable_by_key(|spare| spare.number);
        Ok(Recovered {
            id,
            run,
            next_position: self.end,
            next_sequence: self.last_sequence + 1,
            last_checksum: self.last_checksum,
            tail: self.tail,
            damages: accepted.into_iter().chain(open).collect(),
            bytes_read: self.bytes_read,
            must_sync: !options.canary.answers_from_unsynced(),
            index,
            state,
            spares,
        })
    }

    /// Adds what the entries behind the damage tell about it; when nothing tells anything, names whoever may be concerned.
    fn name_streams(&mut self) {
        let gaps = std::mem::take(&mut self.gaps);
        for damage in &mut self.damages {
            // Definitions may have come only later.
            for (stream, from, to) in &gaps {
                let loss = name(&self.state, *stream, *from, Some(*to));
                let is_known =
                    damage.streams.iter().any(|known| known.stream == loss.stream && known.table == loss.table);
                if !is_known {
                    damage.streams.push(loss);
                }
            }
            if damage.streams.is_empty() && damage.positions.start < damage.positions.end {
                damage.is_guess = true;
                let streams = self.state.streams.values();
                damage.streams = streams.map(|live| name(&self.state, live.record.number, live.next, None)).collect();
            }
        }
    }
}

/// What stands behind a bad block in the newest segment.
struct Search {
    /// The highest sequence that a header claims durable.
    claim: Option<u64>,
    /// Offset and sequence of the first intact block with the expected sequence or a later one.
    next: Option<(u64, u64)>,
    /// Where the last block ends whose header is intact.
    end: Option<u64>,
}

impl Search {
    fn from(window: &mut Window<'_>, segment: &SegmentHeader, from: u64, expected: u64) -> Result<Self, RecoveryError> {
        let mut found = Self { claim: None, next: None, end: None };
        let mut offset = from;
        while offset < segment.segment_bytes {
            // A header's checksum needs the salt, so what stands in a client's rows is never taken for one.
            if let Some(header) = window.header(offset)? {
                found.claim = found.claim.max(Some(header.durable_up_to));
                found.end = Some((offset + header.bytes() as u64).min(segment.segment_bytes));
                if found.next.is_none()
                    && header.sequence >= expected
                    && offset > from
                    && window.block(offset)?.is_some()
                {
                    found.next = Some((offset, header.sequence));
                }
            }
            offset += PAGE_BYTES as u64;
        }
        Ok(found)
    }
}

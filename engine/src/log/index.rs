//! Which entries that are still needed lie where: one span per block and table.
//!
//! Invariant: spans of one table do not overlap, in positions; so a table's blocks in the order of their first positions
//! give its entries in order. Copies are packed so that this holds (see [`super::copying`]).

use super::numbers::{Position, TableNumber};
use super::place::BlockPlace;
use super::segment::Segment;
use std::collections::{BTreeMap, VecDeque};

/// Held entries, by position.
type Held = BTreeMap<Position, (TableNumber, super::numbers::StreamNumber)>;

/// A table's entries in one block. Its first position is its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub segment: u64,
    pub offset: u64,
    /// Of the whole block.
    pub block_bytes: u32,
    /// Of the table's entries in it.
    pub live_bytes: u32,
    pub last: Position,
}

/// One table's entries.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Of entries that are not in the table, gathered ones included.
    pub live_bytes: u64,
    pub last: Option<Position>,
    /// Not all in the table yet.
    spans: BTreeMap<Position, Span>,
    /// All below the table's position, some held.
    kept: BTreeMap<Position, Span>,
    /// The gathering block in which the table has entries, and which of its spans is the table's.
    pub slot: Option<(u64, usize)>,
}

/// The index of a log.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub books: BTreeMap<TableNumber, Book>,
    pub segments: VecDeque<Segment>,
    pub live_bytes: u64,
}

impl Index {
    pub fn segment(&self, number: u64) -> Option<&Segment> {
        // Numbers follow one another, except where a loss was accepted.
        self.segments.binary_search_by_key(&number, |segment| segment.number).ok().map(|at| &self.segments[at])
    }

    fn segment_mut(&mut self, number: u64) -> Option<&mut Segment> {
        let at = self.segments.binary_search_by_key(&number, |segment| segment.number).ok()?;
        self.segments.get_mut(at)
    }

    /// An entry was gathered.
    pub fn appended(&mut self, table: TableNumber, position: Position, bytes: u64) -> &mut Book {
        self.live_bytes += bytes;
        let book = self.books.entry(table).or_default();
        book.live_bytes += bytes;
        book.last = Some(position);
        book
    }

    /// A gathered block is durable.
    pub fn settle(&mut self, table: TableNumber, first: Position, span: Span, position: Position, held: &Held) {
        let Some(book) = self.books.get_mut(&table) else { return };
        let is_kept = span.last < position;
        if is_kept && held.range(first..=span.last).all(|(_, (holder, _))| *holder != table) {
            book.live_bytes -= u64::from(span.live_bytes);
            self.live_bytes -= u64::from(span.live_bytes);
            return;
        }
        if is_kept {
            book.kept.insert(first, span)
        } else {
            book.spans.insert(first, span)
        };
        if let Some(segment) = self.segment_mut(span.segment) {
            segment.live_bytes += u64::from(span.live_bytes);
        }
    }

    /// A block of copies is durable: it stands for every span of the table that it meets. Gives how many those were.
    pub fn replace(&mut self, table: TableNumber, first: Position, last: Position) -> usize {
        let Some(book) = self.books.get_mut(&table) else { return 0 };
        let mut gone = Vec::new();
        for spans in [&mut book.kept, &mut book.spans] {
            let met = |spans: &BTreeMap<Position, Span>| {
                spans.range(..=last).next_back().filter(|(_, span)| span.last >= first).map(|(first, _)| *first)
            };
            while let Some(key) = met(spans) {
                gone.extend(spans.remove(&key));
            }
        }
        for span in &gone {
            self.free(table, span);
        }
        gone.len()
    }

    /// Copies of the table's entries are about to be settled.
    pub fn copied(&mut self, table: TableNumber, bytes: u64) {
        self.live_bytes += bytes;
        self.books.entry(table).or_default().live_bytes += bytes;
    }

    fn free(&mut self, table: TableNumber, span: &Span) {
        let bytes = u64::from(span.live_bytes);
        self.live_bytes -= bytes;
        if let Some(book) = self.books.get_mut(&table) {
            book.live_bytes -= bytes;
        }
        if let Some(segment) = self.segment_mut(span.segment) {
            segment.live_bytes -= bytes;
        }
    }

    /// The table's entries below `position` are in the table.
    pub fn advance(&mut self, table: TableNumber, position: Position, held: &Held) {
        loop {
            let Some(book) = self.books.get_mut(&table) else { return };
            let Some(entry) = book.spans.first_entry().filter(|entry| entry.get().last < position) else { return };
            let (first, span) = entry.remove_entry();
            if held.range(first..=span.last).any(|(_, (holder, _))| *holder == table) {
                book.kept.insert(first, span);
            } else {
                self.free(table, &span);
            }
        }
    }

    /// The table's entry at `position` is no longer held.
    pub fn released(&mut self, table: TableNumber, position: Position, held: &Held) {
        let Some(book) = self.books.get_mut(&table) else { return };
        let Some((first, span)) = book.kept.range(..=position).next_back().map(|(first, span)| (*first, *span)) else {
            return;
        };
        if span.last >= position && held.range(first..=span.last).all(|(_, (holder, _))| *holder != table) {
            book.kept.remove(&first);
            self.free(table, &span);
        }
    }

    /// Segment and offset of the block that the entry is in, as far as it is needed.
    pub fn place_of(&self, table: TableNumber, position: Position) -> Option<(u64, u64)> {
        let book = self.books.get(&table)?;
        [&book.spans, &book.kept].into_iter().find_map(|spans| {
            let (_, span) = spans.range(..=position).next_back().filter(|(_, span)| span.last >= position)?;
            Some((span.segment, span.offset))
        })
    }

    /// See [`super::Log::blocks`].
    pub fn blocks(&self, table: TableNumber, from: Position) -> Vec<BlockPlace> {
        let Some(book) = self.books.get(&table) else { return Vec::new() };
        let mut places: Vec<_> = [&book.kept, &book.spans]
            .into_iter()
            .flat_map(|spans| {
                // Spans do not overlap: of those that begin before, only the last can reach.
                let start = spans.range(..=from).next_back().map_or(from, |(first, _)| *first);
                spans.range(start..)
            })
            .filter(|(_, span)| span.last >= from)
            .map(|(first, span)| span.place(*first))
            .collect();
        places.sort_by_key(|place| place.first);
        places
    }

    /// Whether a span is at this place.
    pub fn has_block(&self, place: &BlockPlace) -> bool {
        let here = |span: &Span| (span.segment, span.offset) == (place.segment, place.offset);
        self.books
            .values()
            .flat_map(|book| [&book.kept, &book.spans])
            .any(|spans| spans.get(&place.first).is_some_and(here))
    }

    /// Every span in a segment.
    pub fn spans_in(&self, segment: u64) -> impl Iterator<Item = (TableNumber, Position, &Span)> {
        self.books.iter().flat_map(move |(table, book)| {
            let spans = book.kept.iter().chain(&book.spans);
            spans.filter(move |(_, span)| span.segment == segment).map(|(first, span)| (*table, *first, span))
        })
    }

    /// Whether the table has a span that begins strictly between the two.
    pub fn has_between(&self, table: TableNumber, after: Position, before: Position) -> bool {
        use std::ops::Bound::Excluded;
        after < before
            && self.books.get(&table).is_some_and(|book| {
                let range = (Excluded(after), Excluded(before));
                book.spans.range(range).next().is_some() || book.kept.range(range).next().is_some()
            })
    }
}

impl Span {
    fn place(&self, first: Position) -> BlockPlace {
        BlockPlace {
            segment: self.segment,
            offset: self.offset,
            bytes: self.block_bytes,
            first,
            next: self.last.next(),
        }
    }
}

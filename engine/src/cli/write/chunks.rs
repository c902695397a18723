//! A text in chunks of whole records.
//!
//! A chunk leaves when it is large enough, or when its oldest record has waited for long enough, so that slow input is
//! written as it comes.

use super::cutter::{Cut, Cutter};
use super::input::{Got, Input};
use std::io;
use std::time::{Duration, Instant};

const CHUNK_BYTES: usize = 8 << 20;
/// A record larger than what a frame takes could never be sent.
const RECORD_BYTES_MAX: usize = 64 << 20;
/// How long a record may wait for others.
pub const LINGER: Duration = Duration::from_millis(200);
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whole records.
#[derive(Debug, Clone)]
pub struct Chunk {
    pub bytes: Vec<u8>,
    pub records: usize,
    /// Index of the first one in the text.
    pub first_record: u64,
    /// The line, from 1, on which the bytes begin.
    pub line: u64,
    /// As it is before any record.
    fresh: Cutter,
}

impl Chunk {
    /// The records with the lines on which they begin.
    pub fn each(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let (mut cutter, mut line, mut at) = (self.fresh, self.line, 0);
        std::iter::from_fn(move || {
            let (mut begin, mut begin_line) = (at, line);
            while let Some(byte) = self.bytes.get(at) {
                let cut = cutter.take(*byte);
                if cut == Cut::Began {
                    (begin, begin_line) = (at, line);
                }
                line += u64::from(*byte == b'\n');
                at += 1;
                if cut == Cut::Ended {
                    return self.bytes.get(begin..at).map(|bytes| (begin_line, bytes));
                }
            }
            None
        })
    }

    /// The line on which a record of the chunk begins.
    pub fn line_of(&self, record: usize) -> u64 {
        self.each().nth(record).map_or(self.line, |(line, _)| line)
    }

    /// The chunk without its first records.
    pub fn without(self, records: usize) -> Self {
        let Some(last) = records.checked_sub(1) else { return self };
        let (mut at, mut ended, mut cutter) = (0, 0, self.fresh);
        while let Some(byte) = self.bytes.get(at).filter(|_| ended <= last) {
            ended += usize::from(cutter.take(*byte) == Cut::Ended);
            at += 1;
        }
        let line = self.line + self.bytes.iter().take(at).filter(|byte| **byte == b'\n').count() as u64;
        let first_record = self.first_record + ended as u64;
        Self { bytes: self.bytes[at..].to_vec(), records: self.records - ended, first_record, line, fresh: self.fresh }
    }
}

/// What comes next.
#[derive(Debug)]
pub enum Next {
    Chunk(Chunk),
    /// Nothing for a while.
    Pause,
    End,
}

/// Why there is no next chunk.
#[derive(Debug, thiserror::Error)]
pub enum ChunkError {
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("line {line}: a quote that begins in this record is never closed")]
    OpenQuote { line: u64 },
    #[error("line {line}: the record is longer than {RECORD_BYTES_MAX} bytes; is this the right format?")]
    TooLong { line: u64 },
}

/// The chunks of an input.
#[derive(Debug)]
pub struct Chunks {
    input: Input,
    /// At `scanned`.
    cutter: Cutter,
    /// As it is before any record, such as at the beginning of `pending`.
    fresh: Cutter,
    pending: Vec<u8>,
    scanned: usize,
    /// Where the last whole record of `pending` ends, and how many there are.
    whole: usize,
    records: usize,
    records_max: usize,
    first_record: u64,
    line: u64,
    /// When the oldest whole record in `pending` came.
    oldest: Option<Instant>,
    begun: bool,
    ended: bool,
}

#[expect(clippy::disallowed_methods, reason = "how long rows wait is a matter of the wall's clock")]
fn now() -> Instant {
    Instant::now()
}

impl Chunks {
    /// Chunks of at most `records_max` records.
    pub fn new(input: Input, cutter: Cutter, records_max: usize) -> Self {
        Self {
            input,
            cutter,
            fresh: cutter,
            pending: Vec::new(),
            scanned: 0,
            whole: 0,
            records: 0,
            records_max,
            first_record: 0,
            line: 1,
            oldest: None,
            begun: false,
            ended: false,
        }
    }

    /// From here on chunks have at most so many records.
    pub fn limit(&mut self, records_max: usize) {
        self.records_max = records_max;
    }

    /// The next chunk, for which its oldest record waits no longer than `linger`.
    ///
    /// # Errors
    /// [`ChunkError`].
    pub fn next(&mut self, linger: Duration) -> Result<Next, ChunkError> {
        loop {
            self.scan();
            let full = self.records >= self.records_max || self.whole >= CHUNK_BYTES;
            if full || (self.ended && self.records > 0) {
                return Ok(Next::Chunk(self.cut()));
            }
            if self.ended {
                return Ok(Next::End);
            }
            if self.pending.len() - self.whole > RECORD_BYTES_MAX {
                return Err(ChunkError::TooLong { line: self.line_of_open_record() });
            }
            let waited = self.oldest.map_or(Duration::ZERO, |oldest| now().duration_since(oldest));
            match self.input.next(Some(linger.saturating_sub(waited)))? {
                Got::Bytes(block) => self.take(&block),
                Got::Pause if self.records > 0 => return Ok(Next::Chunk(self.cut())),
                Got::Pause => return Ok(Next::Pause),
                Got::End => self.end()?,
            }
        }
    }

    fn take(&mut self, block: &[u8]) {
        self.pending.extend_from_slice(block);
        if !self.begun && (self.pending.len() >= BYTE_ORDER_MARK.len() || !BYTE_ORDER_MARK.starts_with(&self.pending)) {
            self.begun = true;
            if self.pending.starts_with(BYTE_ORDER_MARK) {
                self.pending.drain(..BYTE_ORDER_MARK.len());
            }
        }
    }

    fn scan(&mut self) {
        if !self.begun {
            return;
        }
        while self.records < self.records_max && self.whole < CHUNK_BYTES {
            let Some(byte) = self.pending.get(self.scanned) else { return };
            self.scanned += 1;
            if self.cutter.take(*byte) == Cut::Ended {
                self.records += 1;
                self.whole = self.scanned;
                self.oldest.get_or_insert_with(now);
            }
        }
    }

    fn end(&mut self) -> Result<(), ChunkError> {
        (self.ended, self.begun) = (true, true);
        self.scan();
        if self.cutter.is_quoted() {
            return Err(ChunkError::OpenQuote { line: self.line_of_open_record() });
        }
        if self.cutter.is_in_record() {
            // The last line may lack its line break.
            self.pending.push(b'\n');
        }
        Ok(())
    }

    fn line_of_open_record(&self) -> u64 {
        self.line + self.pending[..self.whole].iter().filter(|byte| **byte == b'\n').count() as u64
    }

    fn cut(&mut self) -> Chunk {
        let rest = self.pending.split_off(self.whole);
        let bytes = std::mem::replace(&mut self.pending, rest);
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let chunk =
            Chunk { bytes, records: self.records, first_record: self.first_record, line: self.line, fresh: self.fresh };
        self.first_record += self.records as u64;
        self.line += lines;
        // What was scanned behind the last whole record is scanned once more.
        (self.scanned, self.whole, self.records, self.oldest) = (0, 0, 0, None);
        self.cutter = self.fresh;
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(text: &str, records_max: usize, cutter: Cutter) -> Result<Vec<Chunk>, ChunkError> {
        let input = Input::pipe(io::Cursor::new(text.as_bytes().to_vec())).unwrap();
        let mut chunks = Chunks::new(input, cutter, records_max);
        let mut found = Vec::new();
        loop {
            match chunks.next(Duration::from_secs(60))? {
                Next::Chunk(chunk) => found.push(chunk),
                Next::Pause => {}
                Next::End => return Ok(found),
            }
        }
    }

    #[test]
    fn records_keep_their_numbers_and_lines() {
        let chunks = whole("\u{feff}a\n\"b\n\"\n\r\nc\nd", 2, Cutter::csv(b',')).unwrap();
        let places: Vec<_> = chunks.iter().map(|chunk| (chunk.first_record, chunk.records, chunk.line)).collect();
        assert_eq!(places, [(0, 2, 1), (2, 2, 4)]);
        let lines: Vec<_> =
            chunks.iter().flat_map(|chunk| chunk.each().map(|(line, _)| line).collect::<Vec<_>>()).collect();
        assert_eq!(lines, [1, 2, 5, 6]);
        assert_eq!(chunks[1].bytes, b"\r\nc\nd\n");
        let rest = chunks[1].clone().without(1);
        assert_eq!((rest.bytes.as_slice(), rest.records, rest.first_record, rest.line), (&b"d\n"[..], 1, 3, 6));
        assert!(matches!(whole("a\nb\n\"c", 9, Cutter::csv(b',')), Err(ChunkError::OpenQuote { line: 3 })));
        assert!(whole("", 9, Cutter::lines()).unwrap().is_empty());
        assert_eq!(whole("x", 9, Cutter::lines()).unwrap()[0].bytes, b"x\n");
    }

    #[test]
    fn what_has_come_leaves_without_the_rest() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let mut chunks = Chunks::new(Input::pipe(reader).unwrap(), Cutter::lines(), 1_000);
        io::Write::write_all(&mut writer, b"one\ntwo\nthr").unwrap();
        // Whoever reads the pipe may take its time.
        let chunk = loop {
            if let Next::Chunk(chunk) = chunks.next(LINGER).unwrap() {
                break chunk;
            }
        };
        assert_eq!(chunk.bytes, b"one\ntwo\n");
        assert!(matches!(chunks.next(Duration::ZERO).unwrap(), Next::Pause));
        io::Write::write_all(&mut writer, b"ee\n").unwrap();
        drop(writer);
        let Next::Chunk(chunk) = chunks.next(Duration::from_secs(60)).unwrap() else { panic!("a chunk") };
        assert_eq!((chunk.bytes.as_slice(), chunk.first_record, chunk.line), (&b"three\n"[..], 2, 3));
        assert!(matches!(chunks.next(LINGER).unwrap(), Next::End));
    }

    proptest! {
        #[test]
        fn however_a_text_is_cut_it_stays_whole(text in "[a,\"\n\r ]{0,60}", records_max in 1usize..5) {
            if let Ok(chunks) = whole(&text, records_max, Cutter::csv(b',')) {
                let joined: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.bytes.clone()).collect();
                let blank = |bytes: &[u8]| bytes.iter().all(|byte| b"\n\r".contains(byte));
                let rest = text.as_bytes().strip_prefix(joined.as_slice());
                // Empty lines at the end belong to no record.
                let ended = [text.as_bytes(), b"\n"].concat();
                prop_assert!(rest.is_some_and(blank) || joined == ended);
                let mut next = 0;
                for chunk in &chunks {
                    prop_assert_eq!(chunk.first_record, next);
                    prop_assert_eq!(chunk.each().count(), chunk.records);
                    next += chunk.records as u64;
                }
            }
        }
    }
}

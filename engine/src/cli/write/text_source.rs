//! A text as batches, from a file that can be read twice or from an input that cannot.

use super::chunks::{Chunk, Chunks, LINGER, Next};
use super::failure::Failure;
use super::input::Input;
use super::source::{Piece, too_short};
use super::text_format::{TextDecoder, TextFormat};
use arrow::datatypes::{Schema, SchemaRef};
use indicatif::ProgressBar;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

/// How long the rows from which columns are inferred may take to come, once the first is there.
const INFER_LINGER: Duration = Duration::from_secs(2);

/// An opened text.
#[derive(Debug)]
pub struct TextSource {
    name: String,
    format: Box<dyn TextFormat>,
    chunks: Chunks,
    batch_rows: usize,
    /// Looked at already, and not given out.
    held: VecDeque<Chunk>,
    /// The file, to look at all of it; `None` for an input that can be read only once.
    path: Option<PathBuf>,
    /// Rows of such an input from which columns are inferred.
    infer_rows: usize,
}

impl TextSource {
    /// Opens it and reads its header.
    ///
    /// # Errors
    /// A text that cannot be read or has no header.
    pub fn open(
        name: &str,
        mut format: Box<dyn TextFormat>,
        input: Input,
        path: Option<PathBuf>,
        rows: (usize, usize),
    ) -> Result<Self, Failure> {
        let (batch_rows, infer_rows) = rows;
        let mut chunks = Chunks::new(input, format.cutter(), batch_rows);
        read_header(format.as_mut(), &mut chunks, batch_rows).map_err(|reason| Failure::data(name, reason))?;
        Ok(Self { name: name.to_owned(), format, chunks, batch_rows, held: VecDeque::new(), path, infer_rows })
    }

    /// The columns, judged by every row of a file, or by the first rows of what can be read only once.
    ///
    /// # Errors
    /// A text that cannot be read.
    pub fn infer(&mut self) -> Result<Schema, Failure> {
        let mut inference = self.format.inference();
        let wrong = |reason: String| Failure::data(&self.name, reason);
        if let Some(path) = &self.path {
            let input = Input::file(path, &ProgressBar::hidden()).map_err(|error| Failure::file(&self.name, error))?;
            let mut chunks = Chunks::new(input, self.format.cutter(), self.batch_rows);
            read_header(self.format.as_mut(), &mut chunks, self.batch_rows).map_err(wrong)?;
            while let Next::Chunk(chunk) = chunks.next(LINGER).map_err(|error| wrong(error.to_string()))? {
                inference.take(&chunk).map_err(wrong)?;
            }
            return inference.schema().map_err(wrong);
        }
        self.chunks.limit(self.infer_rows);
        loop {
            match self.chunks.next(INFER_LINGER).map_err(|error| wrong(error.to_string()))? {
                Next::Chunk(chunk) => {
                    inference.take(&chunk).map_err(wrong)?;
                    self.held.push_back(chunk);
                    break;
                }
                Next::Pause => {}
                Next::End => break,
            }
        }
        self.chunks.limit(self.batch_rows);
        inference.schema().map_err(wrong)
    }

    /// The rows from `skip` on, in the types of `table`.
    ///
    /// # Errors
    /// Columns that do not fit.
    pub fn batches(self, table: &SchemaRef, skip: u64) -> Result<TextBatches, Failure> {
        let decoder = self.format.decoder(table).map_err(|reason| Failure::data(&self.name, reason))?;
        let header = u64::from(self.format.has_header());
        Ok(TextBatches { source: self, decoder, skip: skip + header, header, seen: header, over: false })
    }
}

fn read_header(format: &mut dyn TextFormat, chunks: &mut Chunks, batch_rows: usize) -> Result<(), String> {
    if !format.has_header() {
        return Ok(());
    }
    chunks.limit(1);
    loop {
        match chunks.next(LINGER).map_err(|error| error.to_string())? {
            Next::Chunk(first) => {
                chunks.limit(batch_rows);
                return format.header(&first);
            }
            Next::Pause => {}
            Next::End => return Err("has no first line of column names".to_owned()),
        }
    }
}

/// The batches of a text.
pub struct TextBatches {
    source: TextSource,
    decoder: Box<dyn TextDecoder>,
    /// Records to pass over, the header included.
    skip: u64,
    header: u64,
    /// Records that have come, the header included.
    seen: u64,
    over: bool,
}

impl TextBatches {
    fn advance(&mut self) -> Result<Option<Piece>, Failure> {
        loop {
            let next = match self.source.held.pop_front() {
                Some(chunk) => Next::Chunk(chunk),
                None => {
                    let next = self.source.chunks.next(LINGER);
                    next.map_err(|error| Failure::data(&self.source.name, error))?
                }
            };
            let chunk = match next {
                Next::Chunk(chunk) => chunk,
                Next::Pause => return Ok(Some(Piece::Pause)),
                Next::End if self.seen < self.skip => {
                    return Err(too_short(&self.source.name, self.seen - self.header, self.skip - self.header));
                }
                Next::End => return Ok(None),
            };
            self.seen = chunk.first_record + chunk.records as u64;
            if self.seen <= self.skip {
                continue;
            }
            let known = usize::try_from(self.skip.saturating_sub(chunk.first_record)).unwrap_or(usize::MAX);
            let chunk = chunk.without(known);
            let batch = self.decoder.decode(&chunk).map_err(|reason| Failure::data(&self.source.name, reason))?;
            return Ok(Some(Piece::Rows(batch)));
        }
    }
}

impl Iterator for TextBatches {
    type Item = Result<Piece, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let piece = self.advance().transpose();
        self.over = !matches!(piece, Some(Ok(_)));
        piece
    }
}

//! Arrow IPC as batches: a file (with its footer), or a stream, from a file or from standard input.

use super::failure::Failure;
use super::input::{Input, InputReader};
use super::source::{Piece, too_short};
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// What an Arrow file begins with; a stream does not.
const FILE_MAGIC: &[u8] = b"ARROW1";

/// An opened file or stream.
pub struct ArrowSource {
    name: String,
    schema: Schema,
    batches: Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>,
}

impl ArrowSource {
    /// Opens a file of either form.
    ///
    /// # Errors
    /// A file that cannot be read or is neither.
    pub fn file(name: &str, path: &Path) -> Result<Self, Failure> {
        let mut file = File::open(path).map_err(|error| Failure::file(name, error))?;
        let mut magic = Vec::new();
        let read = (&file).take(FILE_MAGIC.len() as u64).read_to_end(&mut magic);
        read.and_then(|_| file.seek(SeekFrom::Start(0))).map_err(|error| Failure::file(name, error))?;
        if magic == FILE_MAGIC {
            let reader = FileReader::try_new_buffered(file, None).map_err(|error| not_arrow(name, &error))?;
            return Ok(Self::of(name, &reader.schema(), reader));
        }
        Self::stream(name, BufReader::new(file))
    }

    /// Begins a stream.
    ///
    /// # Errors
    /// An input that does not begin as one.
    pub fn input(name: &str, input: Input) -> Result<Self, Failure> {
        Self::stream(name, InputReader::new(input))
    }

    fn stream(name: &str, reader: impl Read + 'static) -> Result<Self, Failure> {
        let reader = StreamReader::try_new(reader, None).map_err(|error| not_arrow(name, &error))?;
        Ok(Self::of(name, &reader.schema(), reader))
    }

    fn of(
        name: &str,
        schema: &Schema,
        batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + 'static,
    ) -> Self {
        // What other writers left in the metadata says nothing about this table.
        let schema = Schema::new(schema.fields().clone());
        Self { name: name.to_owned(), schema, batches: Box::new(batches) }
    }

    /// The columns.
    pub fn schema(&self) -> Schema {
        self.schema.clone()
    }

    /// The rows from `skip` on.
    pub fn batches(self, skip: u64) -> impl Iterator<Item = Result<Piece, Failure>> {
        let Self { name, mut batches, .. } = self;
        let (mut seen, mut over) = (0u64, false);
        std::iter::from_fn(move || {
            while !over {
                let batch = match batches.next() {
                    Some(Ok(batch)) => batch,
                    Some(Err(error)) => {
                        over = true;
                        return Some(Err(Failure::data(&name, format!("behind row {seen}: {error}"))));
                    }
                    None => {
                        over = true;
                        return (seen < skip).then(|| Err(too_short(&name, seen, skip)));
                    }
                };
                let known = usize::try_from(skip.saturating_sub(seen)).unwrap_or(usize::MAX).min(batch.num_rows());
                seen += batch.num_rows() as u64;
                if known < batch.num_rows() {
                    return Some(Ok(Piece::Rows(batch.slice(known, batch.num_rows() - known))));
                }
            }
            None
        })
    }
}

fn not_arrow(name: &str, error: &ArrowError) -> Failure {
    Failure::data(name, format!("is not an Arrow file or stream: {error}; say what it is with --format"))
}

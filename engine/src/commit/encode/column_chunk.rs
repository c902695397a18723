//! An encoded column chunk.

use super::pages::WrittenChunk;
use parquet::arrow::arrow_writer::ArrowColumnChunk;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedRowGroupWriter;
use std::io::Write;

/// The pages of one leaf's values in a row group.
#[derive(Debug)]
pub struct ColumnChunk {
    pages: Pages,
}

#[derive(Debug)]
enum Pages {
    /// Written here.
    Own(Box<WrittenChunk>),
    /// As the Parquet crate wrote them.
    Crates(Box<ArrowColumnChunk>),
}

impl ColumnChunk {
    /// What is known of the chunk.
    pub fn close(&self) -> &ColumnCloseResult {
        match &self.pages {
            Pages::Own(chunk) => &chunk.close,
            Pages::Crates(chunk) => chunk.close(),
        }
    }

    #[cfg(test)]
    pub(super) fn is_own(&self) -> bool {
        matches!(self.pages, Pages::Own(_))
    }

    /// Puts the pages into a file as they are.
    pub(super) fn append_to<W: Write + Send>(
        self,
        writer: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        match self.pages {
            Pages::Own(chunk) => writer.append_column(&chunk.bytes, chunk.close),
            Pages::Crates(chunk) => chunk.append_to_row_group(writer),
        }
    }
}

impl From<WrittenChunk> for ColumnChunk {
    fn from(chunk: WrittenChunk) -> Self {
        Self { pages: Pages::Own(Box::new(chunk)) }
    }
}

impl From<ArrowColumnChunk> for ColumnChunk {
    fn from(chunk: ArrowColumnChunk) -> Self {
        Self { pages: Pages::Crates(Box::new(chunk)) }
    }
}

//! One Parquet file from the encoded row groups of all shards.

use super::encoded_row_group::EncodedRowGroup;
use super::error::EncodeError;
use super::plan::EncodingPlan;
use super::statistics::FileStatistics;
use crate::budget::Reservation;
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::writer::SerializedFileWriter;
use std::io::Write;

/// A Parquet file that is being assembled. Chunks are spliced as they are; nothing is encoded again.
pub struct DataFile<W: Write + Send> {
    writer: SerializedFileWriter<Counted<W>>,
    statistics: FileStatistics,
    /// What the appended row groups held: their bytes are the sink's now, and come back when the file is done with.
    memory: Option<Reservation>,
}

/// Counts what goes to the sink: the Parquet writer gives the sink back only when it can no longer be asked.
struct Counted<W> {
    sink: W,
    bytes: u64,
}

/// A complete Parquet file.
#[derive(Debug)]
pub struct FinishedFile<W> {
    pub sink: W,
    pub rows: u64,
    /// Size of the whole file.
    pub bytes: u64,
    pub statistics: FileStatistics,
    /// Memory of the row groups that went into the file. Drop it when `sink` no longer holds bytes in memory.
    pub memory: Option<Reservation>,
}

impl<W: Write + Send> DataFile<W> {
    /// Begins a file of the plan's table on `sink`.
    ///
    /// # Errors
    /// When the sink refuses the first bytes.
    pub fn begin(sink: W, plan: &EncodingPlan) -> Result<Self, EncodeError> {
        let writer = plan.file_writer(Counted { sink, bytes: 0 })?;
        Ok(Self {
            writer,
            statistics: FileStatistics::new(plan.schema().clone(), plan.telling().clone()),
            memory: None,
        })
    }

    /// Appends a row group of the same table. One without rows leaves no trace.
    ///
    /// # Errors
    /// [`EncodeError::File`] when the sink fails or the chunks are not the table's. The file is lost then.
    pub fn append(&mut self, row_group: EncodedRowGroup) -> Result<(), EncodeError> {
        let EncodedRowGroup { rows, chunks, memory, .. } = row_group;
        match &mut self.memory {
            Some(held) => held.absorb(memory),
            None => self.memory = Some(memory),
        }
        if rows == 0 {
            return Ok(());
        }
        self.statistics.add_rows(rows);
        for (leaf, chunk) in chunks.iter().enumerate() {
            self.statistics.merge(leaf, &chunk.close().metadata);
        }
        let mut writer = self.writer.next_row_group().map_err(EncodeError::File)?;
        for chunk in chunks {
            chunk.append_to(&mut writer).map_err(EncodeError::File)?;
        }
        writer.close().map_err(EncodeError::File)?;
        Ok(())
    }

    /// Appends a row group of another file as it lies there: one whose columns are those of the plan (see
    /// [`EncodingPlan::has_columns`]). `pages` reads that file.
    ///
    /// # Errors
    /// [`EncodeError::File`] when the sink fails or the other file is not what it says. The file is lost then.
    pub fn copy_row_group(
        &mut self,
        pages: &impl ChunkReader,
        metadata: &ParquetMetaData,
        index: usize,
    ) -> Result<(), EncodeError> {
        let row_group = metadata.row_group(index);
        let rows = u64::try_from(row_group.num_rows()).unwrap_or(0);
        self.statistics.add_rows(rows);
        let mut writer = self.writer.next_row_group().map_err(EncodeError::File)?;
        for (leaf, chunk) in row_group.columns().iter().enumerate() {
            self.statistics.merge(leaf, chunk);
            let close = ColumnCloseResult {
                bytes_written: u64::try_from(chunk.compressed_size()).unwrap_or(0),
                rows_written: rows,
                metadata: chunk.clone(),
                bloom_filter: None,
                column_index: metadata.page_index().and_then(|pages| pages.column_index(index, leaf)).cloned(),
                offset_index: metadata.page_index().and_then(|pages| pages.offset_index(index, leaf)).cloned(),
            };
            writer.append_column(pages, close).map_err(EncodeError::File)?;
        }
        writer.close().map_err(EncodeError::File)?;
        Ok(())
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.statistics.rows()
    }

    /// Bytes so far, without the footer.
    pub fn bytes(&self) -> u64 {
        self.writer.bytes_written() as u64
    }

    /// Where the bytes go.
    pub fn sink(&self) -> &W {
        &self.writer.inner().sink
    }

    /// Writes the footer.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn finish(self) -> Result<FinishedFile<W>, EncodeError> {
        let Self { writer, statistics, memory } = self;
        let mut counted = writer.into_inner().map_err(EncodeError::File)?;
        counted.flush().map_err(|error| EncodeError::File(error.into()))?;
        let Counted { sink, bytes } = counted;
        Ok(FinishedFile { sink, rows: statistics.rows(), bytes, statistics, memory })
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.sink.flush()
    }
}

//! A column chunk that is being put together from pages.

use super::limits::DICTIONARY_BYTES_MAX;
use super::memory::ChunkMemory;
use super::page_facts::histogram;
use super::page_header::{PageSize, put_data_page, put_dictionary_page};
use super::{WrittenChunk, levels};
use arrow::buffer::BooleanBuffer;
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, EncodingMask, PageType};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;

/// A header takes less than this.
const HEADER_BYTES_MAX: usize = 64;

/// Takes a chunk's data pages; the dictionary page, which stands before them, comes last.
pub(super) struct ChunkBuilder<'m> {
    column: &'m ColumnDescPtr,
    compression: Compression,
    memory: &'m mut ChunkMemory,
    /// The data pages so far: the chunk itself, when its size is known and nothing has to go in front.
    bytes: Vec<u8>,
    whole: bool,
    /// Size of the data pages without codec.
    raw_bytes: usize,
    pages: Vec<Page>,
}

/// A data page's place in the chunk, and in the offset index.
struct Page {
    encoding: Encoding,
    start: usize,
    bytes: usize,
    rows: usize,
    text_bytes: Option<i64>,
}

/// A data page before it is written.
pub(super) struct NewPage<'a> {
    pub(super) encoding: Encoding,
    pub(super) rows: usize,
    /// `None` when all rows have values.
    pub(super) validity: Option<&'a BooleanBuffer>,
    /// Size of the encoded values.
    pub(super) body_bytes: usize,
    /// Size of the values alone, if they are texts.
    pub(super) text_bytes: Option<i64>,
}

/// The distinct values as a page has them.
pub(super) struct Dictionary<'a> {
    pub(super) values: usize,
    pub(super) page: &'a [u8],
}

impl<'m> ChunkBuilder<'m> {
    /// Begins a chunk. `plain_bytes` is the size of its data pages, when that is known and there will be no dictionary.
    pub(super) fn new(
        column: &'m ColumnDescPtr,
        compression: Compression,
        memory: &'m mut ChunkMemory,
        plain_bytes: Option<usize>,
    ) -> Self {
        let known = plain_bytes.filter(|_| compression == Compression::UNCOMPRESSED);
        let bytes = match known {
            Some(bytes) => Vec::with_capacity(bytes),
            None => std::mem::take(&mut memory.pages),
        };
        let mut made =
            Self { column, compression, memory, bytes, whole: known.is_some(), raw_bytes: 0, pages: Vec::new() };
        made.restart();
        made
    }

    /// Forgets all pages.
    pub(super) fn restart(&mut self) {
        self.bytes.clear();
        self.pages.clear();
        self.raw_bytes = 0;
    }

    /// Size of the data pages without codec.
    pub(super) fn raw_bytes(&self) -> usize {
        self.raw_bytes
    }

    /// What a page takes besides its values.
    pub(super) fn overhead_bytes(rows: usize) -> usize {
        HEADER_BYTES_MAX + rows / 8
    }

    /// Adds a page whose encoded values are `body`.
    pub(super) fn add(&mut self, page: NewPage<'_>, body: &[u8]) -> Result<(), ParquetError> {
        self.add_with(page, |out| out.extend_from_slice(body))
    }

    /// Adds a page whose encoded values `put_body` appends.
    pub(super) fn add_with(
        &mut self,
        page: NewPage<'_>,
        put_body: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), ParquetError> {
        let start = self.bytes.len();
        let ChunkMemory { levels, aligned, raw, packed, codecs, .. } = &mut *self.memory;
        levels.clear();
        if self.column.max_def_level() > 0 {
            levels::encode(page.validity, page.rows, aligned, levels);
        }
        let raw_bytes = levels.len() + page.body_bytes;
        if self.compression == Compression::UNCOMPRESSED {
            put_data_page(page_size(raw_bytes, raw_bytes, page.rows)?, page.encoding, &mut self.bytes);
            self.raw_bytes += self.bytes.len() - start + raw_bytes;
            self.bytes.extend_from_slice(levels);
            put_body(&mut self.bytes);
        } else {
            raw.clear();
            raw.extend_from_slice(levels);
            put_body(raw);
            codecs.compress(self.compression, raw, packed)?;
            put_data_page(page_size(raw_bytes, packed.len(), page.rows)?, page.encoding, &mut self.bytes);
            self.raw_bytes += self.bytes.len() - start + raw_bytes;
            self.bytes.extend_from_slice(packed);
        }
        let NewPage { encoding, rows, text_bytes, .. } = page;
        self.pages.push(Page { encoding, start, bytes: self.bytes.len() - start, rows, text_bytes });
        Ok(())
    }

    /// Ends the chunk.
    pub(super) fn finish(
        mut self,
        dictionary: Option<Dictionary<'_>>,
        statistics: Statistics,
        column_index: Option<ColumnIndexMetaData>,
    ) -> Result<WrittenChunk, ParquetError> {
        let mut head = Vec::new();
        let mut raw_bytes = self.raw_bytes;
        let mut encodings = self.encodings();
        if let Some(dictionary) = dictionary {
            raw_bytes += self.put_dictionary(&dictionary, &mut head)?;
            let (page_type, encoding) = (PageType::DICTIONARY_PAGE, Encoding::PLAIN);
            encodings.insert(0, PageEncodingStats { page_type, encoding, count: 1 });
        }
        let dictionary_bytes = head.len();
        let bytes = if self.whole && head.is_empty() {
            std::mem::take(&mut self.bytes)
        } else {
            head.reserve_exact(self.bytes.len());
            head.extend_from_slice(&self.bytes);
            self.memory.pages = std::mem::take(&mut self.bytes);
            head
        };
        let metadata = self.metadata(bytes.len(), raw_bytes, dictionary_bytes, encodings, statistics)?;
        let rows = self.pages.iter().map(|page| page.rows).sum::<usize>();
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: rows as u64,
            metadata,
            bloom_filter: None,
            column_index,
            offset_index: Some(self.offset_index(dictionary_bytes).build()),
        };
        Ok(WrittenChunk { bytes: Bytes::from(bytes), close })
    }

    /// Writes the dictionary page; gives its size without codec.
    fn put_dictionary(&mut self, dictionary: &Dictionary<'_>, out: &mut Vec<u8>) -> Result<usize, ParquetError> {
        let ChunkMemory { packed, codecs, .. } = &mut *self.memory;
        let stored = if self.compression == Compression::UNCOMPRESSED {
            dictionary.page
        } else {
            codecs.compress(self.compression, dictionary.page, packed)?;
            packed
        };
        debug_assert!(dictionary.page.len() <= DICTIONARY_BYTES_MAX);
        out.reserve_exact(HEADER_BYTES_MAX + stored.len() + self.bytes.len());
        put_dictionary_page(page_size(dictionary.page.len(), stored.len(), dictionary.values)?, out);
        let header_bytes = out.len();
        out.extend_from_slice(stored);
        Ok(header_bytes + dictionary.page.len())
    }

    fn encodings(&self) -> Vec<PageEncodingStats> {
        let mut encodings: Vec<PageEncodingStats> = Vec::new();
        for Page { encoding, .. } in &self.pages {
            match encodings.last_mut().filter(|last| last.encoding == *encoding) {
                Some(last) => last.count += 1,
                None => {
                    encodings.push(PageEncodingStats { page_type: PageType::DATA_PAGE, encoding: *encoding, count: 1 })
                }
            }
        }
        encodings
    }

    fn metadata(
        &self,
        bytes: usize,
        raw_bytes: usize,
        dictionary_bytes: usize,
        encodings: Vec<PageEncodingStats>,
        statistics: Statistics,
    ) -> Result<ColumnChunkMetaData, ParquetError> {
        let used = encodings.iter().map(|stats| &stats.encoding).chain([&Encoding::RLE]);
        let rows = self.pages.iter().map(|page| page.rows as u64).sum::<u64>();
        let nulls = statistics.null_count_opt().unwrap_or_default();
        let texts: Option<i64> = self.pages.iter().map(|page| page.text_bytes).sum();
        let texts = texts.filter(|_| !self.pages.is_empty());
        ColumnChunkMetaData::builder(self.column.clone())
            .set_compression(self.compression)
            .set_encodings_mask(EncodingMask::new_from_encodings(used))
            .set_page_encoding_stats(encodings.clone())
            .set_total_compressed_size(bytes as i64)
            .set_total_uncompressed_size(raw_bytes as i64)
            .set_num_values(rows as i64)
            .set_data_page_offset(dictionary_bytes as i64)
            .set_dictionary_page_offset((dictionary_bytes > 0).then_some(0))
            .set_unencoded_byte_array_data_bytes(texts)
            .set_definition_level_histogram(histogram(rows, nulls, self.column.max_def_level()))
            .set_statistics(statistics)
            .build()
    }

    fn offset_index(&self, dictionary_bytes: usize) -> OffsetIndexBuilder {
        let mut index = OffsetIndexBuilder::new();
        for page in &self.pages {
            index.append_row_count(page.rows as i64);
            index.append_unencoded_byte_array_data_bytes(page.text_bytes);
            index.append_offset_and_size((dictionary_bytes + page.start) as i64, page.bytes as i32);
        }
        index
    }
}

fn page_size(raw: usize, stored: usize, values: usize) -> Result<PageSize, ParquetError> {
    let size = |bytes: usize| {
        i32::try_from(bytes)
            .map_err(|_| ParquetError::General(format!("a page of {bytes} bytes: Parquet has at most 2 GiB")))
    };
    Ok(PageSize { raw: size(raw)?, stored: size(stored)?, values: size(values)? })
}

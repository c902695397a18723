//! How a table's newest data file is encoded, as the file's own footer says: true whoever wrote it.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{ColumnChunkMetaData, FooterTail, ParquetMetaData, ParquetMetaDataReader};
use std::collections::BTreeMap;
use std::ops::Range;

/// No footer that this engine writes comes near it.
const FOOTER_BYTES_MAX: usize = 256 << 20;

/// The newest data file of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum NewestFile {
    /// The table has no rows.
    None,
    Read {
        /// As the table names it.
        path: String,
        encodings: FileEncodings,
    },
    Unreadable {
        path: String,
        reason: String,
    },
}

/// How a file is encoded.
#[derive(Debug, Clone, PartialEq)]
pub struct FileEncodings {
    /// Of the whole file.
    pub bytes: u64,
    pub rows: u64,
    pub row_groups: u64,
    /// Who wrote it, if it says so.
    pub writer: Option<String>,
    /// In the order of the file.
    pub leaves: Vec<LeafEncoding>,
}

/// How a leaf (a flat column, or what stands at an end of a nested one) is encoded, in all row groups.
#[derive(Debug, Clone, PartialEq)]
pub struct LeafEncoding {
    /// Names joined by dots.
    pub path: String,
    /// Of its values; those of levels and of a dictionary's own page are left out.
    pub encodings: Vec<Encoding>,
    pub codecs: Vec<Compression>,
    pub bytes: u64,
}

/// Why a footer cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FooterError {
    #[error("{0}")]
    Read(#[from] delta_kernel::KernelError),
    #[error("it is too short for a Parquet file")]
    Short,
    #[error("it is no Parquet file: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    #[error("its footer of {bytes} bytes is too large to be looked into")]
    TooLarge { bytes: usize },
}

impl FileEncodings {
    /// Reads the footer of a file of `bytes`, and nothing else; `fetch` reads ranges of it.
    ///
    /// # Errors
    /// [`FooterError`].
    pub fn read<E>(bytes: u64, fetch: impl Fn(Range<u64>) -> Result<Bytes, E>) -> Result<Self, FooterError>
    where
        FooterError: From<E>,
    {
        let tail_at = bytes.checked_sub(FOOTER_SIZE as u64).ok_or(FooterError::Short)?;
        let tail: [u8; FOOTER_SIZE] = fetch(tail_at..bytes)?.as_ref().try_into().map_err(|_| FooterError::Short)?;
        let length = FooterTail::try_new(&tail)?.metadata_length();
        if length > FOOTER_BYTES_MAX {
            return Err(FooterError::TooLarge { bytes: length });
        }
        let footer_at = tail_at.checked_sub(length as u64).ok_or(FooterError::Short)?;
        let footer = fetch(footer_at..tail_at)?;
        Ok(Self::of(bytes, &ParquetMetaDataReader::decode_metadata(&footer)?))
    }

    fn of(bytes: u64, footer: &ParquetMetaData) -> Self {
        let file = footer.file_metadata();
        let mut leaves: Vec<LeafEncoding> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for chunk in footer.row_groups().iter().flat_map(|row_group| row_group.columns()) {
            let path = chunk.column_path().string();
            let place = *places.entry(path.clone()).or_insert(leaves.len());
            if place == leaves.len() {
                leaves.push(LeafEncoding { path, encodings: Vec::new(), codecs: Vec::new(), bytes: 0 });
            }
            if let Some(leaf) = leaves.get_mut(place) {
                leaf.add(chunk);
            }
        }
        Self {
            bytes,
            rows: u64::try_from(file.num_rows()).unwrap_or(0),
            row_groups: footer.num_row_groups() as u64,
            writer: file.created_by().map(str::to_owned),
            leaves,
        }
    }
}

impl LeafEncoding {
    fn add(&mut self, chunk: &ColumnChunkMetaData) {
        for encoding in of_values(chunk) {
            if !self.encodings.contains(&encoding) {
                self.encodings.push(encoding);
            }
        }
        if !self.codecs.contains(&chunk.compression()) {
            self.codecs.push(chunk.compression());
        }
        self.bytes += u64::try_from(chunk.compressed_size()).unwrap_or(0);
    }
}

/// Encodings of a chunk's values. Some writers count data pages by encoding; of others it has to be made out of the list of
/// all encodings, where levels are RLE and a dictionary's page is PLAIN.
fn of_values(chunk: &ColumnChunkMetaData) -> Vec<Encoding> {
    if let Some(mask) = chunk.page_encoding_stats_mask() {
        return mask.encodings().collect();
    }
    #[expect(deprecated, reason = "old files have it in their lists")]
    let is_level = |encoding: &Encoding| matches!(encoding, Encoding::RLE | Encoding::BIT_PACKED);
    let is_dictionary = |encoding: &Encoding| matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
    let mut found: Vec<Encoding> = chunk.encodings().filter(|encoding| !is_level(encoding)).collect();
    if found.iter().any(is_dictionary) {
        found.retain(|encoding| *encoding != Encoding::PLAIN);
    }
    found
}

#[cfg(test)]
mod tests;

//! Codecs of pages. A thread keeps their contexts from page to page: making one costs more than a small page.

use parquet::basic::Compression;
use parquet::errors::ParquetError;
use zstd::bulk::Compressor;

/// What has been made so far.
#[derive(Default)]
pub(super) struct Codecs {
    zstd: Option<(i32, Compressor<'static>)>,
}

/// Can pages be compressed this way here?
pub(super) fn is_known(compression: Compression) -> bool {
    matches!(compression, Compression::UNCOMPRESSED | Compression::ZSTD(_) | Compression::LZ4_RAW)
}

impl Codecs {
    /// Compresses `raw` over `packed`.
    pub(super) fn compress(
        &mut self,
        compression: Compression,
        raw: &[u8],
        packed: &mut Vec<u8>,
    ) -> Result<(), ParquetError> {
        packed.clear();
        match compression {
            Compression::ZSTD(level) => {
                packed.reserve(zstd::zstd_safe::compress_bound(raw.len()));
                self.zstd(level.compression_level())?.compress_to_buffer(raw, packed)?;
            }
            Compression::LZ4_RAW => {
                packed.resize(lz4_flex::block::get_maximum_output_size(raw.len()), 0);
                let length = lz4_flex::block::compress_into(raw, packed)
                    .map_err(|error| ParquetError::External(Box::new(error)))?;
                packed.truncate(length);
            }
            Compression::UNCOMPRESSED => packed.extend_from_slice(raw),
            other => return Err(ParquetError::NYI(format!("pages compressed with {other}"))),
        }
        Ok(())
    }

    fn zstd(&mut self, level: i32) -> Result<&mut Compressor<'static>, ParquetError> {
        if self.zstd.as_ref().is_none_or(|(held, _)| *held != level) {
            self.zstd = Some((level, Compressor::new(level)?));
        }
        let made = self.zstd.as_mut().map(|(_, made)| made);
        made.ok_or_else(|| ParquetError::General("no zstd context".to_owned()))
    }
}

impl std::fmt::Debug for Codecs {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Codecs")
    }
}

//! Encodings and codecs for people.

use super::column_writer::ColumnWay;
use parquet::basic::{Compression, Encoding};
use std::fmt;

/// `delta` instead of `DELTA_BINARY_PACKED`.
pub fn encoding_word(encoding: Encoding) -> String {
    match encoding {
        Encoding::PLAIN => "plain".to_owned(),
        Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => "dictionary".to_owned(),
        Encoding::DELTA_BINARY_PACKED => "delta".to_owned(),
        other => other.to_string().to_lowercase().replace('_', "-"),
    }
}

/// `zstd`, or `none`.
pub fn codec_word(codec: Compression) -> &'static str {
    match codec {
        Compression::UNCOMPRESSED => "none",
        Compression::SNAPPY => "snappy",
        Compression::GZIP(_) => "gzip",
        Compression::LZO => "lzo",
        Compression::BROTLI(_) => "brotli",
        Compression::LZ4 | Compression::LZ4_RAW => "lz4",
        Compression::ZSTD(_) => "zstd",
    }
}

impl ColumnWay {
    /// The encoding's word.
    pub fn encoding_word(&self) -> String {
        encoding_word(self.encoding.unwrap_or(Encoding::RLE_DICTIONARY))
    }
}

impl fmt::Display for ColumnWay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoding = self.encoding_word();
        match self.compression {
            Compression::UNCOMPRESSED => out.pad(&encoding),
            codec => out.pad(&format!("{encoding} + {}", codec_word(codec))),
        }
    }
}

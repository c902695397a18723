//! Which way of writing a column its figures speak for. Pure.

use super::column_writer::ColumnWay;
use super::sample::{Figures, RowBytes};
use parquet::basic::{Compression, Encoding};

/// A codec must take off this much of the encoded bytes; below it costs more time than its bytes are worth.
const CODEC_SAVES_MIN: f64 = 0.10;
/// And this much of the plain ones: a tenth of next to nothing is nothing.
const CODEC_SAVES_OF_PLAIN_MIN: f64 = 0.02;
/// The writer gives dictionaries up at 1 MiB; an estimate may be off by a factor of two.
const DICTIONARY_BYTES_MAX: f64 = 512.0 * 1024.0;
/// A dictionary that saves less than this is not worth its hashing.
const DICTIONARY_SAVES_MIN: f64 = 0.10;

/// The way that takes the fewest bytes, where more work must save enough to be worth it.
pub(super) fn choose(figures: &Figures, codec: Compression) -> ColumnWay {
    let codec_for = |bytes: &RowBytes| {
        let saved = bytes.raw - bytes.compressed;
        let pays = saved >= CODEC_SAVES_MIN * bytes.raw && saved >= CODEC_SAVES_OF_PLAIN_MIN * figures.plain.raw;
        if pays { (codec, bytes.compressed) } else { (Compression::UNCOMPRESSED, bytes.raw) }
    };
    let (compression, mut least) = codec_for(&figures.plain);
    let mut way = ColumnWay::encoded(Encoding::PLAIN, compression);
    if let Some(delta) = &figures.delta {
        let (compression, bytes) = codec_for(delta);
        // Deltas are about as cheap to make as plain values, and cheaper than any codec.
        if bytes < least {
            (way, least) = (ColumnWay::encoded(Encoding::DELTA_BINARY_PACKED, compression), bytes);
        }
    }
    if let Some(dictionary) = figures.dictionary.filter(|_| figures.dictionary_bytes <= DICTIONARY_BYTES_MAX) {
        let (compression, bytes) = codec_for(&dictionary);
        if bytes < least * (1.0 - DICTIONARY_SAVES_MIN) {
            way = ColumnWay::dictionary(compression);
        }
    }
    way
}

/// The codec for values that are keys into a dictionary and stay so.
pub(super) fn choose_codec(bytes: RowBytes, codec: Compression) -> ColumnWay {
    let pays = bytes.raw - bytes.compressed >= CODEC_SAVES_MIN * bytes.raw;
    ColumnWay::dictionary(if pays { codec } else { Compression::UNCOMPRESSED })
}

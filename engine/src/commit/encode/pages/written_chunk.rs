//! A finished column chunk.

use bytes::Bytes;
use parquet::column::writer::ColumnCloseResult;

/// A chunk's pages one behind the other, and what is told of them.
#[derive(Debug)]
pub(in crate::commit::encode) struct WrittenChunk {
    pub(in crate::commit::encode) bytes: Bytes,
    /// Offsets begin with the chunk.
    pub(in crate::commit::encode) close: ColumnCloseResult,
}

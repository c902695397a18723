//! Welcome: the stream is open, and this is where it stands.

use crate::schema::Schema;
use rkyv::{Archive, Deserialize, Serialize};

/// The answer to an accepted Hello.
#[derive(Debug, Clone, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Welcome {
    /// Identity of the table (Delta `metaData.id`). A table made anew under the same name has another.
    pub table_id: String,
    /// Version of the table that `schema` is taken from.
    pub table_version: u64,
    /// The table's columns.
    pub schema: Schema,
    /// Names the stream: for an anonymous one the engine's own choice.
    pub stream_id: [u8; 16],
    /// The epoch that this opener holds and must name to resume.
    pub epoch_major: u64,
    /// The epoch that this opener holds and must name to resume.
    pub epoch_minor: u64,
    /// The offset of the next row the engine expects.
    pub resume_offset: u64,
    /// Rows that are durable.
    pub durable: u64,
    /// Rows that are committed.
    pub committed: u64,
    /// Payload bytes that may be sent in all since Welcome, until an Ack says more.
    pub credit: u64,
    /// Largest batch archive accepted here, in bytes.
    pub batch_bytes_max: u32,
    /// Most rows of a batch accepted here.
    pub batch_rows_max: u32,
}

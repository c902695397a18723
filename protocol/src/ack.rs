//! Ack: cumulative watermarks, and how much more may be sent.

use rkyv::{Archive, Deserialize, Serialize};

/// Everything below a watermark is acknowledged. Watermarks and credit never go back within a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Ack {
    /// Rows 0 to `durable` - 1 survive the loss of power at this node. With the log off it equals `committed`.
    pub durable: u64,
    /// Rows 0 to `committed` - 1 are in the table.
    pub committed: u64,
    /// Table version in which the last of the committed rows became visible; zero before the first.
    pub version: u64,
    /// Payload bytes that may be sent in all since Welcome.
    pub credit: u64,
}

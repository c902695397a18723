//! The small frames: ping and pong, going away, close and closed.

use rkyv::{Archive, Deserialize, Serialize};

/// Ping, and the Pong that echoes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Ping {
    /// Comes back unchanged.
    pub nonce: u64,
}

/// The server will stop. The client finishes its acknowledgements and resumes elsewhere, or here later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct GoingAway {
    /// After so many milliseconds connections are cut.
    pub deadline_ms: u64,
}

/// The client will send nothing more; the server commits what it has, acknowledges and answers [`Closed`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Close {
    /// One past the highest offset the client has sent.
    pub sent: u64,
}

/// The last frame of an orderly connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Closed {
    /// Rows that are in the table.
    pub committed: u64,
    /// Table version in which the last of them became visible.
    pub version: u64,
}

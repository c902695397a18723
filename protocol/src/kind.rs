//! The kinds of frames, who sends each, and when each may be sent.

use crate::limits::{BATCH_BYTES_MAX, CONTROL_BYTES_MAX, HELLO_BYTES_MAX, SCHEMA_BYTES_MAX};

/// What a frame is. The number is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Client: opens, resumes or describes.
    Hello = 1,
    /// Client: announces the columns of the batches that follow.
    Schema = 2,
    /// Client: consecutive rows.
    Batch = 3,
    /// Client: nothing more will come; commit, acknowledge, close.
    Close = 4,
    /// Either side: answer with [`Kind::Pong`].
    Ping = 5,
    /// Either side: the answer to a ping.
    Pong = 6,
    /// Server: the stream is open.
    Welcome = 64,
    /// Server: watermarks and credit.
    Ack = 65,
    /// Server: a refusal. Everything sent after what it names is discarded.
    Reject = 66,
    /// Server: it will stop; finish and resume elsewhere.
    GoingAway = 67,
    /// Server: everything that was accepted is committed; the connection ends.
    Closed = 68,
}

/// Every kind there is.
pub const KINDS: [Kind; 11] = [
    Kind::Hello,
    Kind::Schema,
    Kind::Batch,
    Kind::Close,
    Kind::Ping,
    Kind::Pong,
    Kind::Welcome,
    Kind::Ack,
    Kind::Reject,
    Kind::GoingAway,
    Kind::Closed,
];

impl Kind {
    /// The kind with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        KINDS.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// What the receiver of a frame expects of its peer at this moment; limits and permitted kinds follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeerState {
    /// A server that has heard nothing: only a Hello, and a small one.
    Greeting,
    /// A server that has judged the Hello and not yet welcomed the stream.
    Opening,
    /// A server with a welcomed stream.
    Streaming,
    /// A client, which hears what servers send.
    Server,
}

impl PeerState {
    /// Largest archive of `kind` that is acceptable now, in bytes; `None` when the kind is not acceptable at all.
    pub fn payload_bytes_max(self, kind: Kind) -> Option<usize> {
        match (self, kind) {
            (Self::Greeting, Kind::Hello) => Some(HELLO_BYTES_MAX),
            (Self::Opening | Self::Streaming, Kind::Schema) => Some(SCHEMA_BYTES_MAX),
            (Self::Streaming, Kind::Batch) => Some(BATCH_BYTES_MAX),
            (Self::Opening | Self::Streaming, Kind::Ping | Kind::Pong | Kind::Close) => Some(CONTROL_BYTES_MAX),
            (Self::Server, Kind::Welcome) => Some(SCHEMA_BYTES_MAX),
            (Self::Server, Kind::Ack | Kind::Reject | Kind::GoingAway | Kind::Closed | Kind::Ping | Kind::Pong) => {
                Some(CONTROL_BYTES_MAX)
            }
            _ => None,
        }
    }
}

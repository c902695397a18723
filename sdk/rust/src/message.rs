//! What servers say, as owned values: frames are checked and read here and nowhere else.

use lakehead_protocol::ack::{Ack, ArchivedAck};
use lakehead_protocol::archive::{self, MalformedArchive};
use lakehead_protocol::control::{ArchivedClosed, ArchivedGoingAway, ArchivedPing, Closed, GoingAway, Ping};
use lakehead_protocol::frame::{self, Frame, FrameError, Progress};
use lakehead_protocol::kind::{Kind, PeerState};
use lakehead_protocol::reject::{ArchivedReject, Reject};
use lakehead_protocol::schema::SchemaError;
use lakehead_protocol::welcome::{ArchivedWelcome, Welcome};
use lakehead_protocol::{FrameBuffer, limits::FRAME_ALIGNMENT};
use rkyv::rancor::Failure;

/// A frame from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Welcome(Welcome),
    Ack(Ack),
    Reject(Reject),
    GoingAway(GoingAway),
    Closed(Closed),
    Ping(Ping),
    Pong,
}

/// Why a server cannot be understood. Its connection cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MessageError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Archive(#[from] MalformedArchive),
    #[error("the table's schema is not one: {0}")]
    Schema(#[from] SchemaError),
}

/// Bytes received and not yet understood.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: FrameBuffer,
}

impl Inbox {
    /// Takes in what was received.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, if its bytes are here.
    ///
    /// # Errors
    /// Bytes that are no message of a server.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, MessageError> {
        let (message, consumed) = match frame::next(&self.bytes, PeerState::Server)? {
            Progress::Frame { frame, consumed } => (read(&frame)?, consumed),
            Progress::NeedHeader { .. } | Progress::NeedPayload { .. } => return Ok(None),
        };
        // Frames are multiples of the alignment, so what moves to the front is aligned there too.
        debug_assert!(consumed.is_multiple_of(FRAME_ALIGNMENT));
        let rest = self.bytes.len() - consumed;
        self.bytes.copy_within(consumed.., 0);
        self.bytes.resize(rest, 0);
        Ok(Some(message))
    }
}

fn read(frame: &Frame<'_>) -> Result<Message, MessageError> {
    let payload = frame.payload;
    Ok(match frame.header.kind {
        Kind::Welcome => {
            let welcome: Welcome = owned(archive::access::<ArchivedWelcome>(payload)?)?;
            welcome.schema.check()?;
            Message::Welcome(welcome)
        }
        Kind::Ack => Message::Ack(owned(archive::access::<ArchivedAck>(payload)?)?),
        Kind::Reject => Message::Reject(owned(archive::access::<ArchivedReject>(payload)?)?),
        Kind::GoingAway => Message::GoingAway(owned(archive::access::<ArchivedGoingAway>(payload)?)?),
        Kind::Closed => Message::Closed(owned(archive::access::<ArchivedClosed>(payload)?)?),
        Kind::Ping => Message::Ping(owned(archive::access::<ArchivedPing>(payload)?)?),
        Kind::Pong => Message::Pong,
        // The frame layer lets no other kind through from a server.
        Kind::Hello | Kind::Schema | Kind::Batch | Kind::Close => {
            let (kind, state) = (frame.header.kind, PeerState::Server);
            return Err(FrameError::Unexpected { kind, state }.into());
        }
    })
}

fn owned<A, T>(archived: &A) -> Result<T, MalformedArchive>
where
    A: rkyv::Deserialize<T, rkyv::api::high::HighDeserializer<Failure>>,
{
    rkyv::api::high::deserialize::<T, Failure>(archived).map_err(|_| MalformedArchive)
}

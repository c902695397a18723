//! What servers say, as owned values: a client's side of the frames.

use crate::ack::{Ack, ArchivedAck};
use crate::archive::{self, MalformedArchive};
use crate::control::{ArchivedClosed, ArchivedGoingAway, ArchivedPing, Closed, GoingAway, Ping};
use crate::frame::{Frame, FrameError};
use crate::kind::{Kind, PeerState};
use crate::reject::{ArchivedReject, Reject};
use crate::schema::SchemaError;
use crate::welcome::{ArchivedWelcome, Welcome};
use rkyv::rancor::Failure;

/// A frame from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    Welcome(Welcome),
    Ack(Ack),
    Reject(Reject),
    GoingAway(GoingAway),
    Closed(Closed),
    Ping(Ping),
    Pong(Ping),
}

/// Why a server cannot be understood. Its connection cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerMessageError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Archive(#[from] MalformedArchive),
    #[error("the table's schema is not one: {0}")]
    Schema(#[from] SchemaError),
}

/// Reads a frame that [`crate::frame::next`] let through from a server.
///
/// # Errors
/// An archive that is not what its kind says.
pub fn read(frame: &Frame<'_>) -> Result<ServerMessage, ServerMessageError> {
    let payload = frame.payload;
    Ok(match frame.header.kind {
        Kind::Welcome => {
            let welcome: Welcome = owned(archive::access::<ArchivedWelcome>(payload)?)?;
            welcome.schema.check()?;
            ServerMessage::Welcome(welcome)
        }
        Kind::Ack => ServerMessage::Ack(owned(archive::access::<ArchivedAck>(payload)?)?),
        Kind::Reject => ServerMessage::Reject(owned(archive::access::<ArchivedReject>(payload)?)?),
        Kind::GoingAway => ServerMessage::GoingAway(owned(archive::access::<ArchivedGoingAway>(payload)?)?),
        Kind::Closed => ServerMessage::Closed(owned(archive::access::<ArchivedClosed>(payload)?)?),
        Kind::Ping => ServerMessage::Ping(owned(archive::access::<ArchivedPing>(payload)?)?),
        Kind::Pong => ServerMessage::Pong(owned(archive::access::<ArchivedPing>(payload)?)?),
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

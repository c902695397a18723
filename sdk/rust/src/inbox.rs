//! What has been received of what a server says.

use lakehead_protocol::frame::{self, Progress};
use lakehead_protocol::kind::PeerState;
use lakehead_protocol::server_message::{self, ServerMessage, ServerMessageError};
use lakehead_protocol::{FrameBuffer, limits::FRAME_ALIGNMENT};

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
    pub(crate) fn next(&mut self) -> Result<Option<ServerMessage>, ServerMessageError> {
        let (message, consumed) = match frame::next(&self.bytes, PeerState::Server)? {
            Progress::Frame { frame, consumed } => (server_message::read(&frame)?, consumed),
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

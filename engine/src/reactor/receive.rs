//! Bytes into frames, without a buffer per idle peer.
//!
//! A connection reads into the core's one shared buffer and its whole frames are used where they lie. What is left at the
//! end stays with the connection: less than a header as it is, an incomplete frame in a buffer of exactly its size.

use super::gate::FrameMemory;
use crate::budget::{Budget, Reservation};
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::header::Header;
use lakehead_protocol::limits::{HEADER_BYTES, HELLO_BYTES_MAX};

/// Size of a core's shared buffer, and the most that one read brings.
pub const READ_BYTES: usize = 1 << 20;
/// The most that one turn of a connection takes in, as archives: a compressed or dictionary-encoded batch can be much more than
/// what was read, and others wait.
pub const TURN_BYTES: usize = 16 << 20;
/// The most that is read of a peer that has not said Hello: a Hello, and a little of what follows it.
pub const GREETING_BYTES: usize = HEADER_BYTES + HELLO_BYTES_MAX;

/// What a connection keeps between reads.
#[derive(Default)]
pub enum Kept {
    /// Nothing: the last read ended with a frame.
    #[default]
    Nothing,
    /// The beginning of a header.
    Head { bytes: [u8; HEADER_BYTES], length: usize },
    /// A frame whose memory is not reserved yet: its header, and what came of the payload.
    Waiting { bytes: FrameBuffer, frame_bytes: usize },
    /// A frame that is being completed in its own buffer.
    Frame(Box<PartialFrame>),
    /// Frames that were read and not taken in: what stood before them was enough for one turn.
    Unread { bytes: FrameBuffer, _memory: Reservation },
}

/// An incomplete frame.
pub struct PartialFrame {
    buffer: FrameBuffer,
    filled: usize,
    _memory: FrameMemory,
}

impl Kept {
    /// Keeps the beginning of a header.
    pub fn head(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Nothing;
        }
        let mut head = [0; HEADER_BYTES];
        head[..bytes.len()].copy_from_slice(bytes);
        Self::Head { bytes: head, length: bytes.len() }
    }

    /// Keeps the beginning of a frame until there is memory for all of it.
    pub fn waiting(bytes: &[u8], frame_bytes: usize) -> Self {
        let mut kept = FrameBuffer::with_capacity(bytes.len());
        kept.extend_from_slice(bytes);
        Self::Waiting { bytes: kept, frame_bytes }
    }

    /// Keeps what was not taken in; its memory was granted to read it.
    pub fn unread(bytes: &[u8], budget: &Budget) -> Self {
        let mut kept = FrameBuffer::with_capacity(bytes.len());
        kept.extend_from_slice(bytes);
        Self::Unread { bytes: kept, _memory: budget.reserve(bytes.len()) }
    }

    /// Whether a frame has begun.
    pub fn is_begun(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Puts a kept header fragment in front of the shared buffer's free space; returns how long it is.
    pub fn restore_head(&mut self, shared: &mut [u8]) -> usize {
        match std::mem::take(self) {
            Self::Head { bytes, length } => {
                shared[..length].copy_from_slice(&bytes[..length]);
                length
            }
            other => {
                *self = other;
                0
            }
        }
    }
}

impl PartialFrame {
    /// A buffer for a whole frame, with what came of it already; `memory` is its reservation.
    pub fn new(begun: &[u8], frame_bytes: usize, memory: FrameMemory) -> Self {
        let mut buffer = FrameBuffer::with_capacity(frame_bytes);
        buffer.extend_from_slice(begun);
        buffer.resize(frame_bytes, 0);
        Self { buffer, filled: begun.len(), _memory: memory }
    }

    /// Where the rest is read to.
    pub fn missing(&mut self) -> &mut [u8] {
        &mut self.buffer[self.filled..]
    }

    /// Notes that `count` bytes came; returns whether the frame is complete.
    pub fn came(&mut self, count: usize) -> bool {
        self.filled += count;
        self.filled == self.buffer.len()
    }

    /// The frame's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }
}

/// What a reader of a slice of frames is left with.
pub enum Rest {
    /// Less than a header, maybe nothing.
    Head { at: usize },
    /// An acceptable header whose payload is not complete.
    Frame { at: usize, header: Header, frame_bytes: usize },
    /// Whole frames may follow, but not in this turn.
    Unread { at: usize },
    /// The connection is refused or moved: what follows is not looked at.
    Discard,
    /// The stream lives on another core: what follows the Hello goes there too.
    Elsewhere { at: usize, core: usize },
}

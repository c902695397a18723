//! Bytes into frames, without a buffer per idle peer.
//!
//! A connection reads into the core's one shared buffer and its whole frames are used where they lie. What is left at the
//! end stays with the connection: less than a header as it is, an incomplete frame in a buffer of its own. That buffer has
//! room for one header more, so that a producer of large frames has each of them read to where it is used, without a copy:
//! behind a frame's last byte the next one's header is known, and its frame is read into a buffer of its own again.

use super::gate::FrameMemory;
use super::spare_buffers::{LARGE_BYTES_MIN, SpareBuffers};
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

/// An incomplete frame. Behind it the next one's header may have come.
pub struct PartialFrame {
    buffer: FrameBuffer,
    filled: usize,
    frame_bytes: usize,
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

    /// Whether this is the header alone of a small frame, which is better read together with what follows it.
    pub fn is_head_of_small_frame(&self) -> bool {
        matches!(self, Self::Waiting { bytes, frame_bytes }
            if bytes.len() == HEADER_BYTES && *frame_bytes < LARGE_BYTES_MIN)
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

    /// Copies a header, or its beginning, in front of the shared buffer's free space; returns how long it is.
    pub fn copy_head(&self, shared: &mut [u8]) -> usize {
        let head = match self {
            Self::Head { bytes, length } => &bytes[..*length],
            Self::Waiting { bytes, .. } if self.is_head_of_small_frame() => bytes,
            _ => &[],
        };
        shared[..head.len()].copy_from_slice(head);
        head.len()
    }
}

impl PartialFrame {
    /// A frame of `frame_bytes` that begins with `begun`; `memory` is its reservation.
    pub fn new(begun: &[u8], frame_bytes: usize, memory: FrameMemory, spares: &SpareBuffers) -> Self {
        let mut buffer = spares.take(frame_bytes + HEADER_BYTES);
        buffer[..begun.len()].copy_from_slice(begun);
        Self { buffer, filled: begun.len(), frame_bytes, _memory: memory }
    }

    /// Where the rest is read to, and the next frame's header.
    pub fn missing(&mut self) -> &mut [u8] {
        &mut self.buffer[self.filled..self.frame_bytes + HEADER_BYTES]
    }

    /// Notes that `count` bytes came; returns whether the frame is complete.
    pub fn came(&mut self, count: usize) -> bool {
        self.filled += count;
        self.filled >= self.frame_bytes
    }

    /// The frame's bytes, and what came behind it.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// The buffer, when the bytes are not needed any more.
    pub fn into_buffer(self) -> FrameBuffer {
        self.buffer
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

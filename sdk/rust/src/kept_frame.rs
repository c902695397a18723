//! An encoded Batch frame that is kept for sending, and for sending again.
//!
//! Frames are compressed here, once: what is kept is small, and sending again costs nothing. It is done by whoever makes a
//! batch: the thread that appends, or the connection's task for rows that lingered.

use lakehead_protocol::FrameBuffer;
use lakehead_protocol::compression::{Compression, compress_frame};
use lakehead_protocol::header::Header;
use lakehead_protocol::limits::HEADER_BYTES;
use std::ops::Range;
use std::sync::Arc;

/// See the module's head.
#[derive(Debug, Clone)]
pub(crate) struct KeptFrame {
    /// Offsets as this client counts them.
    pub rows: Range<u64>,
    /// Bytes of the archive: what credit and limits count, compressed or not.
    pub archive_bytes: u64,
    /// What is written.
    pub bytes: Arc<FrameBuffer>,
    /// The client's offset of what its header calls row zero.
    base: u64,
}

impl KeptFrame {
    /// A Batch frame of these rows, made smaller where that works.
    pub(crate) fn new(rows: Range<u64>, frame: FrameBuffer, compression: Compression) -> Self {
        let bytes = compress_frame(&frame, compression).unwrap_or(frame);
        let archive_bytes = header(&bytes).map_or(bytes.len() as u64, |header| u64::from(header.archive_bytes()));
        Self { rows, archive_bytes, bytes: Arc::new(bytes), base: 0 }
    }

    /// Has the header count rows from the client's row `base` on.
    pub(crate) fn count_from(&mut self, base: u64) {
        if self.base == base {
            return;
        }
        if let Some(header) = header(&self.bytes) {
            let moved = Header { first_offset: self.rows.start.saturating_sub(base), ..header };
            // Copied only while a lost connection still holds it.
            Arc::make_mut(&mut self.bytes)[..HEADER_BYTES].copy_from_slice(&moved.encode());
            self.base = base;
        }
    }
}

fn header(frame: &FrameBuffer) -> Option<Header> {
    frame.first_chunk::<HEADER_BYTES>().and_then(|header| Header::decode(header).ok())
}

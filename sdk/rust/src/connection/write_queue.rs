//! Frames on their way into the socket.

use crate::dial::Writer;
use crate::error::Error;
use crate::outbox::Delivery;
use crate::session::Outgoing;
use crate::shared::Shared;
use lakehead_protocol::FrameBuffer;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// Frames given to one write call at most.
const WRITE_FRAMES_MAX: usize = 256;
/// Bytes that are taken from the session ahead of being written; a larger frame goes alone.
const WRITE_AHEAD_BYTES: usize = 1 << 20;

/// See the module's head.
#[derive(Debug, Default)]
pub(super) struct WriteQueue {
    frames: VecDeque<Queued>,
    /// Bytes of the first frame that are written.
    written: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Queued {
    bytes: Arc<FrameBuffer>,
    /// What it is if it is a batch.
    batch: Option<(u64, Delivery)>,
}

impl WriteQueue {
    /// Puts a frame other than a batch behind the others.
    pub(super) fn push(&mut self, frame: FrameBuffer) {
        self.queue(Queued { bytes: Arc::new(frame), batch: None });
    }

    fn queue(&mut self, frame: Queued) {
        self.bytes += frame.bytes.len();
        self.frames.push_back(frame);
    }

    /// Takes what the session has to say, as far as it may be said now.
    ///
    /// # Errors
    /// What ends the stream.
    pub(super) fn fill(&mut self, shared: &Shared) -> Result<(), Error> {
        let mut session = shared.session();
        while self.bytes < WRITE_AHEAD_BYTES && self.frames.len() < WRITE_FRAMES_MAX {
            match session.next_outgoing()? {
                Some(Outgoing::Batch(frame, delivery)) => {
                    let rows = frame.rows.end - frame.rows.start;
                    self.queue(Queued { bytes: frame.bytes, batch: Some((rows, delivery)) });
                }
                Some(Outgoing::Control(frame)) => self.push(frame),
                None => break,
            }
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// # Cancel safety
    /// Safe: nothing was written if the future is dropped before it is ready.
    pub(super) async fn write_to(&self, writer: &mut Writer) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); WRITE_FRAMES_MAX];
        let mut used = 0;
        for (slice, frame) in slices.iter_mut().zip(&self.frames) {
            let from = if used == 0 { self.written } else { 0 };
            *slice = IoSlice::new(&frame.bytes[from..]);
            used += 1;
        }
        writer.write_vectored(&slices[..used]).await
    }

    /// So many bytes were written; `sent` hears of each batch that is through, with rows and bytes.
    pub(super) fn advance(&mut self, bytes: usize, mut sent: impl FnMut(u64, usize, Delivery)) {
        self.written += bytes;
        while let Some(frame) = self.frames.pop_front_if(|frame| self.written >= frame.bytes.len()) {
            self.written -= frame.bytes.len();
            self.bytes -= frame.bytes.len();
            if let Some((rows, delivery)) = frame.batch {
                sent(rows, frame.bytes.len(), delivery);
            }
        }
    }
}

//! What waits to be written to one connection.

use crate::shard::action::Outgoing;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::archive::TooLargeToArchive;
use lakehead_protocol::control::Ping;
use lakehead_protocol::frame;
use lakehead_protocol::kind::Kind;

/// Frames for a peer. Bounded whatever the peer does: acks replace each other until they leave, pongs answer pings one for
/// one only while there is room, everything else is sent once in a connection's life.
#[derive(Default)]
pub struct Outbox {
    bytes: FrameBuffer,
    written: usize,
    ack: Option<Ack>,
}

/// A peer that does not read gets no more pongs than fit here.
const PONG_BYTES_MAX: usize = 64 * 1024;

impl Outbox {
    /// Adds a frame.
    ///
    /// # Errors
    /// [`TooLargeToArchive`]: the connection cannot go on, nothing more is written.
    pub fn push(&mut self, outgoing: &Outgoing) -> Result<(), TooLargeToArchive> {
        match outgoing {
            Outgoing::Ack(ack) => {
                self.ack = Some(*ack);
                Ok(())
            }
            Outgoing::Welcome(welcome) => frame::append_control(&mut self.bytes, Kind::Welcome, &**welcome),
            Outgoing::GoingAway(away) => frame::append_control(&mut self.bytes, Kind::GoingAway, away),
            // What is acknowledged must be heard before the last word.
            Outgoing::Reject(reject) => {
                self.flush_ack()?;
                frame::append_reject(&mut self.bytes, reject)
            }
            Outgoing::Closed(closed) => {
                self.flush_ack()?;
                frame::append_control(&mut self.bytes, Kind::Closed, closed)
            }
        }
    }

    /// Answers a ping.
    ///
    /// # Errors
    /// [`TooLargeToArchive`].
    pub fn pong(&mut self, nonce: u64) -> Result<(), TooLargeToArchive> {
        if self.bytes.len() - self.written > PONG_BYTES_MAX {
            return Ok(());
        }
        frame::append_control(&mut self.bytes, Kind::Pong, &Ping { nonce })
    }

    fn flush_ack(&mut self) -> Result<(), TooLargeToArchive> {
        self.ack.take().map_or(Ok(()), |ack| frame::append_ack(&mut self.bytes, &ack))
    }

    /// Bytes to write next; empty when there are none.
    pub fn unwritten(&mut self) -> &[u8] {
        if self.written == self.bytes.len() {
            self.bytes.clear();
            self.written = 0;
            // An ack has a fixed small archive.
            let _ = self.flush_ack();
        }
        &self.bytes[self.written..]
    }

    /// Notes that the peer's socket took `count` bytes.
    pub fn wrote(&mut self, count: usize) {
        self.written += count;
    }
}

//! Acknowledgements, credit, and what is sent next.

use super::ending::Next;
use super::state::{Drain, Link, Session, too_large};
use crate::error::{Error, ErrorKind};
use crate::kept_frame::KeptFrame;
use crate::outbox::Delivery;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::control::Close;
use lakehead_protocol::frame;
use lakehead_protocol::kind::Kind;

/// Something to write.
#[derive(Debug, Clone)]
pub(crate) enum Outgoing {
    Batch(KeptFrame, Delivery),
    Control(FrameBuffer),
}

impl Session {
    /// Watermarks and credit. `Some` when the connection is of no more use.
    ///
    /// # Errors
    /// Watermarks for rows that were never sent.
    pub(crate) fn acked(&mut self, ack: Ack) -> Result<Option<Next>, Error> {
        let Link::Streaming { credit, .. } = &mut self.link else {
            return Err(self.broken("an Ack before Welcome"));
        };
        *credit = ack.credit.max(*credit);
        let (durable, committed) = (self.base.saturating_add(ack.durable), self.base.saturating_add(ack.committed));
        self.advance(durable, committed, ack.version)?;
        Ok(self.leave_if_drained())
    }

    /// The server will stop: nothing more is sent to it. `Some` when it owes nothing more either.
    pub(crate) fn going_away(&mut self) -> Option<Next> {
        if let Link::Streaming { drain: drain @ Drain::No, .. } = &mut self.link {
            *drain = Drain::GoingAway;
        }
        self.leave_if_drained()
    }

    fn leave_if_drained(&mut self) -> Option<Next> {
        let going = matches!(self.link, Link::Streaming { drain: Drain::GoingAway, .. });
        (going && self.nothing_in_doubt()).then(|| self.lost("the server is going away"))
    }

    /// The next thing to write on the present connection, if anything may be written.
    ///
    /// # Errors
    /// What the stream failed with, or a frame that this server does not take.
    pub(crate) fn next_outgoing(&mut self) -> Result<Option<Outgoing>, Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.with_rows_now(self.open_rows()));
        }
        let Link::Streaming { credit, spent, drain: Drain::No } = self.link else { return Ok(None) };
        let Some(frame) = self.outbox.peek() else { return self.say_close(credit, spent) };
        let limits = self.limits;
        if frame.archive_bytes > limits.bytes_max as u64 || frame.rows.end - frame.rows.start > limits.rows_max as u64 {
            let kind = ErrorKind::LimitsLowered {
                rows: frame.rows.clone(),
                bytes: frame.archive_bytes,
                bytes_max: limits.bytes_max as u64,
                rows_max: limits.rows_max as u64,
            };
            return Err(Error::with_rows(kind, self.open_rows()));
        }
        if frame.archive_bytes > credit.saturating_sub(spent) {
            return Ok(None);
        }
        let spent = spent + frame.archive_bytes;
        self.link = Link::Streaming { credit, spent, drain: Drain::No };
        Ok(self.outbox.next(self.base).map(|(frame, delivery)| Outgoing::Batch(frame, delivery)))
    }

    fn say_close(&mut self, credit: u64, spent: u64) -> Result<Option<Outgoing>, Error> {
        if !(self.closing && self.outbox.all_sent()) {
            return Ok(None);
        }
        self.link = Link::Streaming { credit, spent, drain: Drain::CloseSent };
        let mut out = FrameBuffer::new();
        let close = Close { sent: self.outbox.end().saturating_sub(self.base) };
        frame::append_control(&mut out, Kind::Close, &close).map_err(|_| too_large("Close"))?;
        Ok(Some(Outgoing::Control(out)))
    }
}

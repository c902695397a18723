//! Whole frames of one connection, on their way to the shard.

use super::connection::{Connection, FRAME_PATIENCE};
use super::home::home;
use super::receive::{Rest, TURN_BYTES};
use crate::handover::Refusal;
use crate::shard::event::Event;
use crate::shard::logging::Intake;
use lakehead_protocol::archive::{self, MalformedArchive};
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::compression::{Compression, MalformedPayload};
use lakehead_protocol::control::ArchivedPing;
use lakehead_protocol::frame::{self, Frame, Progress};
use lakehead_protocol::hello::{ArchivedHello, Hello};
use lakehead_protocol::kind::{Kind, PeerState};
use lakehead_protocol::limits::FRAME_ALIGNMENT;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::{ArchivedSchema, Schema};
use std::time::Instant;

impl Connection {
    /// Hands whole frames on, as long as they may be taken in.
    pub(super) fn consume_frames(&mut self, bytes: &[u8]) -> Rest {
        debug_assert!((bytes.as_ptr() as usize).is_multiple_of(FRAME_ALIGNMENT));
        let (mut at, mut taken) = (0, 0);
        loop {
            if taken > 0 && at < bytes.len() && self.is_enough(taken) {
                return Rest::Unread { at };
            }
            if self.handle.finishing.get() || self.handle.broken.get() {
                return Rest::Discard;
            }
            match frame::next(&bytes[at..], self.handle.state.get()) {
                Ok(Progress::NeedHeader { .. }) => return Rest::Head { at },
                Ok(Progress::NeedPayload { header, frame_bytes }) => return Rest::Frame { at, header, frame_bytes },
                Ok(Progress::Frame { frame, consumed }) => {
                    let whole = &bytes[at..at + consumed];
                    at += consumed;
                    taken += frame.header.archive_bytes() as usize;
                    match self.take(&frame, whole) {
                        Ok(None) => {}
                        Ok(Some(core)) => return Rest::Elsewhere { at, core },
                        Err(error) => {
                            let refusal = Refusal::new(RejectCode::MalformedFrame, error.to_string());
                            self.refuse(&refusal, frame.header.first_offset);
                            return Rest::Discard;
                        }
                    }
                }
                Err(error) => {
                    self.refuse(&Refusal::new(error.code(), error.to_string()), 0);
                    return Rest::Discard;
                }
            }
        }
    }

    /// Whether so many bytes are enough for a turn, or what they became has to leave first.
    fn is_enough(&self, taken: usize) -> bool {
        let full = || {
            let shard = self.reactor.shard.borrow();
            match shard.intake(self.handle.id) {
                Intake::Built => {
                    let table = shard.table_of(self.handle.id);
                    table.is_some_and(|table| self.reactor.ports.is_full(table))
                }
                Intake::Logged => false,
                Intake::Behind | Intake::Later => true,
            }
        };
        taken >= TURN_BYTES || self.reactor.gate.is_spent() || full()
    }

    /// Hands one frame on. Answers the core it belongs to, when that is another one.
    fn take(&mut self, frame: &Frame<'_>, whole: &[u8]) -> Result<Option<usize>, Malformed> {
        let (reactor, connection) = (&self.reactor, self.handle.id);
        match frame.header.kind {
            Kind::Batch => self.take_batch(frame, whole)?,
            Kind::Hello => return self.greet(frame.payload),
            Kind::Schema => {
                let schema = read_schema(frame.payload)?;
                // What was announced has come: from here on the peer waits for us.
                if self.handle.state.get() == PeerState::Opening {
                    self.handle.deadline.set(None);
                }
                reactor.step(Event::Schema { connection, schema_id: frame.header.schema_id, schema });
            }
            Kind::Close => reactor.step(Event::Close { connection }),
            Kind::Ping => {
                let nonce = archive::access::<ArchivedPing>(frame.payload)?.nonce.to_native();
                if self.handle.outbox.borrow_mut().pong(nonce).is_err() {
                    self.handle.broken.set(true);
                }
            }
            // What a peer of this side may not send was refused with the header.
            Kind::Pong | Kind::Welcome | Kind::Ack | Kind::Reject | Kind::GoingAway | Kind::Closed => {}
        }
        Ok(None)
    }

    fn take_batch(&self, frame: &Frame<'_>, whole: &[u8]) -> Result<(), Malformed> {
        let (reactor, connection, header) = (&self.reactor, self.handle.id, frame.header);
        if header.compression == Compression::None {
            let batch = archive::access::<ArchivedBatch>(frame.payload)?;
            reactor.step(Event::Batch { connection, header, batch, frame: whole });
            return Ok(());
        }
        // A little payload can ask for much memory and time: it is granted first.
        let judged = reactor.shard.borrow().judge_header(connection, &header);
        if let Err(refusal) = judged {
            self.refuse(&refusal, header.first_offset);
            return Ok(());
        }
        reactor.decompressor.with(&header, frame.payload, |archive| {
            let batch = archive::access::<ArchivedBatch>(archive)?;
            reactor.step(Event::Batch { connection, header, batch, frame: whole });
            Ok(())
        })?
    }

    fn greet(&mut self, payload: &[u8]) -> Result<Option<usize>, Malformed> {
        let hello = read_hello(payload)?;
        if let Err(error) = hello.check() {
            self.refuse(&Refusal::new(RejectCode::BadHello, error.to_string()), 0);
            return Ok(None);
        }
        let core = home(&hello, self.reactor.core, self.reactor.cores);
        if core != self.reactor.core {
            return Ok(Some(core));
        }
        self.handle.state.set(PeerState::Opening);
        self.handle.deadline.set(opening_deadline(&hello, self.reactor.now.get()));
        self.reactor.step(Event::Hello { connection: self.handle.id, hello });
        Ok(None)
    }

    /// Refuses the peer for something found on this side of the shard.
    pub(super) fn refuse(&self, refusal: &Refusal, offset: u64) {
        let mut actions = Vec::new();
        self.reactor.shard.borrow_mut().refuse_frame(self.handle.id, refusal, offset, &mut actions);
        self.reactor.carry_out(actions);
        self.handle.deadline.set(Some(self.reactor.now.get() + FRAME_PATIENCE));
    }
}

/// When the patience with a peer ends that has said Hello: opening waits for us, not for the peer, unless a schema is to come.
pub(super) fn opening_deadline(hello: &Hello, now: Instant) -> Option<Instant> {
    (hello.schema_follows == 1).then(|| now + FRAME_PATIENCE)
}

/// Why a frame whose checksums are right cannot be read.
#[derive(Debug, thiserror::Error)]
enum Malformed {
    #[error(transparent)]
    Archive(#[from] MalformedArchive),
    #[error(transparent)]
    Payload(#[from] MalformedPayload),
}

pub(super) fn read_hello(payload: &[u8]) -> Result<Hello, MalformedArchive> {
    let view = archive::access::<ArchivedHello>(payload)?;
    rkyv::api::high::deserialize::<_, rkyv::rancor::Failure>(view).map_err(|_| MalformedArchive)
}

fn read_schema(payload: &[u8]) -> Result<Schema, MalformedArchive> {
    let view = archive::access::<ArchivedSchema>(payload)?;
    rkyv::api::high::deserialize::<_, rkyv::rancor::Failure>(view).map_err(|_| MalformedArchive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reactor::tick::now;

    #[test]
    fn who_has_said_everything_is_waited_upon_by_us() {
        let (began, hello) = (now(), Hello::default());
        assert_eq!(opening_deadline(&hello, began), None);
        let hello = Hello { schema_follows: 1, ..hello };
        assert_eq!(opening_deadline(&hello, began), Some(began + FRAME_PATIENCE));
    }
}

//! What one stream says to servers, over all its connections. No I/O, no clock.
//!
//! The shell ([`crate::driver`], [`crate::connection`]) carries bytes; here is decided what they are: which Hello a
//! connection begins with, which frames are sent under the credit, what a Welcome, Ack, Reject or a lost connection means
//! for the rows that are kept.
//!
//! # Rules
//!
//! - The first connections *open*; from the first Welcome on they *resume* with its epoch, so that this producer can never
//!   fence a later one.
//! - A frame is dropped when all its rows are committed, and never before.
//! - After a Welcome, sending goes on at the frame that holds the resume offset. The server trims what it has.
//! - An anonymous stream has one welcomed connection. Its end is the stream's end.

use crate::columns::SCHEMA_ID;
use crate::committed::Committed;
use crate::error::{Error, ErrorKind, OpenRows};
use crate::outbox::{KeptFrame, Outbox};
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::control::{Close, Closed};
use lakehead_protocol::frame;
use lakehead_protocol::hello::{Hello, KEEP_UNTIL_COMMITTED, MODE_OPEN, MODE_RESUME};
use lakehead_protocol::kind::Kind;
use lakehead_protocol::reject::{Reject, RejectCode, Remedy};
use lakehead_protocol::schema::Schema;
use lakehead_protocol::welcome::Welcome;
use std::sync::Arc;

/// Who the stream is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub table: String,
    /// Empty for an anonymous stream.
    pub name: String,
    pub credential: Vec<u8>,
    pub opener: [u8; 16],
}

/// What follows from the end of a connection.
#[derive(Debug, Clone)]
pub(crate) enum Next {
    /// Connect again, after a pause. The error is the stream's should that never work.
    Reconnect { otherwise: Error },
    /// The stream ended in order.
    Finished(Committed),
    /// The stream has failed.
    Failed(Error),
}

/// Something to write.
#[derive(Debug, Clone)]
pub(crate) enum Outgoing {
    Batch(KeptFrame),
    Control(FrameBuffer),
}

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Session {
    identity: Identity,
    /// What batches hold; the user's, or the table's once that is known.
    schema: Option<Arc<Schema>>,
    attempt: u64,
    welcomed: Option<Welcomed>,
    committed: Committed,
    durable: u64,
    outbox: Outbox,
    link: Link,
    closing: bool,
}

/// What the first Welcome settled.
#[derive(Debug)]
struct Welcomed {
    table_id: String,
    epoch_major: u64,
    epoch_minor: u64,
}

/// The present connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Down,
    /// Hello was said; `announced` when the schema went with it.
    Opening {
        announced: bool,
    },
    Streaming {
        /// Payload bytes that may be sent on this connection in all.
        credit: u64,
        /// Payload bytes that were.
        spent: u64,
        drain: Drain,
    },
}

/// Whether batches are still sent on the present connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drain {
    /// They are.
    No,
    /// The server is going away: it only acknowledges.
    GoingAway,
    /// Close was said.
    CloseSent,
}

impl Session {
    /// A stream that was never connected.
    pub(crate) fn new(identity: Identity, schema: Option<Arc<Schema>>) -> Self {
        Self {
            identity,
            schema,
            attempt: 0,
            welcomed: None,
            committed: Committed::default(),
            durable: 0,
            outbox: Outbox::starting_at(0),
            link: Link::Down,
            closing: false,
        }
    }

    /// A connection was made: what it begins with.
    ///
    /// # Errors
    /// When the stream's identity or schema does not fit a frame.
    pub(crate) fn connected(&mut self) -> Result<FrameBuffer, Error> {
        self.attempt += 1;
        // A resume must not make a table that was dropped anew: its schema goes after Welcome has named the table.
        let announced = self.welcomed.is_none() && self.schema.is_some();
        self.link = Link::Opening { announced };
        let mut hello = Hello {
            table: self.identity.table.clone(),
            stream: self.identity.name.clone(),
            credential: self.identity.credential.clone(),
            client: concat!("lakehead-rust/", env!("CARGO_PKG_VERSION")).to_owned(),
            opener: self.identity.opener,
            attempt: self.attempt,
            durable_seen: self.durable,
            committed_seen: self.committed.offset,
            sent: self.outbox.sent_end(),
            resendable_from: self.outbox.start(),
            mode: MODE_OPEN,
            keep: KEEP_UNTIL_COMMITTED,
            schema_follows: announced.into(),
            ..Hello::default()
        };
        if let Some(welcomed) = &self.welcomed {
            hello.mode = MODE_RESUME;
            hello.table_id = welcomed.table_id.clone();
            hello.epoch_major = welcomed.epoch_major;
            hello.epoch_minor = welcomed.epoch_minor;
        }
        hello.check().map_err(|error| Error::plain(ErrorKind::Configuration(error.to_string())))?;
        let mut out = FrameBuffer::new();
        frame::append_control(&mut out, Kind::Hello, &hello).map_err(|_| too_large("Hello"))?;
        if announced {
            self.append_schema(&mut out)?;
        }
        Ok(out)
    }

    /// The server took the stream. What to write at once: the schema, unless it went with Hello.
    ///
    /// # Errors
    /// When the stream cannot go on from where the server says.
    pub(crate) fn welcomed(&mut self, welcome: &Welcome) -> Result<Option<FrameBuffer>, Error> {
        let Link::Opening { announced } = self.link else {
            return Err(self.broken("a second Welcome on one connection"));
        };
        match &self.welcomed {
            None => {
                self.outbox = Outbox::starting_at(welcome.resume_offset);
                self.schema.get_or_insert_with(|| Arc::new(welcome.schema.clone()));
            }
            Some(before) if before.table_id != welcome.table_id => {
                let message = format!(
                    "the table had id {} when the stream was opened and has {} now: it was dropped and made anew. Open \
                     the stream again if its rows belong into the new table",
                    before.table_id, welcome.table_id
                );
                let reject = Reject::new(RejectCode::TableChanged, self.committed.offset, message);
                return Err(Error::refused(reject, self.open_rows()));
            }
            Some(_) => {
                self.outbox.unsend();
                self.advance(welcome.committed, welcome.table_version)?;
                if !self.outbox.rewind_to(welcome.resume_offset) {
                    let has = self.outbox.start()..self.outbox.end();
                    let kind = ErrorKind::OutOfReach { asked: welcome.resume_offset, has };
                    return Err(Error::with_rows(kind, self.open_rows()));
                }
            }
        }
        if self.welcomed.is_none() {
            // Rows of an earlier life of this stream: the version they came with is not known, this one shows them.
            self.committed = Committed { offset: welcome.committed, version: welcome.table_version };
        }
        self.welcomed = Some(Welcomed {
            table_id: welcome.table_id.clone(),
            epoch_major: welcome.epoch_major,
            epoch_minor: welcome.epoch_minor,
        });
        self.durable = self.durable.max(welcome.durable);
        self.link = Link::Streaming { credit: welcome.credit, spent: 0, drain: Drain::No };
        if announced {
            return Ok(None);
        }
        let mut out = FrameBuffer::new();
        self.append_schema(&mut out)?;
        Ok(Some(out))
    }

    /// Watermarks and credit.
    ///
    /// # Errors
    /// Watermarks for rows that were never sent.
    pub(crate) fn acked(&mut self, ack: Ack) -> Result<(), Error> {
        let Link::Streaming { credit, .. } = &mut self.link else {
            return Err(self.broken("an Ack before Welcome"));
        };
        *credit = ack.credit.max(*credit);
        self.durable = self.durable.max(ack.durable);
        self.advance(ack.committed, ack.version)
    }

    /// The server will stop: nothing more is sent to it.
    pub(crate) fn going_away(&mut self) {
        if let Link::Streaming { drain: drain @ Drain::No, .. } = &mut self.link {
            *drain = Drain::GoingAway;
        }
    }

    /// The server refused something; the connection is over.
    pub(crate) fn rejected(&mut self, reject: Reject) -> Next {
        let remedy = reject.remedy();
        let (rows, resumable) = (self.open_rows(), self.can_reconnect());
        self.link = Link::Down;
        let error = Error::refused(reject, rows);
        match remedy {
            Remedy::Retry | Remedy::Resume if resumable => Next::Reconnect { otherwise: error },
            _ => Next::Failed(error),
        }
    }

    /// The server has ended the connection in order.
    pub(crate) fn closed(&mut self, closed: Closed) -> Next {
        if let Err(error) = self.advance(closed.committed, closed.version) {
            return Next::Failed(error);
        }
        self.lost("the server closed it before all rows were committed")
    }

    /// The connection ended, by whatever cause.
    pub(crate) fn lost(&mut self, cause: &str) -> Next {
        if self.closing && self.all_committed() {
            self.link = Link::Down;
            return Next::Finished(self.committed);
        }
        let (rows, resumable) = (self.open_rows(), self.can_reconnect());
        self.link = Link::Down;
        let error = Error::with_rows(ErrorKind::ConnectionLost { cause: cause.to_owned() }, rows);
        if resumable { Next::Reconnect { otherwise: error } } else { Next::Failed(error) }
    }

    /// The next thing to write on the present connection, if anything may be written.
    ///
    /// # Errors
    /// Never for frames of the protocol's sizes.
    pub(crate) fn next_outgoing(&mut self) -> Result<Option<Outgoing>, Error> {
        let Link::Streaming { credit, spent, drain: drain @ Drain::No } = &mut self.link else { return Ok(None) };
        if let Some(frame) = self.outbox.next(credit.saturating_sub(*spent)) {
            *spent += frame.payload_bytes;
            return Ok(Some(Outgoing::Batch(frame)));
        }
        if !(self.closing && self.outbox.all_sent()) {
            return Ok(None);
        }
        *drain = Drain::CloseSent;
        let mut out = FrameBuffer::new();
        frame::append_control(&mut out, Kind::Close, &Close { sent: self.outbox.end() })
            .map_err(|_| too_large("Close"))?;
        Ok(Some(Outgoing::Control(out)))
    }

    /// Keeps an encoded frame until it is committed.
    pub(crate) fn keep(&mut self, frame: KeptFrame) {
        self.outbox.push(frame);
    }

    /// No more rows will come: close once everything is sent.
    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    /// What is known to be committed.
    pub(crate) fn committed(&self) -> Committed {
        self.committed
    }

    /// Bytes that are kept.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.outbox.bytes()
    }

    /// Whether every appended row is in the table.
    fn all_committed(&self) -> bool {
        self.committed.offset >= self.outbox.end()
    }

    /// Rows that the table is not known to have.
    pub(crate) fn open_rows(&self) -> OpenRows {
        let (from, sent, end) = (self.committed.offset, self.outbox.sent_end(), self.outbox.end());
        match self.welcomed {
            None => OpenRows::None,
            Some(_) if self.identity.name.is_empty() => {
                OpenRows::InDoubt { sent: from..sent.max(from), unsent: end - sent }
            }
            Some(_) => OpenRows::Resumable(from..end.max(from)),
        }
    }

    /// A named stream resumes; an anonymous one can only try again as long as it was never welcomed.
    fn can_reconnect(&self) -> bool {
        self.welcomed.is_none() || !self.identity.name.is_empty()
    }

    fn advance(&mut self, offset: u64, version: u64) -> Result<(), Error> {
        if offset > self.outbox.sent_end().max(self.committed.offset) {
            return Err(self.broken(&format!("row {offset} is said to be committed and was never sent")));
        }
        if offset > self.committed.offset {
            self.committed = Committed { offset, version };
            self.outbox.drop_below(offset);
        }
        Ok(())
    }

    fn append_schema(&self, out: &mut FrameBuffer) -> Result<(), Error> {
        let schema = self.schema.as_deref().ok_or_else(|| self.broken("no schema is known"))?;
        frame::append_schema(out, SCHEMA_ID, schema).map_err(|_| too_large("Schema"))
    }

    fn broken(&self, what: &str) -> Error {
        Error::with_rows(ErrorKind::Protocol(what.to_owned()), self.open_rows())
    }
}

fn too_large(frame: &str) -> Error {
    Error::plain(ErrorKind::Configuration(format!("the {frame} frame would be larger than the protocol allows")))
}

#[cfg(test)]
mod tests;

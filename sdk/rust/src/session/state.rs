//! What is remembered of a stream between frames.

use crate::columns::FrameLimits;
use crate::error::{Error, ErrorKind, OpenRows};
use crate::keep::Keep;
use crate::kept_frame::KeptFrame;
use crate::outbox::Outbox;
use crate::watermarks::{Committed, Watermarks};
use lakehead_protocol::schema::Schema;
use std::sync::Arc;

/// Who the stream is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub table: String,
    /// Empty for an anonymous stream.
    pub name: String,
    pub credential: Vec<u8>,
    pub opener: [u8; 16],
    pub keep: Keep,
}

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) identity: Identity,
    /// What batches hold; the user's, or the table's once that is known.
    pub(super) schema: Option<Arc<Schema>>,
    pub(super) attempt: u64,
    pub(super) welcomed: Option<Welcomed>,
    pub(super) committed: Committed,
    /// Never below what is committed.
    pub(super) durable: u64,
    pub(super) outbox: Outbox,
    pub(super) limits: FrameLimits,
    /// This client's offset of what the server calls row zero: not zero for an anonymous stream that was opened anew.
    pub(super) base: u64,
    pub(super) link: Link,
    pub(super) closing: bool,
    pub(super) failure: Option<Error>,
}

/// What the first Welcome settled.
#[derive(Debug)]
pub(super) struct Welcomed {
    pub table_id: String,
    pub epoch_major: u64,
    pub epoch_minor: u64,
}

/// The present connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Down,
    /// Hello was said; `announced` when the schema went with it.
    Opening {
        announced: bool,
    },
    Streaming {
        /// Archive bytes that may be sent on this connection in all.
        credit: u64,
        /// Archive bytes that were.
        spent: u64,
        drain: Drain,
    },
}

/// Whether batches are still sent on the present connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drain {
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
            limits: FrameLimits::announced(0, 0),
            base: 0,
            link: Link::Down,
            closing: false,
            failure: None,
        }
    }

    /// Keeps an encoded frame for as long as it may have to be sent.
    pub(crate) fn keep(&mut self, frame: KeptFrame) {
        self.outbox.push(frame);
    }

    /// No more rows will come: close once everything is sent.
    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    /// The stream cannot go on, for a reason of its own.
    pub(crate) fn fail(&mut self, error: Error) {
        self.failure.get_or_insert(error);
    }

    /// What is promised so far.
    pub(crate) fn watermarks(&self) -> Watermarks {
        Watermarks { durable: self.durable, committed: self.committed }
    }

    /// What the server at hand takes, or the last one took.
    pub(crate) fn limits(&self) -> FrameLimits {
        self.limits
    }

    /// Whether the server at hand is one that batches are sent to.
    pub(crate) fn takes_batches(&self) -> bool {
        matches!(self.link, Link::Streaming { drain: Drain::No, .. })
    }

    /// Bytes that are kept.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.outbox.bytes()
    }

    /// Bytes that the present connection was not given yet.
    pub(crate) fn unsent_bytes(&self) -> usize {
        self.outbox.unsent_bytes()
    }

    /// Why the stream cannot go on, if that is so.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.failure.clone()
    }

    /// Rows that the table is not known to have.
    pub(crate) fn open_rows(&self) -> OpenRows {
        self.open_rows_to(self.outbox.end())
    }

    /// The same, where rows up to `end` were appended: those that are collected are not in the outbox yet.
    pub(crate) fn open_rows_to(&self, end: u64) -> OpenRows {
        let (from, sent, end) = (self.committed.offset, self.outbox.sent_end(), end.max(self.outbox.end()));
        match self.welcomed {
            None => OpenRows::None,
            Some(_) if self.is_anonymous() => OpenRows::InDoubt { sent: from..sent.max(from), unsent: end - sent },
            Some(_) => OpenRows::Resumable(from..end.max(from)),
        }
    }

    pub(super) fn is_anonymous(&self) -> bool {
        self.identity.name.is_empty()
    }

    /// Whether every appended row is in the table.
    pub(super) fn all_committed(&self) -> bool {
        self.committed.offset >= self.outbox.end()
    }

    /// Whether every row that any server was sent is in the table.
    pub(super) fn nothing_in_doubt(&self) -> bool {
        self.committed.offset >= self.outbox.sent_end()
    }

    /// A named stream resumes; an anonymous one begins anew where nothing is in doubt.
    pub(super) fn can_reconnect(&self) -> bool {
        self.welcomed.is_none() || !self.is_anonymous() || self.nothing_in_doubt()
    }

    /// Takes in watermarks, in this client's offsets.
    pub(super) fn advance(&mut self, durable: u64, committed: u64, version: u64) -> Result<(), Error> {
        let sent = self.outbox.sent_end().max(self.committed.offset).max(self.durable);
        if durable.max(committed) > sent {
            let row = durable.max(committed);
            return Err(self.broken(&format!("row {row} is said to be durable or committed and was never sent")));
        }
        if committed > self.committed.offset {
            self.committed = Committed { offset: committed, version };
        }
        // What is committed survives whatever happens to the server.
        self.durable = self.durable.max(durable).max(self.committed.offset);
        self.release();
        Ok(())
    }

    fn release(&mut self) {
        let released = match self.identity.keep {
            Keep::UntilCommitted => self.committed.offset,
            Keep::UntilDurable => self.durable,
        };
        self.outbox.drop_below(released);
    }

    pub(super) fn broken(&self, what: &str) -> Error {
        Error::with_rows(ErrorKind::Protocol(what.to_owned()), self.open_rows())
    }
}

pub(super) fn too_large(frame: &str) -> Error {
    Error::plain(ErrorKind::Configuration(format!("the {frame} frame would be larger than the protocol allows")))
}

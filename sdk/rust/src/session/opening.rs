//! Hello and Welcome.

use super::state::{Drain, Link, Session, Welcomed, too_large};
use crate::columns::{FrameLimits, SCHEMA_ID};
use crate::error::{Error, ErrorKind};
use crate::options::CLIENT;
use crate::outbox::Outbox;
use crate::watermarks::Committed;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::frame;
use lakehead_protocol::hello::{Hello, MODE_OPEN, MODE_RESUME};
use lakehead_protocol::kind::Kind;
use lakehead_protocol::reject::{Reject, RejectCode};
use lakehead_protocol::welcome::Welcome;
use std::sync::Arc;

impl Session {
    /// A connection was made: what it begins with.
    ///
    /// # Errors
    /// When the stream's identity or schema does not fit a frame.
    pub(crate) fn connected(&mut self) -> Result<FrameBuffer, Error> {
        self.attempt += 1;
        // A resume must not make a table that was dropped anew: its schema goes after Welcome has named the table.
        let announced = self.welcomed.is_none() && self.schema.is_some();
        self.link = Link::Opening { announced };
        if self.is_anonymous() && self.welcomed.is_some() {
            self.base = self.outbox.sent_end();
        }
        let from_base = |offset: u64| offset.saturating_sub(self.base);
        let mut hello = Hello {
            table: self.identity.table.clone(),
            stream: self.identity.name.clone(),
            credential: self.identity.credential.clone(),
            client: CLIENT.to_owned(),
            opener: self.identity.opener,
            attempt: self.attempt,
            durable_seen: from_base(self.durable),
            committed_seen: from_base(self.committed.offset),
            sent: from_base(self.outbox.sent_end()),
            resendable_from: from_base(self.outbox.start()),
            mode: MODE_OPEN,
            keep: self.identity.keep.number(),
            schema_follows: announced.into(),
            ..Hello::default()
        };
        if let Some(welcomed) = &self.welcomed {
            hello.table_id = welcomed.table_id.clone();
            if !self.is_anonymous() {
                hello.mode = MODE_RESUME;
                hello.epoch_major = welcomed.epoch_major;
                hello.epoch_minor = welcomed.epoch_minor;
            }
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
            None => self.begin(welcome),
            Some(before) if before.table_id != welcome.table_id => {
                let message = format!(
                    "the table had id {} when the stream was opened and has {} now: it was dropped and made anew. Open \
                     the stream again if its rows belong into the new table",
                    before.table_id, welcome.table_id
                );
                let reject = Reject::new(RejectCode::TableChanged, self.committed.offset, message);
                return Err(Error::refused(reject, self.open_rows()));
            }
            Some(_) => self.go_on(welcome)?,
        }
        self.welcomed = Some(Welcomed {
            table_id: welcome.table_id.clone(),
            epoch_major: welcome.epoch_major,
            epoch_minor: welcome.epoch_minor,
        });
        self.limits = FrameLimits::announced(welcome.batch_bytes_max, welcome.batch_rows_max);
        self.link = Link::Streaming { credit: welcome.credit, spent: 0, drain: Drain::No };
        if announced {
            return Ok(None);
        }
        let mut out = FrameBuffer::new();
        self.append_schema(&mut out)?;
        Ok(Some(out))
    }

    fn begin(&mut self, welcome: &Welcome) {
        self.outbox = Outbox::starting_at(welcome.resume_offset);
        self.schema.get_or_insert_with(|| Arc::new(welcome.schema.clone()));
        // Rows of an earlier life of this stream: the version they came with is not known, this one shows them.
        self.committed = Committed { offset: welcome.committed, version: welcome.table_version };
        self.durable = welcome.durable.max(welcome.committed);
    }

    fn go_on(&mut self, welcome: &Welcome) -> Result<(), Error> {
        let resume_offset = self.base.saturating_add(welcome.resume_offset);
        if self.is_anonymous() && resume_offset != self.outbox.start() {
            return Err(self.broken("a new anonymous stream does not begin with row 0"));
        }
        self.outbox.unsend();
        let (durable, committed) = (welcome.durable, welcome.committed);
        self.advance(self.base.saturating_add(durable), self.base.saturating_add(committed), welcome.table_version)?;
        if !self.outbox.rewind_to(resume_offset) {
            let has = self.outbox.start()..self.outbox.end();
            return Err(Error::with_rows(ErrorKind::OutOfReach { asked: resume_offset, has }, self.open_rows()));
        }
        Ok(())
    }

    fn append_schema(&self, out: &mut FrameBuffer) -> Result<(), Error> {
        let schema = self.schema.as_deref().ok_or_else(|| self.broken("no schema is known"))?;
        frame::append_schema(out, SCHEMA_ID, schema).map_err(|_| too_large("Schema"))
    }
}

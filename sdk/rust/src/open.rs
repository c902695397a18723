//! Opening a stream.

use crate::columns::{FrameLimits, stream_schema};
use crate::committed::Committed;
use crate::dial::{Dial, TcpDial};
use crate::driver::{Phase, Reports, drive};
use crate::error::{Error, ErrorKind};
use crate::options::Options;
use crate::session::{Identity, Session};
use crate::shared::Shared;
use crate::stream::{Handle, Opening, Stream};
use arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::schema::Schema as WireSchema;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use tokio::sync::watch;

/// A stream about to be opened.
#[derive(Debug, Clone)]
pub struct StreamBuilder {
    options: Arc<Options>,
    table: String,
    name: Option<String>,
    schema: Option<SchemaRef>,
}

impl StreamBuilder {
    pub(crate) fn new(options: Arc<Options>, table: String) -> Self {
        Self { options, table, name: None, schema: None }
    }

    /// Names the stream, so that it can be resumed: after a lost connection by this client, after a restart by whoever
    /// opens the same name. Opening a name takes it from whoever had it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The columns that will be sent. A table that does not exist is made from them, where the server does that.
    /// Without it the table must exist, and its own columns are the stream's.
    pub fn schema(mut self, schema: SchemaRef) -> Self {
        self.schema = Some(schema);
        self
    }

    /// Opens the stream.
    ///
    /// # Errors
    /// What the server refused, or `UNREACHABLE` when no server could be used in time.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up; no row was sent. A named stream's former owner may be fenced already.
    pub async fn open(self) -> Result<Stream, Error> {
        self.open_by(TcpDial).await
    }

    pub(crate) async fn open_by(self, dial: impl Dial) -> Result<Stream, Error> {
        if self.name.as_ref().is_some_and(String::is_empty) {
            return Err(Error::plain(ErrorKind::Configuration("a stream's name has at least one byte".to_owned())));
        }
        let wire = self.schema.as_deref().map(stream_schema).transpose()?;
        // Opener ids are minted here, once for each stream object: all its connections share one.
        #[expect(clippy::disallowed_methods, reason = "the client owns its opener ids")]
        let opener = uuid::Uuid::new_v4().into_bytes();
        let identity = Identity {
            table: self.table,
            name: self.name.unwrap_or_default(),
            credential: self.options.credential.clone(),
            opener,
        };
        let shared = Arc::new(Shared::new(Session::new(identity, wire.clone().map(Arc::new))));
        let (phase_sender, phase) = watch::channel(Phase::Opening);
        let (committed_sender, committed) = watch::channel(Committed::default());
        let reports = Reports { phase: phase_sender, committed: committed_sender };
        let seed = StdRng::from_os_rng().random();
        let driver = drive(dial, shared.clone(), self.options.clone(), seed, reports);
        #[expect(
            clippy::disallowed_methods,
            reason = "the task lives as long as the stream, which aborts it when dropped"
        )]
        let task = tokio::spawn(driver).abort_handle();
        let mut handle = Handle { shared, phase, committed, task };
        let welcome = handle.opened().await?;
        let schema = match &wire {
            Some(wire) => arrow_schema(wire)?,
            None => arrow_schema(&welcome.schema)?,
        };
        let opening = Opening {
            schema: Arc::new(schema),
            table_id: welcome.table_id.clone(),
            resume_offset: welcome.resume_offset,
            limits: FrameLimits::announced(welcome.batch_bytes_max, welcome.batch_rows_max),
            memory_bytes_max: self.options.memory_bytes_max,
        };
        Ok(Stream { handle, opening, next_offset: welcome.resume_offset })
    }
}

fn arrow_schema(wire: &WireSchema) -> Result<ArrowSchema, Error> {
    to_arrow(wire).map_err(|error| Error::plain(ErrorKind::Protocol(error.to_string())))
}

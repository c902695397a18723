//! Opening a stream.

use crate::batching::Batching;
use crate::columns::stream_schema;
use crate::dial::{Dial, TcpDial};
use crate::driver::{Phase, Reports, drive};
use crate::error::{Error, ErrorKind};
use crate::handle::Handle;
use crate::keep::Keep;
use crate::metrics::Reporter;
use crate::options::Options;
use crate::session::{Identity, Session};
use crate::shared::Shared;
use crate::stream::{Opening, Stream};
use crate::watermarks::Watermarks;
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
    keep: Keep,
    batching: Batching,
}

impl StreamBuilder {
    pub(crate) fn new(options: Arc<Options>, table: String) -> Self {
        let (keep, batching) = (Keep::default(), Batching::default());
        Self { options, table, name: None, schema: None, keep, batching }
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

    /// How long rows are kept for sending again (until they are committed unless told otherwise).
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// When rows of [`Stream::append_row`] become a batch.
    pub fn batching(mut self, batching: Batching) -> Self {
        self.batching = batching;
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
        self.batching.check()?;
        let wire = self.schema.as_deref().map(stream_schema).transpose()?;
        // Opener ids are minted here, once for each stream object: all its connections share one.
        #[expect(clippy::disallowed_methods, reason = "the client owns its opener ids")]
        let opener = uuid::Uuid::new_v4().into_bytes();
        let identity = Identity {
            table: self.table,
            name: self.name.unwrap_or_default(),
            credential: self.options.credential.clone(),
            opener,
            keep: self.keep,
        };
        let reporter = Reporter::new(self.options.hooks.clone(), &identity.table, &identity.name);
        let session = Session::new(identity, wire.clone().map(Arc::new));
        let (compression, memory_bytes_max) = (self.options.compression, self.options.memory_bytes_max);
        let shared = Arc::new(Shared::new(session, reporter, compression, memory_bytes_max));
        let (phase_sender, phase) = watch::channel(Phase::Opening);
        let (watermarks_sender, watermarks) = watch::channel(Watermarks::default());
        let reports = Reports { phase: phase_sender, watermarks: watermarks_sender };
        let seed = StdRng::from_os_rng().random();
        let driver = drive(dial, shared.clone(), self.options.clone(), seed, reports);
        #[expect(
            clippy::disallowed_methods,
            reason = "the task lives as long as the stream, which aborts it when dropped"
        )]
        let task = tokio::spawn(driver).abort_handle();
        let mut handle = Handle { shared, phase, watermarks, task };
        let welcome = handle.opened().await?;
        let schema = match &wire {
            Some(wire) => arrow_schema(wire)?,
            None => arrow_schema(&welcome.schema)?,
        };
        let schema = Arc::new(schema);
        let limits = handle.shared.session().limits();
        handle.shared.collected().begin(schema.clone(), self.batching, limits, welcome.resume_offset);
        let (table_id, resume_offset) = (welcome.table_id.clone(), welcome.resume_offset);
        Ok(Stream { handle, opening: Opening { schema, table_id, resume_offset }, bytes_at_once: 0 })
    }
}

fn arrow_schema(wire: &WireSchema) -> Result<ArrowSchema, Error> {
    to_arrow(wire).map_err(|error| Error::plain(ErrorKind::Protocol(error.to_string())))
}

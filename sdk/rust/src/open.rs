//! Opening a stream.

use crate::error::{Error, ErrorKind};
use crate::options::Options;
use crate::stream::Stream;
use arrow::datatypes::SchemaRef;
use std::sync::Arc;

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
        let _ = (&self.options, &self.table, &self.name, &self.schema);
        Err(Error::plain(ErrorKind::Closed))
    }
}

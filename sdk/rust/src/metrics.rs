//! What a client tells its program's metrics.

use crate::error::Error;
use crate::watermarks::Watermarks;
use std::fmt;
use std::sync::Arc;

/// Which stream something is said about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamLabel<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The stream's name; none for an anonymous one.
    pub name: Option<&'a str>,
}

/// Hooks for counters and gauges, given to [`crate::ClientBuilder::metrics`]. Each does nothing unless it is written.
///
/// They are called outside all locks, on the thread that appends or on the stream's task, of several streams at once. They
/// are on the way of the rows: counting is welcome there, waiting is not.
pub trait Metrics: Send + Sync {
    /// A server has welcomed the stream.
    fn connected(&self, stream: StreamLabel<'_>, server: &str) {
        let _ = (stream, server);
    }

    /// A server could not be reached, or refused before it welcomed the stream.
    fn connect_failed(&self, stream: StreamLabel<'_>, server: &str, cause: &Error) {
        let _ = (stream, server, cause);
    }

    /// A connection of a welcomed stream has ended; `cause` is none when the stream was closed in order.
    fn disconnected(&self, stream: StreamLabel<'_>, server: &str, cause: Option<&Error>) {
        let _ = (stream, server, cause);
    }

    /// Rows were encoded, into so many bytes. Rows that were appended one by one count when their batch is sealed.
    fn rows_appended(&self, stream: StreamLabel<'_>, rows: u64, bytes: usize) {
        let _ = (stream, rows, bytes);
    }

    /// A batch was written to the connection for the first time.
    fn frame_sent(&self, stream: StreamLabel<'_>, rows: u64, bytes: usize) {
        let _ = (stream, rows, bytes);
    }

    /// A batch was written again, on a later connection than its first.
    fn frame_resent(&self, stream: StreamLabel<'_>, rows: u64, bytes: usize) {
        let _ = (stream, rows, bytes);
    }

    /// Watermarks have moved.
    fn acked(&self, stream: StreamLabel<'_>, watermarks: Watermarks) {
        let _ = (stream, watermarks);
    }

    /// So many encoded bytes are kept for sending, or sending again.
    fn bytes_kept(&self, stream: StreamLabel<'_>, bytes: usize) {
        let _ = (stream, bytes);
    }
}

/// The hooks of a client, if it has any.
#[derive(Clone, Default)]
pub(crate) struct Hooks(pub Option<Arc<dyn Metrics>>);

impl fmt::Debug for Hooks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_some() { "Hooks(some)" } else { "Hooks(none)" })
    }
}

/// The hooks of a client as one of its streams calls them.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    hooks: Hooks,
    table: String,
    name: String,
}

impl Reporter {
    pub(crate) fn new(hooks: Hooks, table: &str, name: &str) -> Self {
        Self { hooks, table: table.to_owned(), name: name.to_owned() }
    }

    /// Calls `hook`, if there are any.
    pub(crate) fn tell(&self, hook: impl FnOnce(&dyn Metrics, StreamLabel<'_>)) {
        if let Some(metrics) = &self.hooks.0 {
            let name = (!self.name.is_empty()).then_some(self.name.as_str());
            hook(metrics.as_ref(), StreamLabel { table: &self.table, name });
        }
    }
}

//! The client: where the servers are, and how patient to be with them.

use crate::describe::describe;
use crate::dial::{Dial, TcpDial};
use crate::error::{Error, ErrorKind};
use crate::metrics::{Hooks, Metrics};
use crate::open::StreamBuilder;
use crate::options::Options;
use crate::table::Table;
use lakehead_protocol::compression::Compression;
use lakehead_protocol::limits::CREDENTIAL_BYTES_MAX;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use std::time::Duration;

/// Longer than anybody waits, and short enough to be added to any moment.
const TIME_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// Opens streams. Cheap to clone; holds no connection of its own.
#[derive(Debug, Clone)]
pub struct Client {
    options: Arc<Options>,
}

impl Client {
    /// A client yet to be told its servers.
    pub fn builder() -> ClientBuilder {
        ClientBuilder { options: Options::default() }
    }

    /// A stream into `table`, anonymous unless it is given a name.
    pub fn stream(&self, table: impl Into<String>) -> StreamBuilder {
        StreamBuilder::new(self.options.clone(), table.into())
    }

    /// Asks for a table's identity, version and columns. Opens no stream, and fences nobody.
    ///
    /// # Errors
    /// `UNKNOWN_TABLE`, another refusal, or `UNREACHABLE` when no server answered in time.
    ///
    /// # Cancel safety
    /// Safe: nothing is changed anywhere by asking.
    pub async fn describe(&self, table: impl AsRef<str>) -> Result<Table, Error> {
        self.describe_by(&TcpDial, table.as_ref()).await
    }

    pub(crate) async fn describe_by(&self, dial: &impl Dial, table: &str) -> Result<Table, Error> {
        describe(dial, &self.options, table, StdRng::from_os_rng().random()).await
    }
}

/// Builds a [`Client`].
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    options: Options,
}

impl ClientBuilder {
    /// Adds a server, as `host:port`. May be called again: servers are tried in turn.
    pub fn server(mut self, address: impl Into<String>) -> Self {
        self.options.servers.push(address.into());
        self
    }

    /// The token that the servers ask for.
    pub fn credential(mut self, credential: impl Into<Vec<u8>>) -> Self {
        self.options.credential = credential.into();
        self
    }

    /// How many encoded bytes *each stream* keeps until they are committed (256 MiB unless told otherwise). A single
    /// append may go beyond it when nothing else is kept.
    pub fn memory_bytes_max(mut self, bytes: usize) -> Self {
        self.options.memory_bytes_max = bytes;
        self
    }

    /// How long a stream goes on trying to get a working connection before it fails (a minute unless told otherwise).
    pub fn give_up_after(mut self, time: Duration) -> Self {
        self.options.give_up_after = time;
        self
    }

    /// How long one connection may take to be made and welcomed (30 seconds unless told otherwise).
    pub fn open_timeout(mut self, time: Duration) -> Self {
        self.options.open_timeout = time;
        self
    }

    /// A connection silent for `ping_after` is asked for a sign of life (5 seconds unless told otherwise) and given up
    /// when it has been silent for `silence_max` (20 seconds), or four times as long while the server takes nothing in.
    pub fn patience(mut self, ping_after: Duration, silence_max: Duration) -> Self {
        self.options.ping_after = ping_after;
        self.options.silence_max = silence_max;
        self
    }

    /// The first and the longest pause between attempts to connect (50 ms and 5 s unless told otherwise). Pauses double
    /// in between and are spread by chance, so that many producers do not come back at the same moment.
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.options.pause_min = first;
        self.options.pause_max = longest;
        self
    }

    /// How batches are made smaller before they are kept and sent (not at all unless told otherwise). Worth its time on links
    /// slower than about 1 Gbit/s for [`Compression::Lz4`], 100 Mbit/s for [`Compression::Zstd`]. It is done once, when a
    /// batch becomes frames: on the thread that appends, or on the connection's task for rows that lingered.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.options.compression = compression;
        self
    }

    /// Hooks that hear of connections, rows, acknowledgements and memory of every stream.
    pub fn metrics(mut self, metrics: Arc<dyn Metrics>) -> Self {
        self.options.hooks = Hooks(Some(metrics));
        self
    }

    /// The client. Nothing is connected yet.
    ///
    /// # Errors
    /// `CONFIGURATION` when there is no server or a value is out of range.
    pub fn build(self) -> Result<Client, Error> {
        let wrong = |what: &str| Err(Error::plain(ErrorKind::Configuration(what.to_owned())));
        if self.options.servers.is_empty() {
            return wrong("no server is given; name at least one as host:port");
        }
        if let Some(address) = self.options.servers.iter().find(|address| !address.contains(':')) {
            return wrong(&format!("server {address:?} has no port; give it as host:port"));
        }
        if self.options.credential.len() > CREDENTIAL_BYTES_MAX {
            return wrong(&format!("the credential is longer than {CREDENTIAL_BYTES_MAX} bytes"));
        }
        if self.options.silence_max <= self.options.ping_after {
            return wrong("the longest silence must be longer than the time before a ping");
        }
        let options = &self.options;
        let times = [options.give_up_after, options.open_timeout, options.silence_max, options.pause_max];
        if times.into_iter().any(|time| time > TIME_MAX) {
            return wrong("a time is longer than a year; that is as good as for ever");
        }
        Ok(Client { options: Arc::new(self.options) })
    }
}

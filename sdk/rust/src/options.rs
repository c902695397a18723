//! What a client was built with.

use crate::metrics::Hooks;
use lakehead_protocol::compression::Compression;
use std::time::Duration;

/// How this client calls itself in Hello.
pub(crate) const CLIENT: &str = concat!("lakehead-rust/", env!("CARGO_PKG_VERSION"));

/// Settings of a client, shared by its streams.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// `host:port` of each server, tried in turn.
    pub servers: Vec<String>,
    /// Token or empty.
    pub credential: Vec<u8>,
    /// Encoded bytes that one stream keeps until they are committed.
    pub memory_bytes_max: usize,
    /// How long a stream tries to get a working connection before it fails.
    pub give_up_after: Duration,
    /// How long one connection may take to be made and welcomed.
    pub open_timeout: Duration,
    /// A connection that has been silent for so long is asked for a sign of life.
    pub ping_after: Duration,
    /// A connection that has been silent for so long is given up.
    pub silence_max: Duration,
    /// Pause before the first new attempt; it doubles from there.
    pub pause_min: Duration,
    /// Longest pause between attempts.
    pub pause_max: Duration,
    /// How batches are made smaller.
    pub compression: Compression,
    pub hooks: Hooks,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            credential: Vec::new(),
            memory_bytes_max: 256 << 20,
            give_up_after: Duration::from_secs(60),
            open_timeout: Duration::from_secs(30),
            ping_after: Duration::from_secs(5),
            silence_max: Duration::from_secs(20),
            pause_min: Duration::from_millis(50),
            pause_max: Duration::from_secs(5),
            compression: Compression::None,
            hooks: Hooks::default(),
        }
    }
}

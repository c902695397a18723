//! Which server is tried next, after which pause, and when patience ends.

use crate::backoff::Backoff;
use crate::error::ErrorKind;
use crate::options::Options;
use std::sync::Arc;
use tokio::time::{Duration, Instant};

/// The attempts of one stream, or of one question.
#[derive(Debug)]
pub(crate) struct Attempts {
    options: Arc<Options>,
    backoff: Backoff,
    trouble_since: Instant,
    /// Index of the server to try next, modulo their number.
    server: usize,
}

impl Attempts {
    /// Begins now, with the first server.
    pub(crate) fn new(options: Arc<Options>, seed: u64) -> Self {
        let backoff = Backoff::new(seed, options.pause_min, options.pause_max);
        Self { options, backoff, trouble_since: Instant::now(), server: 0 }
    }

    /// The server to try.
    pub(crate) fn address(&self) -> String {
        self.options.servers[self.server % self.options.servers.len()].clone()
    }

    /// The next one is to be tried from now on.
    pub(crate) fn pass_over(&mut self) {
        self.server += 1;
    }

    /// The pause before the next attempt; `None` when patience is at its end.
    pub(crate) fn pause(&mut self) -> Option<Duration> {
        let pause = self.backoff.pause();
        (self.trouble_since.elapsed() + pause < self.options.give_up_after).then_some(pause)
    }

    /// A connection was of use until now: patience and pauses begin anew.
    pub(crate) fn was_of_use(&mut self) {
        self.trouble_since = Instant::now();
        self.backoff.reset();
    }

    /// What ends it when no server could be used; `last` is what happened last.
    pub(crate) fn unreachable(&self, last: String) -> ErrorKind {
        let tried_for_ms = u64::try_from(self.trouble_since.elapsed().as_millis()).unwrap_or(u64::MAX);
        ErrorKind::Unreachable { servers: self.options.servers.join(", "), tried_for_ms, last }
    }
}

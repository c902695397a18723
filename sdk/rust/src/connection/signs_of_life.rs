//! When the server was heard, and how long it may be silent.

use crate::options::Options;
use tokio::time::{Duration, Instant};

/// How much longer silence is borne while the server takes nothing in: it may be out of memory and alive.
const BLOCKED_PATIENCE: u32 = 4;

/// See the module's head.
#[derive(Debug)]
pub(super) struct SignsOfLife {
    heard: Instant,
    /// When the server last took something in, which a dead one does no more.
    wrote: Instant,
    phase: Phase,
    nonce: u64,
    open_timeout: Duration,
    ping_after: Duration,
    silence_max: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not welcomed: opening a stream may take the server a commit, and has a limit of its own.
    Opening {
        began: Instant,
    },
    Listening,
    Asked,
}

/// What silence calls for.
pub(super) enum Expired {
    AskForSign { nonce: u64 },
    Dead { silent_for: Duration },
}

impl SignsOfLife {
    pub(super) fn new(now: Instant, options: &Options) -> Self {
        Self {
            heard: now,
            wrote: now,
            phase: Phase::Opening { began: now },
            nonce: 0,
            open_timeout: options.open_timeout,
            ping_after: options.ping_after,
            silence_max: options.silence_max,
        }
    }

    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
        if self.phase == Phase::Asked {
            self.phase = Phase::Listening;
        }
    }

    /// The server took something in: from here on it has time to answer.
    pub(super) fn wrote(&mut self, now: Instant) {
        self.wrote = now;
    }

    pub(super) fn welcomed(&mut self) {
        self.phase = Phase::Listening;
    }

    fn silence_max(&self, blocked: bool) -> Duration {
        if blocked { self.silence_max * BLOCKED_PATIENCE } else { self.silence_max }
    }

    pub(super) fn deadline(&self, blocked: bool) -> Instant {
        match self.phase {
            Phase::Opening { began } => began + self.open_timeout,
            Phase::Listening => self.heard + self.ping_after,
            Phase::Asked => self.heard.max(self.wrote) + self.silence_max(blocked),
        }
    }

    pub(super) fn expired(&mut self, blocked: bool) -> Expired {
        match self.phase {
            Phase::Opening { .. } => Expired::Dead { silent_for: self.open_timeout },
            Phase::Listening => {
                self.phase = Phase::Asked;
                self.nonce += 1;
                Expired::AskForSign { nonce: self.nonce }
            }
            Phase::Asked => Expired::Dead { silent_for: self.silence_max(blocked) },
        }
    }
}

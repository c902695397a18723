//! The background task of one stream: connects, and connects again for as long as that can help.
//!
//! A connection proved itself when it got rows committed or lasted; after one that did, patience and pauses begin anew.
//! Otherwise the time since the trouble began counts, so that a server that welcomes and refuses in turns does not keep
//! its producers for ever.

use crate::backoff::Backoff;
use crate::committed::Committed;
use crate::connection::{self, Observer};
use crate::dial::Dial;
use crate::error::{Error, ErrorKind};
use crate::options::Options;
use crate::session::Next;
use crate::shared::Shared;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::welcome::Welcome;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// How far a stream has come.
#[derive(Debug, Clone)]
pub(crate) enum Phase {
    Opening,
    /// It is open; this was the first Welcome.
    Open(Arc<Welcome>),
    /// It is over.
    Ended(Result<Committed, Error>),
}

/// Where the driver says how the stream fares.
#[derive(Debug)]
pub(crate) struct Reports {
    pub phase: watch::Sender<Phase>,
    pub committed: watch::Sender<Committed>,
}

/// Runs the stream to its end.
pub(crate) async fn drive(dial: impl Dial, shared: Arc<Shared>, options: Arc<Options>, seed: u64, reports: Reports) {
    let mut driver = Driver {
        backoff: Backoff::new(seed, options.pause_min, options.pause_max),
        trouble_since: Instant::now(),
        server: 0,
        shared,
        options,
        reports,
    };
    let end = driver.run(dial).await;
    driver.reports.phase.send_replace(Phase::Ended(end));
}

struct Driver {
    shared: Arc<Shared>,
    options: Arc<Options>,
    reports: Reports,
    backoff: Backoff,
    trouble_since: Instant,
    /// Index of the server to try next, modulo their number.
    server: usize,
}

impl Driver {
    async fn run(&mut self, dial: impl Dial) -> Result<Committed, Error> {
        loop {
            let otherwise = match self.connect_and_run(&dial).await {
                Next::Finished(committed) => return Ok(committed),
                Next::Failed(error) => return Err(error),
                Next::Reconnect { otherwise } => otherwise,
            };
            let pause = self.backoff.pause();
            if self.trouble_since.elapsed() + pause >= self.options.give_up_after {
                // Rows may have been appended since.
                return Err(otherwise.with_rows_now(self.shared.session().open_rows()));
            }
            tracing::debug!(%otherwise, ?pause, "connecting again after a pause");
            sleep(pause).await;
        }
    }

    async fn connect_and_run(&mut self, dial: &impl Dial) -> Next {
        let address = self.options.servers[self.server % self.options.servers.len()].clone();
        let made = timeout(self.options.open_timeout, dial.dial(&address)).await;
        let cause = match made {
            Ok(Ok((reader, writer))) => {
                let (shared, options) = (self.shared.clone(), self.options.clone());
                let mut watch =
                    Watch { reports: &self.reports, shared: &shared, committed_before: None, going_away: false };
                let began = Instant::now();
                let next = connection::run(reader, writer, &shared, &options, &mut watch).await;
                let (committed_before, going_away) = (watch.committed_before, watch.going_away);
                self.judge(began, committed_before);
                if going_away || committed_before.is_none() || refers_elsewhere(&next) {
                    self.server += 1;
                }
                return self.name_trouble(next);
            }
            Ok(Err(error)) => format!("{address}: {error}"),
            Err(_) => format!("{address}: no connection within {} ms", self.options.open_timeout.as_millis()),
        };
        self.server += 1;
        let next = self.shared.session().lost(&cause);
        self.name_trouble(next)
    }

    /// Begins patience and pauses anew after a connection that was of use.
    fn judge(&mut self, began: Instant, committed_before: Option<u64>) {
        let Some(before) = committed_before else { return };
        let now = Instant::now();
        if now - began >= self.options.pause_max || self.shared.session().committed().offset > before {
            self.trouble_since = now;
            self.backoff.reset();
        }
    }

    /// A stream that can go on fails, if it does, because no server could be used: the lost connection is the detail.
    fn name_trouble(&self, next: Next) -> Next {
        match &next {
            Next::Reconnect { otherwise } => match otherwise.kind() {
                ErrorKind::ConnectionLost { cause } => Next::Reconnect { otherwise: self.unreachable(cause.clone()) },
                _ => next,
            },
            _ => next,
        }
    }

    fn unreachable(&self, last: String) -> Error {
        let tried_for_ms = u64::try_from(self.trouble_since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let kind = ErrorKind::Unreachable { servers: self.options.servers.join(", "), tried_for_ms, last };
        Error::with_rows(kind, self.shared.session().open_rows())
    }
}

/// Whether another server is the one to try: this one stops or cannot serve.
fn refers_elsewhere(next: &Next) -> bool {
    let Next::Reconnect { otherwise } = next else { return false };
    let code = otherwise.reject_code();
    matches!(code, Some(RejectCode::ShuttingDown | RejectCode::TableUnavailable | RejectCode::Internal))
}

/// Passes a connection's news on, and notes what its end is judged by.
struct Watch<'a> {
    reports: &'a Reports,
    shared: &'a Shared,
    /// What was committed when it was welcomed.
    committed_before: Option<u64>,
    going_away: bool,
}

impl Observer for Watch<'_> {
    fn welcomed(&mut self, welcome: &Welcome) {
        self.committed_before = Some(welcome.committed);
        self.reports.phase.send_if_modified(|phase| {
            let first = matches!(phase, Phase::Opening);
            if first {
                *phase = Phase::Open(Arc::new(welcome.clone()));
            }
            first
        });
    }

    fn advanced(&mut self) {
        let committed = self.shared.session().committed();
        self.reports.committed.send_if_modified(|known| {
            let advanced = *known != committed;
            *known = committed;
            advanced
        });
    }

    fn going_away(&mut self) {
        self.going_away = true;
    }
}

//! The background task of one stream: connects, and connects again for as long as that can help.
//!
//! A connection proved itself when it got rows committed or lasted; after one that did, patience and pauses begin anew.
//! Otherwise the time since the trouble began counts, so that a server that welcomes and refuses in turns does not keep
//! its producers for ever.

use crate::attempts::Attempts;
use crate::connection::{self, Observer};
use crate::dial::Dial;
use crate::error::{Error, ErrorKind};
use crate::options::Options;
use crate::outbox::Delivery;
use crate::session::Next;
use crate::shared::Shared;
use crate::watermarks::{Committed, Watermarks};
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
    pub watermarks: watch::Sender<Watermarks>,
}

/// Runs the stream to its end.
pub(crate) async fn drive(dial: impl Dial, shared: Arc<Shared>, options: Arc<Options>, seed: u64, reports: Reports) {
    let attempts = Attempts::new(options.clone(), seed);
    let mut driver = Driver { attempts, shared, options, reports };
    let end = driver.run(dial).await;
    // No row is taken in that the end would not count.
    driver.shared.collected().finish();
    let end = end.map_err(|error| error.with_rows_now(driver.shared.open_rows()));
    driver.reports.phase.send_replace(Phase::Ended(end));
}

struct Driver {
    shared: Arc<Shared>,
    options: Arc<Options>,
    reports: Reports,
    attempts: Attempts,
}

impl Driver {
    async fn run(&mut self, dial: impl Dial) -> Result<Committed, Error> {
        loop {
            let otherwise = match self.connect_and_run(&dial).await {
                Next::Finished(committed) => return Ok(committed),
                Next::Failed(error) => return Err(error),
                Next::Reconnect { otherwise } => otherwise,
            };
            let Some(pause) = self.attempts.pause() else {
                return Err(otherwise);
            };
            tracing::debug!(%otherwise, ?pause, "connecting again after a pause");
            sleep(pause).await;
        }
    }

    async fn connect_and_run(&mut self, dial: &impl Dial) -> Next {
        let address = self.attempts.address();
        let made = timeout(self.options.open_timeout, dial.dial(&address)).await;
        let cause = match made {
            Ok(Ok((reader, writer))) => {
                let (shared, options) = (self.shared.clone(), self.options.clone());
                let mut watch = Watch {
                    reports: &self.reports,
                    shared: &shared,
                    address: &address,
                    committed_before: None,
                    welcomed_at: None,
                    going_away: false,
                };
                let next = connection::run(reader, writer, &shared, &options, &mut watch).await;
                let (committed_before, going_away) = (watch.committed_before, watch.going_away);
                self.judge(watch.welcomed_at, committed_before);
                if going_away || committed_before.is_none() || refers_elsewhere(&next) {
                    self.attempts.pass_over();
                }
                shared.reporter.tell(|metrics, stream| match (committed_before, next.cause()) {
                    (None, Some(cause)) => metrics.connect_failed(stream, &address, cause),
                    (_, cause) => metrics.disconnected(stream, &address, cause),
                });
                return self.name_trouble(next);
            }
            Ok(Err(error)) => format!("{address}: {error}"),
            Err(_) => format!("{address}: no connection within {} ms", self.options.open_timeout.as_millis()),
        };
        self.attempts.pass_over();
        let next = self.shared.session().lost(&cause);
        if let Some(cause) = next.cause() {
            self.shared.reporter.tell(|metrics, stream| metrics.connect_failed(stream, &address, cause));
        }
        self.name_trouble(next)
    }

    /// Begins patience and pauses anew after a connection that was of use.
    fn judge(&mut self, welcomed_at: Option<Instant>, committed_before: Option<u64>) {
        let (Some(before), Some(welcomed_at)) = (committed_before, welcomed_at) else { return };
        let advanced = self.shared.session().watermarks().committed.offset > before;
        if welcomed_at.elapsed() >= self.options.pause_max || advanced {
            self.attempts.was_of_use();
        }
    }

    /// A stream that can go on fails, if it does, because no server could be used: the lost connection is the detail.
    fn name_trouble(&self, next: Next) -> Next {
        match &next {
            Next::Reconnect { otherwise } => match otherwise.kind() {
                ErrorKind::ConnectionLost { cause } => {
                    let kind = self.attempts.unreachable(cause.clone());
                    Next::Reconnect { otherwise: Error::with_rows(kind, self.shared.session().open_rows()) }
                }
                _ => next,
            },
            _ => next,
        }
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
    address: &'a str,
    /// What was committed when it was welcomed.
    committed_before: Option<u64>,
    welcomed_at: Option<Instant>,
    going_away: bool,
}

impl Observer for Watch<'_> {
    fn welcomed(&mut self, welcome: &Welcome) {
        self.welcomed_at = Some(Instant::now());
        self.committed_before = Some(self.shared.session().watermarks().committed.offset);
        self.reports.phase.send_if_modified(|phase| {
            let first = matches!(phase, Phase::Opening);
            if first {
                *phase = Phase::Open(Arc::new(welcome.clone()));
            }
            first
        });
        self.shared.reporter.tell(|metrics, stream| metrics.connected(stream, self.address));
    }

    fn advanced(&mut self) {
        let session = self.shared.session();
        let (watermarks, kept) = (session.watermarks(), session.kept_bytes());
        drop(session);
        let advanced = self.reports.watermarks.send_if_modified(|known| {
            let advanced = *known != watermarks;
            *known = watermarks;
            advanced
        });
        if advanced {
            self.shared.reporter.tell(|metrics, stream| {
                metrics.acked(stream, watermarks);
                metrics.bytes_kept(stream, kept);
            });
        }
    }

    fn going_away(&mut self) {
        self.going_away = true;
    }

    fn sent(&mut self, rows: u64, bytes: usize, delivery: Delivery) {
        self.shared.reporter.tell(|metrics, stream| match delivery {
            Delivery::First => metrics.frame_sent(stream, rows, bytes),
            Delivery::Again => metrics.frame_resent(stream, rows, bytes),
        });
    }
}

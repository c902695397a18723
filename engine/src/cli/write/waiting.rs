//! What a run waits for, said every so often: an engine that has trouble with its store takes nothing, for as long as that lasts.

use crate::cli::output::tell;
use lakehead_client::{Error, Metrics, StreamLabel, Watermarks};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long nothing may come before that is said, and how often it is said again.
const TELL_EVERY: Duration = Duration::from_secs(15);

/// The stream's connection and its rows, as the client tells of them.
#[derive(Debug)]
pub struct Waiting {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    link: Link,
    since: Instant,
    committed: u64,
    /// When rows were committed last, or the stream was opened.
    moved: Instant,
}

#[derive(Debug)]
enum Link {
    /// No server has answered yet.
    None,
    Connected {
        server: String,
    },
    Lost {
        server: String,
        cause: String,
    },
}

impl Waiting {
    /// Nothing has happened yet; it begins `now`.
    pub fn since(now: Instant) -> Self {
        Self { state: Mutex::new(State { link: Link::None, since: now, committed: 0, moved: now }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link_is(&self, link: Link) {
        let mut state = self.state();
        (state.link, state.since) = (link, Instant::now());
    }

    /// Waits for `future`, and says every so often that it is waited for `what`, unless rows are committed meanwhile.
    pub async fn during<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        let (mut future, began) = (pin!(future), Instant::now());
        loop {
            tokio::select! {
                biased;
                done = &mut future => return done,
                () = sleep(TELL_EVERY) => {
                    let (state, now) = (self.state(), Instant::now());
                    let waited = now - state.moved.max(began);
                    if waited >= TELL_EVERY {
                        tell(told(&state, what, waited, now));
                    }
                }
            }
        }
    }
}

fn told(state: &State, what: &str, waited: Duration, now: Instant) -> String {
    let (waited, since) = (waited.as_secs(), (now - state.since).as_secs());
    let link = match &state.link {
        Link::None => format!("no server has answered for {since} s"),
        Link::Connected { server } => format!("connected to {server} for {since} s"),
        Link::Lost { server, cause } => format!("not connected for {since} s: {server}: {cause}"),
    };
    format!(
        "lakehead write: has waited {waited} s for {what}; {} rows of the stream are known to be in the table; {link}",
        state.committed
    )
}

impl Metrics for Waiting {
    fn connected(&self, _stream: StreamLabel<'_>, server: &str) {
        self.link_is(Link::Connected { server: server.to_owned() });
    }

    fn connect_failed(&self, _stream: StreamLabel<'_>, server: &str, cause: &Error) {
        let mut state = self.state();
        if !matches!(state.link, Link::Lost { .. }) {
            state.since = Instant::now();
        }
        state.link = Link::Lost { server: server.to_owned(), cause: cause.to_string() };
    }

    fn disconnected(&self, _stream: StreamLabel<'_>, server: &str, cause: Option<&Error>) {
        let cause = cause.map_or_else(|| "closed in order".to_owned(), ToString::to_string);
        self.link_is(Link::Lost { server: server.to_owned(), cause });
    }

    fn acked(&self, _stream: StreamLabel<'_>, watermarks: Watermarks) {
        let mut state = self.state();
        if watermarks.committed.offset > state.committed {
            (state.committed, state.moved) = (watermarks.committed.offset, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lakehead_client::Committed;

    #[test]
    fn what_is_said_names_the_rows_and_the_connection() {
        let waiting = Waiting::since(Instant::now());
        let stream = StreamLabel { table: "t", name: Some("s") };
        let said = || {
            let state = waiting.state();
            told(&state, "the last commit", Duration::from_secs(30), state.since + Duration::from_secs(7))
        };
        assert!(said().ends_with("0 rows of the stream are known to be in the table; no server has answered for 7 s"));
        waiting.connected(stream, "host:7531");
        waiting.acked(stream, Watermarks { durable: 900, committed: Committed { offset: 800, version: 3 } });
        assert_eq!(
            said(),
            "lakehead write: has waited 30 s for the last commit; 800 rows of the stream are known to be in the table; connected to \
             host:7531 for 7 s"
        );
        waiting.disconnected(stream, "host:7531", None);
        assert!(said().ends_with("not connected for 7 s: host:7531: closed in order"), "{}", said());
    }
}

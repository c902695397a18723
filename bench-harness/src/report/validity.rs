use serde::Serialize;

/// A generator later than this at the 99th percentile does not keep its schedule.
const LATENESS_P99_MS_MAX: f64 = 100.0;
/// Share of the rows due that may be missed.
const MISSED_SHARE_MAX: f64 = 0.005;

/// Whether the load was the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Validity {
    Valid,
    Invalid {
        cause: Cause,
        /// For people.
        reason: String,
    },
}

/// What kept a load from being what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It took fewer rows than were due.
    Engine,
    /// It was too slow to send what was due.
    Generator,
    /// It did not see all rows that were committed.
    Reader,
}

/// How an open loop kept its schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    pub rows_sent: u64,
    pub rows_missed: u64,
    pub lateness_p99_ms: f64,
    /// Mean share of the run that a connection waited for the client to take a batch.
    pub pushed_back_share: f64,
}

impl Validity {
    /// Judges an open loop; a closed one has no schedule to miss.
    pub fn of_open_loop(observed: Observed) -> Self {
        let due = observed.rows_sent + observed.rows_missed;
        let missed = observed.rows_missed as f64 / due.max(1) as f64;
        let shortfall = if missed > MISSED_SHARE_MAX {
            format!("{:.1} % of the rows due were not sent in time", missed * 100.0)
        } else if observed.lateness_p99_ms > LATENESS_P99_MS_MAX {
            format!("batches were sent {:.0} ms late at the 99th percentile", observed.lateness_p99_ms)
        } else {
            return Self::Valid;
        };
        let (cause, why) = if observed.pushed_back_share > 0.5 {
            (Cause::Engine, "the engine pushed back most of the time: the rate is more than it takes")
        } else {
            (Cause::Generator, "the generator itself was too slow: give it more cores or threads, or ask for less")
        };
        Self::Invalid { cause, reason: format!("{shortfall}; {why}") }
    }

    /// A reader that has not seen what was acked as committed has measured something else than the rows' latency.
    pub fn and_all_seen(self, rows_unseen: u64) -> Self {
        match self {
            Self::Valid if rows_unseen > 0 => Self::Invalid {
                cause: Cause::Reader,
                reason: format!("{rows_unseen} rows were acked as committed, and the reader outside did not see them"),
            },
            judged => judged,
        }
    }
}

use indicatif::{ProgressBar, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const TICK: Duration = Duration::from_millis(500);

/// Counters of a run while it is running, and the line on stderr that shows them.
#[derive(Debug, Default)]
pub struct Progress {
    rows_sent: AtomicU64,
    rows_committed: AtomicU64,
}

impl Progress {
    pub fn sent(&self, rows: u64) {
        self.rows_sent.fetch_add(rows, Ordering::Relaxed);
    }

    pub fn committed(&self, rows: u64) {
        self.rows_committed.fetch_add(rows, Ordering::Relaxed);
    }

    /// Shows the counters until dropped.
    pub async fn show(&self) {
        let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let line = ProgressBar::new_spinner().with_style(style);
        loop {
            let (sent, committed) =
                (self.rows_sent.load(Ordering::Relaxed), self.rows_committed.load(Ordering::Relaxed));
            line.set_message(format!("{sent} rows sent, {committed} committed"));
            line.tick();
            tokio::time::sleep(TICK).await;
        }
    }
}

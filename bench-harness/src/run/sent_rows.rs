use super::timeline::Timeline;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time for which a connection keeps its count to itself.
const KEPT: Duration = Duration::from_millis(10);

/// One connection's part of the rows that the timeline says were sent. A connection of small batches sends hundreds of thousands of
/// them a second, and they would wait for each other.
#[derive(Debug)]
pub struct SentRows {
    timeline: Arc<Timeline>,
    since: Instant,
    rows: u64,
}

impl SentRows {
    pub fn new(timeline: Arc<Timeline>, now: Instant) -> Self {
        Self { timeline, since: now, rows: 0 }
    }

    pub fn add(&mut self, now: Instant, rows: u64) {
        self.rows += rows;
        if now.saturating_duration_since(self.since) >= KEPT {
            self.tell(now);
        }
    }

    fn tell(&mut self, now: Instant) {
        self.timeline.sent(self.since, std::mem::take(&mut self.rows));
        self.since = now;
    }
}

impl Drop for SentRows {
    fn drop(&mut self) {
        self.tell(self.since);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_in_the_second_in_which_they_were_sent_whenever_they_are_told() {
        let (start, milliseconds) = (super::super::clock::now(), Duration::from_millis);
        let timeline = Arc::new(Timeline::new(start));
        let mut rows = SentRows::new(timeline.clone(), start);
        rows.add(start + milliseconds(2), 1);
        rows.add(start + milliseconds(4), 2);
        assert!(timeline.seconds().is_empty());
        rows.add(start + milliseconds(11), 4);
        rows.add(start + milliseconds(12), 8);
        assert_eq!(timeline.seconds()[0].rows_sent, 7);
        rows.add(start + milliseconds(1_500), 16);
        rows.add(start + milliseconds(1_501), 32);
        drop(rows);
        let sent: Vec<_> = timeline.seconds().iter().map(|second| second.rows_sent).collect();
        assert_eq!(sent, [31, 32]);
    }
}

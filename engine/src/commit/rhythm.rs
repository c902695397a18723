//! When a table's next cut is asked for. Pure: times come in as milliseconds of a clock that starts with the plane.
//!
//! Ticks are the multiples of the commit interval. A cut that is wanted because rows wait comes at the next tick; one that
//! opens a stream comes almost at once when the table has been quiet for an interval (a few milliseconds gather the opens
//! that arrive together), else at the tick; one that is wanted now comes now. Nothing wanted, nothing asked.

use crate::handover::request::Urgency;

/// How long the opens that arrive together are gathered.
const GATHER_MS: u64 = 5;

/// One table's rhythm.
#[derive(Debug, Clone)]
pub struct Rhythm {
    interval_ms: u64,
    committed_ms: Option<u64>,
    due_ms: Option<u64>,
}

impl Rhythm {
    /// A rhythm with this interval, at least a millisecond.
    pub fn new(interval_ms: u64) -> Self {
        Self { interval_ms: interval_ms.max(1), committed_ms: None, due_ms: None }
    }

    /// Somebody wants a cut.
    pub fn want(&mut self, now_ms: u64, urgency: Urgency) {
        let tick_ms = (now_ms / self.interval_ms + 1) * self.interval_ms;
        let quiet = self.committed_ms.is_none_or(|committed| now_ms.saturating_sub(committed) >= self.interval_ms);
        let due_ms = match urgency {
            Urgency::Now => now_ms,
            Urgency::Open if quiet => tick_ms.min(now_ms + GATHER_MS),
            Urgency::Open | Urgency::Tick => tick_ms,
        };
        self.due_ms = Some(self.due_ms.map_or(due_ms, |known| known.min(due_ms)));
    }

    /// When the next cut is to be asked for, if one is wanted.
    pub fn due_ms(&self) -> Option<u64> {
        self.due_ms
    }

    /// The wanted cut was asked for.
    pub fn asked(&mut self) {
        self.due_ms = None;
    }

    /// A version was written.
    pub fn committed(&mut self, now_ms: u64) {
        self.committed_ms = Some(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_wait_for_the_tick_and_haste_does_not() {
        let mut rhythm = Rhythm::new(1_000);
        assert_eq!(rhythm.due_ms(), None);
        rhythm.want(1_200, Urgency::Tick);
        rhythm.want(1_300, Urgency::Tick);
        assert_eq!(rhythm.due_ms(), Some(2_000));
        rhythm.want(1_400, Urgency::Now);
        assert_eq!(rhythm.due_ms(), Some(1_400));
        rhythm.asked();
        assert_eq!(rhythm.due_ms(), None);
    }

    #[test]
    fn an_open_comes_at_once_only_after_a_quiet_interval() {
        let mut rhythm = Rhythm::new(1_000);
        rhythm.want(100, Urgency::Open);
        assert_eq!(rhythm.due_ms(), Some(105), "nothing was ever committed");
        rhythm.asked();
        rhythm.committed(110);
        rhythm.want(200, Urgency::Open);
        assert_eq!(rhythm.due_ms(), Some(1_000));
        rhythm.asked();
        rhythm.want(1_110, Urgency::Open);
        assert_eq!(rhythm.due_ms(), Some(1_115));
        rhythm.asked();
        rhythm.want(2_998, Urgency::Open);
        assert_eq!(rhythm.due_ms(), Some(3_000), "the tick is nearer");
    }
}

//! When a table is looked at. Pure: times come in as milliseconds of a clock that starts with the commit plane.
//!
//! A table is looked at once after it was opened, then whenever enough was committed to it, and once more when it has been
//! quiet for a while. Whoever leaves it alone leaves it without a timer. Others who rewrite files are given way to: after a
//! merge was given up, or another engine's merge was seen, the next look waits, longer each time.

/// Commits that are worth a look.
const COMMITS_MIN: u64 = 8;
/// A table without commits for so long is looked at though fewer came.
const QUIET_MS: u64 = 30_000;
/// Rest after a merge was given up the first time.
const REST_MS_MIN: u64 = 5_000;
const REST_MS_MAX: u64 = 300_000;
/// Another engine that merges has the table to itself for so long after each of its merges.
pub const YIELD_MS: u64 = 120_000;
/// Another program that merges does it by itself: delta-rs does not notice when files that it merges are merged by somebody else
/// at the same time, and would have their rows twice.
pub const YIELD_TO_PROGRAMS_MS: u64 = 3_600_000;

/// One table's pace.
#[derive(Debug, Clone)]
pub struct Pace {
    interval_ms: u64,
    /// When the last look began, or the table was opened.
    looked_ms: u64,
    opened: bool,
    commits: u64,
    committed_ms: u64,
    more: bool,
    under_way: bool,
    rest_until_ms: u64,
    given_up: u32,
}

impl Pace {
    /// A table that was opened now.
    pub fn new(interval_ms: u64, now_ms: u64) -> Self {
        Self {
            interval_ms,
            looked_ms: now_ms,
            opened: true,
            commits: 0,
            committed_ms: now_ms,
            more: false,
            under_way: false,
            rest_until_ms: 0,
            given_up: 0,
        }
    }

    /// A version with a file was written.
    pub fn committed(&mut self, now_ms: u64) {
        self.commits += 1;
        self.committed_ms = now_ms;
    }

    /// When the next look is due; `None` while one is under way, or when there is no reason.
    pub fn due_ms(&self) -> Option<u64> {
        if self.under_way {
            return None;
        }
        let due_ms = if self.more {
            self.looked_ms
        } else if self.opened || self.commits >= COMMITS_MIN {
            self.looked_ms + self.interval_ms
        } else if self.commits > 0 {
            (self.committed_ms + QUIET_MS).max(self.looked_ms + self.interval_ms)
        } else {
            return None;
        };
        Some(due_ms.max(self.rest_until_ms))
    }

    /// A look began.
    pub fn began(&mut self, now_ms: u64) {
        (self.looked_ms, self.opened, self.commits, self.more, self.under_way) = (now_ms, false, 0, false, true);
    }

    /// The look, and what came of it, is over. `more` says that there was more to merge than one merge.
    pub fn ended(&mut self, more: bool) {
        (self.more, self.under_way) = (more, false);
    }

    /// A merge was committed.
    pub fn merged(&mut self) {
        self.given_up = 0;
    }

    /// A merge was given up because somebody else was faster.
    pub fn gave_up(&mut self, now_ms: u64) {
        let rest_ms = (REST_MS_MIN << self.given_up.min(16)).min(REST_MS_MAX);
        self.given_up = self.given_up.saturating_add(1);
        self.rest_until_ms = self.rest_until_ms.max(now_ms + rest_ms);
        self.more = true;
    }

    /// Somebody else merges in this table, who has it to itself for so long.
    pub fn gives_way(&mut self, now_ms: u64, yield_ms: u64) {
        self.rest_until_ms = self.rest_until_ms.max(now_ms + yield_ms);
        self.more = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_looked_at_after_it_was_opened_and_when_enough_came() {
        let mut pace = Pace::new(10_000, 1_000);
        assert_eq!(pace.due_ms(), Some(11_000));
        pace.began(11_000);
        assert_eq!(pace.due_ms(), None, "one at a time");
        pace.ended(false);
        assert_eq!(pace.due_ms(), None, "nothing came");
        pace.committed(12_000);
        assert_eq!(pace.due_ms(), Some(12_000 + QUIET_MS), "once it is quiet");
        (0..COMMITS_MIN).for_each(|commit| pace.committed(12_000 + commit));
        assert_eq!(pace.due_ms(), Some(21_000));
    }

    #[test]
    fn more_comes_at_once_and_who_was_beaten_rests_longer_each_time() {
        let mut pace = Pace::new(10_000, 0);
        pace.began(10_000);
        pace.ended(true);
        assert_eq!(pace.due_ms(), Some(10_000));
        let mut rests = Vec::new();
        for _ in 0..12 {
            pace.began(0);
            pace.ended(false);
            pace.gave_up(0);
            rests.push(pace.due_ms().unwrap());
        }
        assert_eq!((rests[0], rests[1], rests[11]), (REST_MS_MIN, 2 * REST_MS_MIN, REST_MS_MAX));
        pace.merged();
        pace.gives_way(1_000_000, YIELD_MS);
        assert_eq!(pace.due_ms(), Some(1_000_000 + YIELD_MS));
    }
}

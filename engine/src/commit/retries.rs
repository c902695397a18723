//! How long to wait after failures in a row, and which of them a person is told. Pure.
//!
//! What fails at once would be tried again at once, and again: with a log, giving rows up means building them again.

const PAUSE_MS_MIN: u64 = 100;
const PAUSE_MS_MAX: u64 = 5_000;
/// A person is told no more often than this.
const TOLD_EVERY_MS: u64 = 5_000;

/// Whether a person is to be told of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    Tell,
    /// One was told of a moment ago.
    KeepQuiet,
}

/// Failures in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retries {
    in_a_row: u32,
    until_ms: u64,
    told_ms: Option<u64>,
}

impl Retries {
    /// It failed.
    pub fn failed(&mut self, now_ms: u64) -> Telling {
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.until_ms = now_ms.saturating_add(pause_ms(self.in_a_row));
        if self.told_ms.is_some_and(|told| now_ms.saturating_sub(told) < TOLD_EVERY_MS) {
            return Telling::KeepQuiet;
        }
        self.told_ms = Some(now_ms);
        Telling::Tell
    }

    /// It worked.
    pub fn worked(&mut self) {
        *self = Self::default();
    }

    /// How often it failed in a row.
    pub fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// Until when nothing is to be tried, if that is still to come.
    pub fn paused_until_ms(&self, now_ms: u64) -> Option<u64> {
        (self.until_ms > now_ms).then_some(self.until_ms)
    }
}

/// Doubles with every failure, up to a bound.
pub fn pause_ms(failures: u32) -> u64 {
    (PAUSE_MS_MIN << failures.saturating_sub(1).min(16)).min(PAUSE_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_a_bound_and_ends_with_what_works() {
        let mut retries = Retries::default();
        assert_eq!(retries.paused_until_ms(0), None);
        for (now_ms, pause_ms) in [(0, 100), (100, 200), (300, 400), (700, 800), (1_500, 1_600), (3_100, 3_200)] {
            retries.failed(now_ms);
            assert_eq!(retries.paused_until_ms(now_ms), Some(now_ms + pause_ms));
            assert_eq!(retries.paused_until_ms(now_ms + pause_ms), None);
        }
        for _ in 0..100 {
            retries.failed(10_000);
            assert_eq!(retries.paused_until_ms(10_000), Some(15_000));
        }
        retries.worked();
        assert_eq!((retries.paused_until_ms(10_000), retries.in_a_row()), (None, 0));
    }

    #[test]
    fn a_person_is_told_once_in_a_while() {
        let mut retries = Retries::default();
        let told = (0..20u64).filter(|second| retries.failed(second * 1_000) == Telling::Tell);
        assert_eq!(told.collect::<Vec<_>>(), [0, 5, 10, 15]);
    }
}

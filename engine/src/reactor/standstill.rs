//! Whether nothing goes on in a shard that has something on its way, and when a person is told of it. Pure.

use std::time::{Duration, Instant};

/// How long nothing may go on before it is told, and how long it is not told again.
const TELL_AFTER: Duration = Duration::from_secs(10);
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// What a shard waited for when it was looked at last.
#[derive(Debug)]
pub struct Standstill {
    waits_for: Vec<String>,
    since: Instant,
    told: Option<Instant>,
}

impl Standstill {
    /// One that was not looked at yet.
    pub fn new(now: Instant) -> Self {
        Self { waits_for: Vec::new(), since: now, told: None }
    }

    /// It waits for this now. Gives how long it has waited for just the same, when that is to be told.
    pub fn looked(&mut self, now: Instant, waits_for: Vec<String>) -> Option<Duration> {
        if waits_for != self.waits_for {
            *self = Self { waits_for, since: now, told: None };
            return None;
        }
        let still = now.saturating_duration_since(self.since);
        let is_new = self.told.is_none_or(|told| now.saturating_duration_since(told) >= TELL_AGAIN);
        if self.waits_for.is_empty() || still < TELL_AFTER || !is_new {
            return None;
        }
        self.told = Some(now);
        Some(still)
    }

    /// What it waits for.
    pub fn waits_for(&self) -> &[String] {
        &self.waits_for
    }
}

#[cfg(test)]
mod tests {
    use super::super::tick::now;
    use super::*;

    #[test]
    fn what_stands_still_is_told_after_a_while_and_then_seldom() {
        let began = now();
        let mut standstill = Standstill::new(began);
        let mut looked = |second: u64, waits_for: &[&str]| {
            let waits_for = waits_for.iter().map(|&what| what.to_owned()).collect();
            standstill.looked(began + Duration::from_secs(second), waits_for).map(|still| still.as_secs())
        };
        assert_eq!((0..100).find_map(|second| looked(second, &[])), None, "nothing on its way");
        let moving = (100..200).find_map(|second| looked(second, &[&second.to_string()]));
        assert_eq!(moving, None, "something goes on");
        let told: Vec<_> = (200..400).filter_map(|second| looked(second, &["a"])).collect();
        assert_eq!(told, [10, 70, 130, 190]);
        assert_eq!(looked(400, &["a", "b"]), None, "something else");
        assert_eq!(looked(410, &["a", "b"]), Some(10));
    }
}

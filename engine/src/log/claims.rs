//! Under which numbers a log has spoken to a table.
//!
//! A claim is made of the run that makes it and a number drawn at random, and is in the log before anybody hears of it. So a
//! log can tell its own claims from those of a copy of it, however often either is started; and because it keeps where each
//! claim's run ended, it can tell what a claim of its own brought from what an older state of itself brought under it.

use super::numbers::Position;
use crate::handover::log_part::Spoken;
use std::collections::BTreeMap;

/// Bits of a claim that tell the claims of one run apart, and those of one run from those of a copy.
const MARK_BITS: u32 = 39;
/// Claims fit the table's signed 64-bit numbers.
const RUN_MAX: u64 = (1 << (63 - MARK_BITS)) - 1;
/// Claims kept of a table that is not heard of: whatever landed is among the newest.
const CLAIMS_MAX: usize = 64;
/// The run goes on.
const OPEN: Position = Position(u64::MAX);

/// The lowest claim of a run. Claims of later runs are higher.
pub fn first_claim(run: u64) -> u64 {
    run.min(RUN_MAX) << MARK_BITS
}

/// The first claim that a run makes; the next ones follow it.
pub(super) fn drawn_claim(run: u64, random: [u8; 16]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = random;
    // One bit is left for counting on.
    let mark = u64::from_le_bytes([a, b, c, d, e, f, g, h]) >> (64 - MARK_BITS + 1);
    first_claim(run) + mark
}

/// Claims that a table may show, each with the position behind what it can have brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<u64, Position>);

impl Claims {
    /// A claim, and what is known of its end.
    pub(super) fn note(&mut self, claim: u64, end: Position) {
        let known = self.0.entry(claim).or_insert(end);
        *known = end.min(*known);
        if self.0.len() > CLAIMS_MAX {
            // The lowest may be the one that the table has shown.
            let second = self.0.keys().nth(1).copied();
            second.map(|claim| self.0.remove(&claim));
        }
    }

    /// A claim of the run that goes on.
    pub(super) fn note_open(&mut self, claim: u64) {
        self.note(claim, OPEN);
    }

    /// The table has shown `claim`: lower ones it never will again.
    pub(super) fn confirm(&mut self, claim: u64) {
        if claim > 0 {
            self.0 = self.0.split_off(&claim);
            self.note_open(claim);
        }
    }

    /// The run of every claim is over, and the log ended there.
    pub(super) fn end_run(&mut self, end: Position) {
        self.0.values_mut().for_each(|known| *known = end.min(*known));
    }

    /// What is written down.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (u64, Position)> {
        self.0.iter().map(|(claim, end)| (*claim, *end))
    }

    /// What a table may show of a log that goes on at `next`.
    pub fn spoken(&self, next: Position) -> impl Iterator<Item = Spoken> {
        self.iter().map(move |(claim, end)| Spoken { claim, end: end.min(next).0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(claims: &Claims, next: u64) -> Vec<(u64, u64)> {
        claims.spoken(Position(next)).map(|spoken| (spoken.claim, spoken.end)).collect()
    }

    #[test]
    fn claims_of_later_runs_are_higher_and_fit_a_signed_number() {
        let (low, high) = ([0; 16], [0xFF; 16]);
        for run in [0, 1, 2, 1_000_000, RUN_MAX - 1] {
            assert!(first_claim(run) <= drawn_claim(run, low));
            assert!(drawn_claim(run, high) + 1_000_000_000 < first_claim(run + 1));
        }
        assert!(i64::try_from(drawn_claim(u64::MAX, high)).is_ok());
        assert_ne!(drawn_claim(7, low), drawn_claim(7, high));
    }

    #[test]
    fn a_claims_end_is_where_its_run_ended_whatever_comes_later() {
        let mut claims = Claims::default();
        claims.note_open(5);
        assert_eq!(spoken(&claims, 40), [(5, 40)]);
        claims.end_run(Position(30));
        claims.note_open(9);
        assert_eq!(spoken(&claims, 70), [(5, 30), (9, 70)]);
        // Read again from an older segment.
        claims.note_open(5);
        claims.end_run(Position(60));
        assert_eq!(spoken(&claims, 70), [(5, 30), (9, 60)]);
        claims.confirm(9);
        assert_eq!(spoken(&claims, 70), [(9, 60)]);
        claims.confirm(0);
        assert_eq!(spoken(&claims, 70), [(9, 60)]);
    }

    #[test]
    fn of_many_claims_that_were_never_heard_of_the_newest_stay() {
        let mut claims = Claims::default();
        claims.confirm(1);
        (2..200).for_each(|claim| claims.note_open(claim));
        let kept = spoken(&claims, 3);
        assert_eq!((kept.len(), kept[0].0, kept[1].0, kept[CLAIMS_MAX - 1].0), (CLAIMS_MAX, 1, 137, 199));
    }
}

//! Which rows of an entry are not for its table, and why.
//!
//! Made once. What the entry's shard decided before it took the rows stands behind the frame, in the same record: it is durable
//! with them and goes wherever they are copied. What turns out later, when a table's columns have changed, is a record of its
//! own. Rows that were decided upon stay rejected, whatever the table would take by then.
//!
//! | bytes | field |
//! |---|---|
//! | 4 | number of reasons; each: code 4, sentence (text) |
//! | 4 | number of runs; each: first row 4, rows 4, place of its reason 4 |
//!
//! Rows count from the beginning of the frame. Runs are in order and do not meet.

use super::fields::{Fields, put_text};
use std::ops::Range;
use std::sync::Arc;

/// Why rows are rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Number of a [`RejectCode`](lakehead_protocol::reject::RejectCode).
    pub code: u16,
    /// The rule that the row breaks, for people.
    pub sentence: Arc<str>,
}

/// Neighbours that are rejected for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: u32,
    rows: u32,
    reason: u32,
}

/// See the module head. The default one rejects nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    reasons: Vec<Reason>,
    runs: Vec<Run>,
}

impl Decision {
    /// One that rejects these rows, which come in order.
    pub fn of(rows: impl IntoIterator<Item = (u32, Reason)>) -> Self {
        let mut decision = Self::default();
        rows.into_iter().for_each(|(row, reason)| decision.add(row, 1, reason));
        decision
    }

    /// One that rejects all of so many rows.
    pub fn whole(rows: u32, reason: Reason) -> Self {
        let mut decision = Self::default();
        decision.add(0, rows, reason);
        decision
    }

    fn add(&mut self, first: u32, rows: u32, reason: Reason) {
        let known = self.reasons.iter().position(|known| *known == reason);
        let place = known.unwrap_or_else(|| {
            self.reasons.push(reason);
            self.reasons.len() - 1
        });
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        match self.runs.last_mut() {
            Some(last) if last.first + last.rows == first && last.reason == place => last.rows += rows,
            _ => self.runs.push(Run { first, rows, reason: place }),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Rows that are rejected.
    pub fn rows(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.rows)).sum()
    }

    /// Runs of rows with one reason.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Whether the row is rejected.
    pub fn rejects(&self, row: u32) -> bool {
        let behind = self.runs.partition_point(|run| run.first <= row);
        behind > 0 && self.runs[behind - 1].end() > row
    }

    /// The rejected rows among these, in order.
    pub fn rejected(&self, rows: Range<u32>) -> impl Iterator<Item = (u32, &Reason)> {
        let from = self.runs.partition_point(|run| run.end() <= rows.start);
        let met = self.runs[from..].iter().take_while({
            let end = rows.end;
            move |run| run.first < end
        });
        met.flat_map(move |run| {
            let reason = self.reasons.get(run.reason as usize);
            (run.first.max(rows.start)..run.end().min(rows.end)).filter_map(move |row| Some((row, reason?)))
        })
    }

    /// What is left of these rows, in order.
    pub fn kept(&self, rows: Range<u32>) -> Vec<Range<u32>> {
        let (mut kept, mut from) = (Vec::new(), rows.start);
        let met = self.runs.partition_point(|run| run.end() <= rows.start);
        for run in self.runs[met..].iter().take_while(|run| run.first < rows.end) {
            if run.first > from {
                kept.push(from..run.first);
            }
            from = run.end();
        }
        if from < rows.end {
            kept.push(from..rows.end);
        }
        kept
    }

    /// This one and what was decided later: what was rejected stays so, for its reason.
    #[must_use]
    pub fn and_later(&self, later: &Self) -> Self {
        // By runs: a run of a damaged log may speak of more rows than anybody could list.
        let mut runs: Vec<(Range<u32>, &Reason)> = Vec::new();
        for (decision, run) in self.runs.iter().map(|run| (self, run)).chain(later.runs.iter().map(|run| (later, run)))
        {
            let Some(reason) = decision.reasons.get(run.reason as usize) else { continue };
            let all = run.first..run.end();
            let news = if std::ptr::eq(decision, self) { vec![all] } else { self.kept(all) };
            runs.extend(news.into_iter().map(|rows| (rows, reason)));
        }
        runs.sort_by_key(|(rows, _)| rows.start);
        let mut both = Self::default();
        runs.into_iter().for_each(|(rows, reason)| both.add(rows.start, rows.end - rows.start, reason.clone()));
        both
    }

    /// Puts it behind what is in `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.reasons.len() as u32).to_le_bytes());
        for reason in &self.reasons {
            out.extend_from_slice(&u32::from(reason.code).to_le_bytes());
            put_text(out, &reason.sentence);
        }
        out.extend_from_slice(&(self.runs.len() as u32).to_le_bytes());
        for run in &self.runs {
            for number in [run.first, run.rows, run.reason] {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
    }

    /// Reads one that is all of `bytes`; no bytes are one that rejects nothing.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let mut fields = Fields(bytes);
        let mut decision = Self::default();
        for _ in 0..fields.u32()? {
            let code = u16::try_from(fields.u32()?).ok()?;
            decision.reasons.push(Reason { code, sentence: fields.text()?.into() });
        }
        let mut from = 0;
        for _ in 0..fields.u32()? {
            let run = Run { first: fields.u32()?, rows: fields.u32()?, reason: fields.u32()? };
            let has_reason = (run.reason as usize) < decision.reasons.len();
            if run.first < from || run.rows == 0 || !has_reason {
                return None;
            }
            from = run.first.checked_add(run.rows)?;
            decision.runs.push(run);
        }
        fields.end()?;
        Some(decision)
    }
}

impl Run {
    fn end(&self) -> u32 {
        self.first.saturating_add(self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn reason(number: u16) -> Reason {
        Reason { code: number, sentence: format!("rule {number}").into() }
    }

    fn rows() -> impl Strategy<Value = BTreeMap<u32, u16>> {
        proptest::collection::btree_map(0..60u32, 0..4u16, 0..40)
    }

    fn decision(rows: &BTreeMap<u32, u16>) -> Decision {
        Decision::of(rows.iter().map(|(row, number)| (*row, reason(*number))))
    }

    proptest! {
        #[test]
        fn what_is_kept_and_what_is_rejected_are_all_rows_once(rows in rows(), from in 0..60u32, count in 0..20u32) {
            let (decision, range) = (decision(&rows), from..from + count);
            let kept: Vec<u32> = decision.kept(range.clone()).into_iter().flatten().collect();
            let expected: Vec<u32> = range.clone().filter(|row| !rows.contains_key(row)).collect();
            prop_assert_eq!(&kept, &expected);
            let rejected: Vec<_> = decision.rejected(range.clone()).map(|(row, why)| (row, why.code)).collect();
            let expected: Vec<_> = rows.range(range).map(|(row, code)| (*row, *code)).collect();
            prop_assert_eq!(rejected, expected);
            prop_assert_eq!(decision.rows(), rows.len() as u64);
            prop_assert!((0..60).all(|row| decision.rejects(row) == rows.contains_key(&row)));
        }

        #[test]
        fn it_reads_as_it_was_written(rows in rows()) {
            let (decision, mut bytes) = (decision(&rows), Vec::new());
            decision.encode(&mut bytes);
            prop_assert_eq!(Decision::decode(&bytes), Some(decision));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Decision::decode(&bytes);
        }

        #[test]
        fn what_was_decided_first_stays(first in rows(), later in rows()) {
            let both = decision(&first).and_later(&decision(&later));
            let mut expected = later;
            expected.extend(first);
            let found: BTreeMap<u32, u16> = both.rejected(0..60).map(|(row, why)| (row, why.code)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn runs_of_any_length_come_together() {
        let last = u32::MAX;
        let both = Decision::of([(7, reason(1))]).and_later(&Decision::whole(last, reason(2)));
        assert_eq!((both.rows(), both.runs()), (u64::from(last), 3));
    }

    #[test]
    fn neighbours_share_a_run() {
        assert_eq!(Decision::of((3..9).map(|row| (row, reason(1)))).runs(), 1);
        assert_eq!(Decision::whole(9, reason(1)).kept(0..9), Vec::<Range<u32>>::new());
    }
}

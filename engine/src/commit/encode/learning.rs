//! What is known of a leaf, and when to look at it again. Pure: encoding and measuring are somebody else's.
//!
//! - **The first look** is at the first row group that is worth one; a few rows before it are written plainly.
//! - **Later looks** try only the way in use and its rivals, every [`ROW_GROUPS_PER_LOOK`] row groups and only when the one
//!   before took less than [`LOOKING_SHARE_MAX`] of the encoding time since. One look in [`LOOKS_PER_FULL_LOOK`] tries all.
//! - **A surprise** brings one earlier: chunks that come out much larger than the figures promised. If they do so right after a
//!   look, the reckoning was wrong (a dictionary that did not hold) and is corrected; otherwise the data has changed.
//!   Each surprise doubles the wait for the next one's look, so that data that never stays costs no more than this either.
//! - **Row groups of few rows** go by what was learnt from larger ones. They are looked at when there have been so many of
//!   them that they are the rule.

use super::choice::{Verdict, choose, judge};
use super::column_writer::ColumnWay;
use super::figures::Figures;
use super::policy::EncodingPolicy;
use super::sample::{Look, SAMPLE_ROWS, Scope};

/// Row groups between two looks.
pub(super) const ROW_GROUPS_PER_LOOK: u32 = 64;
/// Of the encoding time, what later looks may take.
const LOOKING_SHARE_MAX: f64 = 0.01;
/// One look in so many tries all ways.
const LOOKS_PER_FULL_LOOK: u32 = 4;
/// A way comes near the one in use when it costs at most this much more.
const RIVAL_COST_MAX: f64 = 2.0;
/// With less than this nothing is learnt that would be worth its while.
const ROWS_PER_FIRST_LOOK: usize = 1024;
const BYTES_PER_FIRST_LOOK: usize = 64 << 10;
/// A sample that was smaller than it might be is taken again from row groups this many times larger; and one that was larger
/// stands for row groups this many times smaller until they are the rule.
const GROWTH_PER_LOOK: usize = 4;
/// A chunk this many times larger than promised is a surprise,
const SURPRISE: f64 = 1.5;
/// unless it is by these few bytes: page headers, and levels of nested columns.
const SURPRISE_BYTES_MIN: f64 = 4096.0;
const SURPRISE_ROW_BYTES_MIN: f64 = 0.25;

/// What of a correction is left after a look at everything.
const STRETCH_KEPT: f64 = 0.75;

/// What is known of one form (plain values, or keys into a dictionary) of a leaf.
#[derive(Debug)]
pub(super) struct Learning {
    /// How it is written as long as nothing is known.
    blindly: ColumnWay,
    /// Row groups that were written so.
    blind: u32,
    learnt: Option<Learnt>,
}

#[derive(Debug)]
struct Learnt {
    figures: Figures,
    /// What was chosen when they were measured.
    favoured: ColumnWay,
    /// Values of the row group that was looked at.
    rows: usize,
    /// Counts looks, from 1.
    look: u32,
    /// Row groups since the look.
    row_groups: u32,
    standing: Standing,
    /// Row groups that a surprise has to wait for.
    patience: u32,
    /// What the look took, and what encoding has taken since.
    spent_ns: f64,
    earned_ns: f64,
}

/// How chunks came out since the look.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Standing {
    /// There is none yet.
    Fresh,
    /// The first was so many times as large as promised, or smaller than that (1).
    Kept {
        stretch: f64,
    },
    Surprised,
}

/// What to do with a leaf of a row group.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Write(Promise),
    Look(Scope),
}

/// A way, and by which look it was chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Promise {
    pub(super) way: ColumnWay,
    look: u32,
}

impl Learning {
    pub(super) fn new(blindly: ColumnWay) -> Self {
        Self { blindly, blind: 0, learnt: None }
    }

    /// What to do with the next row group's `rows` values; `bytes` says what they take in memory.
    pub(super) fn next(&mut self, rows: usize, policy: EncodingPolicy, bytes: impl FnOnce() -> usize) -> Step {
        let Some(learnt) = &mut self.learnt else {
            self.blind += u32::from(rows > 0);
            let worth_it =
                rows >= ROWS_PER_FIRST_LOOK || self.blind > ROW_GROUPS_PER_LOOK || bytes() >= BYTES_PER_FIRST_LOOK;
            return match worth_it {
                true => Step::Look(Scope::All),
                false => Step::Write(Promise { way: self.blindly, look: 0 }),
            };
        };
        learnt.row_groups += u32::from(rows > 0);
        if let Some(scope) = learnt.due(rows, policy) {
            // Whoever comes meanwhile goes by what is known.
            (learnt.row_groups, learnt.earned_ns) = (0, 0.0);
            return Step::Look(scope);
        }
        let way = choose(&learnt.figures, rows, policy, Some(learnt.favoured));
        Step::Write(Promise { way, look: learnt.look })
    }

    /// Takes in what a look at a row group of `rows` values measured. When two threads look at once, the later one's word stands.
    pub(super) fn looked(&mut self, found: Look, scope: &Scope, rows: usize, policy: EncodingPolicy) -> Promise {
        let Look { mut figures, spent_ns } = found;
        let (mut favoured, mut look, mut patience) = (None, 1, 1);
        if let Some(known) = &self.learnt {
            let surprised = known.standing == Standing::Surprised;
            (favoured, look) = (Some(known.favoured), known.look.wrapping_add(1));
            patience = if surprised { (known.patience * 2).min(ROW_GROUPS_PER_LOOK) } else { 1 };
            let stretch = known.figures.dictionary_stretch;
            figures = match scope {
                Scope::Rivals(_) => known.figures.updated(figures),
                // The data is others'.
                Scope::All if surprised => figures,
                // What was reckoned wrongly once is believed again by and by.
                Scope::All => Figures { dictionary_stretch: (stretch * STRETCH_KEPT).max(1.0), ..figures },
            };
        }
        let way = choose(&figures, rows, policy, favoured);
        let standing = Standing::Fresh;
        let learnt =
            Learnt { figures, favoured: way, rows, look, row_groups: 0, standing, patience, spent_ns, earned_ns: 0.0 };
        self.learnt = Some(learnt);
        Promise { way, look }
    }

    /// Holds a chunk of `rows` values against its promise.
    pub(super) fn wrote(&mut self, promise: Promise, rows: usize, bytes: u64, policy: EncodingPolicy) {
        let Some(learnt) = self.learnt.as_mut().filter(|learnt| learnt.look == promise.look) else { return };
        let Some(measured) = learnt.figures.of(promise.way) else { return };
        learnt.earned_ns += learnt.figures.ns(measured) * rows as f64;
        let promised = learnt.figures.bytes(measured, rows) * rows as f64;
        let slack = SURPRISE_BYTES_MIN + SURPRISE_ROW_BYTES_MIN * rows as f64;
        let bytes = bytes as f64;
        match learnt.standing {
            Standing::Fresh => {
                let stretch = if bytes > promised + slack { bytes / promised.max(1.0) } else { 1.0 };
                let misjudged = promise.way.encoding.is_none() && stretch > SURPRISE;
                if misjudged {
                    learnt.figures.dictionary_stretch *= stretch;
                    learnt.favoured = choose(&learnt.figures, rows, policy, None);
                }
                learnt.standing = Standing::Kept { stretch: if misjudged { 1.0 } else { stretch } };
            }
            Standing::Kept { stretch } if bytes > promised * stretch * SURPRISE + slack => {
                learnt.standing = Standing::Surprised;
            }
            Standing::Kept { .. } | Standing::Surprised => {}
        }
    }

    /// The way of row groups like the one that was looked at.
    pub(super) fn favoured(&self) -> Option<ColumnWay> {
        self.learnt.as_ref().map(|learnt| learnt.favoured)
    }
}

impl Learnt {
    fn due(&self, rows: usize, policy: EncodingPolicy) -> Option<Scope> {
        if self.rows < SAMPLE_ROWS && rows / GROWTH_PER_LOOK > self.rows {
            return Some(Scope::All);
        }
        let few = rows.min(SAMPLE_ROWS) * GROWTH_PER_LOOK <= self.rows.min(SAMPLE_ROWS);
        let row_groups = if few { self.row_groups / GROWTH_PER_LOOK as u32 } else { self.row_groups };
        if self.standing == Standing::Surprised && row_groups >= self.patience {
            return Some(Scope::All);
        }
        let earned = self.spent_ns <= self.earned_ns * LOOKING_SHARE_MAX;
        if row_groups < ROW_GROUPS_PER_LOOK || !earned || rows == 0 {
            return None;
        }
        match self.look.is_multiple_of(LOOKS_PER_FULL_LOOK) {
            true => Some(Scope::All),
            false => Some(Scope::Rivals(self.rivals(rows, policy))),
        }
    }

    /// The way in use, and those that come near it.
    fn rivals(&self, rows: usize, policy: EncodingPolicy) -> Vec<ColumnWay> {
        let weighed = || {
            judge(&self.figures, rows, policy, Some(self.favoured)).filter_map(|(measured, verdict)| match verdict {
                Verdict::Weighed(cost) => Some((measured.way, cost)),
                Verdict::PassedOver(_) => None,
            })
        };
        let in_use = choose(&self.figures, rows, policy, Some(self.favoured));
        let cost_of = |wanted: ColumnWay| weighed().find(|(way, _)| *way == wanted).map(|(_, cost)| cost);
        let most = cost_of(in_use).map_or(f64::INFINITY, |cost| cost * RIVAL_COST_MAX);
        let near = weighed().filter(|(way, cost)| *way != in_use && *cost <= most).map(|(way, _)| way);
        std::iter::once(in_use).chain(near).collect()
    }
}

#[cfg(test)]
mod tests;

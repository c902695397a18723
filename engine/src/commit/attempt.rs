//! One cut's way into the table, without I/O and without a clock.
//!
//! ```text
//!         view ──> judge ──> freeze ──> put ... decide ──> Committed
//!           ^        │                            │
//!           │        └─ Conflict ─> Discard       ├─ theirs: look, judge again, freeze again (nothing is encoded again)
//!           └──────── look <───────────────────────┘
//!                                                 └─ stray ─> Discard, files kept
//! ```
//!
//! Whoever drives an [`Attempt`] carries [`Attempt::step`] out, tells what happened with [`Attempt::on`], and repeats that
//! until the step is [`Step::Done`]. The engine drives it over a Delta table, a simulator over a model; so the step
//! [`Step::Freeze`] is where a table format comes in: it turns a plan into the bytes of one version.
//!
//! Invariants: every put is made upon a view that [`super::ledger::judge`] let pass, at that view's version + 1, and no other
//! version is tried while the answer about one is open. The table's identity and schema are those the cut was encoded for.
//!
//! # Planted faults
//!
//! A test that cannot fail proves nothing. With the feature `canary` (and in this crate's own tests) an attempt can be told
//! to misbehave in the two ways that matter most, so that a simulator can show that it notices: see [`Canary`]. Without the
//! feature there is only [`Canary::None`].

use super::decide::{Ask, Decision, Event as DecisionEvent, Patience, Sighting, Verdict};
use super::ledger::{Entries, Judgement, Proposal, TableView, judge};
use crate::handover::answer::StreamEntry;
use crate::store::{PutOutcome, ReadOutcome};
use bytes::Bytes;
use std::sync::Arc;

/// Looks or freezes in a row that may fail for a reason that lies in the commit itself.
const FREEZE_FAILURES_MAX: u32 = 3;

/// A planted fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Canary {
    /// No fault.
    #[default]
    None,
    /// A put whose answer is lost is taken for failed, and the same commit goes to the next version.
    #[cfg(any(test, feature = "canary"))]
    RetryAtNextVersion,
    /// Nobody compares the cut's streams with the table.
    #[cfg(any(test, feature = "canary"))]
    NoCompareAndSet,
}

/// What stays the same for all attempts at one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// `metaData.id` of the table the cut was made for.
    pub id: Arc<str>,
    /// [`TableView::schema`] the cut was encoded for.
    pub schema: Arc<str>,
    pub streams_max: usize,
    pub patience: Patience,
    pub canary: Canary,
}

/// One version to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub version: u64,
    pub entries: Entries,
    /// Whether the cut's files are part of it.
    pub files: bool,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read the newest version; answer [`Event::Looked`] or [`Event::LookFailed`].
    Look,
    /// Make the bytes of the commit; answer [`Event::Frozen`] or [`Event::FreezeFailed`]. Must not touch the store.
    Freeze(Plan),
    /// Put these bytes at this version if it is free; answer [`Event::Put`].
    Put { version: u64, bytes: Bytes },
    /// Read this version's bytes; answer [`Event::Read`].
    Read { version: u64 },
    /// See whether the newest version of the table shows the plan (see [`Sighting`]); answer [`Event::Sighted`].
    Sight(Plan),
    /// Let time pass, longer for more failures in a row; answer [`Event::Paused`].
    Pause { failures: u32, why: String },
    /// It is over.
    Done(Outcome),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Looked(TableView),
    LookFailed(String),
    Frozen(Bytes),
    FreezeFailed(String),
    Put(PutOutcome),
    Read(ReadOutcome),
    Sighted(Sighting),
    Paused,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The cut is in `version`. `minted` are the streams that got an epoch, with their entries after the commit; `refused`
    /// the mints that would be more named streams than the table may have.
    Committed { version: u64, minted: Vec<StreamEntry>, refused: Vec<Arc<str>> },
    /// There was nothing to write; the table is at `version`.
    Nothing { version: u64, refused: Vec<Arc<str>> },
    /// The cut must be given up.
    Discard { fenced: Vec<Arc<str>>, moved: Vec<Arc<str>>, files: Files, why: String },
    /// This table can no longer be written under this identity.
    Stop { why: Stop },
}

/// What becomes of the files of a cut that was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// No version names them.
    Delete,
    /// A commit that nobody follows names them: they stay for whoever looks into it.
    Keep,
}

/// Why a table cannot be written any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The table was dropped and made anew.
    Remade,
    /// Somebody changed the schema.
    SchemaChanged,
    /// A feature or property came that this engine cannot honour.
    Unsupported(Arc<str>),
    /// The commit itself cannot be made.
    Broken(String),
}

#[derive(Debug, Clone)]
enum State {
    Looking,
    PausingBeforeLook { why: String },
    Freezing { plan: Plan, granted: Granted },
    Deciding { plan: Plan, granted: Granted, decision: Decision },
    Done(Outcome),
}

#[derive(Debug, Clone, Default)]
struct Granted {
    minted: Vec<StreamEntry>,
    refused: Vec<Arc<str>>,
}

/// One cut's commit.
#[derive(Debug, Clone)]
pub struct Attempt {
    terms: Terms,
    proposal: Proposal,
    state: State,
    failures: u32,
    freeze_failures: u32,
    races_lost: u32,
}

impl Attempt {
    /// An attempt at committing `proposal`, upon `view` if there is one that may be the newest, else after a look.
    pub fn new(terms: Terms, proposal: Proposal, view: Option<&TableView>) -> Self {
        let mut attempt =
            Self { terms, proposal, state: State::Looking, failures: 0, freeze_failures: 0, races_lost: 0 };
        // Nobody is told that there are too many streams by a view that may be old: some may have been forgotten since.
        if let Some(view) = view.filter(|view| !attempt.refuses(view)) {
            attempt.state = attempt.judged(view);
        }
        attempt
    }

    fn refuses(&self, view: &TableView) -> bool {
        matches!(self.judgement(view), Judgement::Proceed { refused, .. } if !refused.is_empty())
    }

    /// How many times somebody else took the version.
    pub fn races_lost(&self) -> u32 {
        self.races_lost
    }

    /// Whether a put is out whose answer nobody knows: a process that ends now leaves the commit in doubt.
    pub fn is_in_doubt(&self) -> bool {
        matches!(&self.state, State::Deciding { decision, .. } if decision.was_unknown())
    }

    /// What to do next.
    pub fn step(&self) -> Step {
        match &self.state {
            State::Looking => Step::Look,
            State::PausingBeforeLook { why } => Step::Pause { failures: self.failures, why: why.clone() },
            State::Freezing { plan, .. } => Step::Freeze(plan.clone()),
            State::Deciding { plan, decision, .. } => match decision.ask() {
                Ask::Put => Step::Put { version: plan.version, bytes: decision.bytes().clone() },
                Ask::Read => Step::Read { version: plan.version },
                Ask::Pause { failures, why } => Step::Pause { failures, why },
                // A verdict ends the state at once; looking again is what is safe in any case.
                Ask::Nothing(_) => Step::Look,
                Ask::Sight => Step::Sight(plan.clone()),
            },
            State::Done(outcome) => Step::Done(outcome.clone()),
        }
    }

    /// Takes in what happened. An event that answers another step than the current one changes nothing.
    pub fn on(&mut self, now_ms: u64, event: Event) {
        let state = std::mem::replace(&mut self.state, State::Looking);
        self.state = match (state, event) {
            (State::Looking, Event::Looked(view)) => {
                self.failures = 0;
                self.judged(&view)
            }
            (State::Looking, Event::LookFailed(why)) => self.pausing(why),
            (State::PausingBeforeLook { .. }, Event::Paused) => State::Looking,
            (State::Freezing { plan, granted }, Event::Frozen(bytes)) => {
                State::Deciding { plan, granted, decision: Decision::new(bytes, self.terms.patience) }
            }
            (State::Freezing { .. }, Event::FreezeFailed(why)) => {
                self.freeze_failures += 1;
                if self.freeze_failures >= FREEZE_FAILURES_MAX {
                    State::Done(Outcome::Stop { why: Stop::Broken(why) })
                } else {
                    self.pausing(why)
                }
            }
            (State::Deciding { plan, granted, decision }, event) => {
                self.deciding(now_ms, plan, granted, decision, event)
            }
            (state, _) => state,
        };
    }

    fn pausing(&mut self, why: String) -> State {
        self.failures = self.failures.saturating_add(1);
        State::PausingBeforeLook { why }
    }

    fn judged(&self, view: &TableView) -> State {
        let stop = |why| State::Done(Outcome::Stop { why });
        if view.id != self.terms.id {
            return stop(Stop::Remade);
        }
        if let Some(why) = &view.unsupported {
            return stop(Stop::Unsupported(why.clone()));
        }
        if view.schema != self.terms.schema {
            return stop(Stop::SchemaChanged);
        }
        match self.judgement(view) {
            Judgement::Conflict { fenced, moved } => {
                let why = conflict_sentence(view.version, &fenced, &moved);
                State::Done(Outcome::Discard { fenced, moved, files: Files::Delete, why })
            }
            Judgement::Proceed { entries, refused } => {
                let files = self.proposal.rows > 0;
                if !files && entries == Entries::default() {
                    return State::Done(Outcome::Nothing { version: view.version, refused });
                }
                let version = view.version + 1;
                let minted = entries.epochs.iter().map(|(stream, epoch)| {
                    let committed = entries.committed.get(stream).copied();
                    let committed = committed.unwrap_or_else(|| view.stream(stream).committed);
                    StreamEntry { stream: stream.clone(), committed, epoch: *epoch, version }
                });
                let granted = Granted { minted: minted.collect(), refused };
                State::Freezing { plan: Plan { version, entries, files }, granted }
            }
        }
    }

    fn judgement(&self, view: &TableView) -> Judgement {
        #[cfg(any(test, feature = "canary"))]
        if self.terms.canary == Canary::NoCompareAndSet {
            return super::ledger::judge_without_comparing(&self.proposal, view, self.terms.streams_max);
        }
        judge(&self.proposal, view, self.terms.streams_max)
    }

    fn deciding(&mut self, now_ms: u64, plan: Plan, granted: Granted, mut decision: Decision, event: Event) -> State {
        #[cfg(any(test, feature = "canary"))]
        if self.terms.canary == Canary::RetryAtNextVersion && matches!(event, Event::Put(PutOutcome::Unknown(_))) {
            return State::Freezing { plan: Plan { version: plan.version + 1, ..plan }, granted };
        }
        match event {
            Event::Put(outcome) => decision.on(now_ms, DecisionEvent::Put(outcome)),
            Event::Read(outcome) => decision.on(now_ms, DecisionEvent::Read(outcome)),
            Event::Sighted(sighting) => decision.on(now_ms, DecisionEvent::Sighted(sighting)),
            Event::Paused => decision.on(now_ms, DecisionEvent::Paused),
            Event::Looked(_) | Event::LookFailed(_) | Event::Frozen(_) | Event::FreezeFailed(_) => {}
        }
        match decision.ask() {
            Ask::Nothing(Verdict::Ours) => {
                let Granted { minted, refused } = granted;
                State::Done(Outcome::Committed { version: plan.version, minted, refused })
            }
            Ask::Nothing(Verdict::Theirs) => {
                self.races_lost = self.races_lost.saturating_add(1);
                State::Looking
            }
            Ask::Nothing(Verdict::Stray(why)) => {
                let why = format!("the commit of version {} came too late to count: {why}", plan.version);
                State::Done(Outcome::Discard { fenced: vec![], moved: vec![], files: Files::Keep, why })
            }
            _ => State::Deciding { plan, granted, decision },
        }
    }
}

fn conflict_sentence(version: u64, fenced: &[Arc<str>], moved: &[Arc<str>]) -> String {
    let list = |streams: &[Arc<str>]| {
        let named: Vec<_> = streams.iter().take(3).map(|stream| format!("{stream:?}")).collect();
        let more = streams.len().saturating_sub(named.len());
        if more == 0 { named.join(", ") } else { format!("{} and {more} more", named.join(", ")) }
    };
    let mut parts = Vec::new();
    if !fenced.is_empty() {
        parts.push(format!("opened by a newer producer: {}", list(fenced)));
    }
    if !moved.is_empty() {
        parts.push(format!("committed rows moved by somebody else: {}", list(moved)));
    }
    format!("version {version} of the table is not what these rows follow; streams {}", parts.join("; streams "))
}

#[cfg(test)]
mod tests;

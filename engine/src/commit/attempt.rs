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
//! Nothing is given up upon a view that may be old.

pub use super::canary::Canary;
use super::decide::{Ask, Decision, Event as DecisionEvent, Patience, Sighting, Verdict};
use super::ledger::{Entries, Judgement, Proposal, TableView, judge_with};
pub use super::stop::Stop;
use crate::columns::additions::Addition;
use crate::handover::answer::StreamEntry;
use crate::handover::log_part::LogId;
use crate::store::{PutOutcome, ReadOutcome};
use bytes::Bytes;
use std::sync::Arc;

/// Looks or freezes in a row that may fail for a reason that lies in the commit itself.
const FREEZE_FAILURES_MAX: u32 = 3;

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
    /// Columns that the table gets. There are no files then.
    pub columns: Vec<Addition>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read the newest version; answer [`Event::Looked`], at the time when the look began, or [`Event::LookFailed`].
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

#[derive(Debug, Clone)]
enum State {
    Looking,
    PausingBeforeLook {
        why: String,
    },
    Freezing {
        plan: Plan,
        granted: Granted,
        /// When the look began that the plan builds upon.
        looked_ms: u64,
    },
    Deciding {
        plan: Plan,
        granted: Granted,
        decision: Decision,
    },
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
    /// An attempt at committing `proposal`, upon `view` if there is one that was the newest at `now_ms`, as far as anybody
    /// knows, else after a look.
    pub fn new(now_ms: u64, terms: Terms, proposal: Proposal, view: Option<&TableView>) -> Self {
        let mut attempt =
            Self { terms, proposal, state: State::Looking, failures: 0, freeze_failures: 0, races_lost: 0 };
        if let Some(view) = view.filter(|view| attempt.is_granted(view)) {
            attempt.state = attempt.judged(now_ms, view);
        }
        attempt
    }

    /// Whether everything can be had upon `view`. Nobody is refused anything by one that may be old.
    fn is_granted(&self, view: &TableView) -> bool {
        matches!(self.judgement(view), Judgement::Proceed { refused, .. } if refused.is_empty())
    }

    /// What stays the same for all attempts at its table.
    pub fn terms(&self) -> &Terms {
        &self.terms
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
                self.judged(now_ms, &view)
            }
            (State::Looking, Event::LookFailed(why)) => self.pausing(why),
            (State::PausingBeforeLook { .. }, Event::Paused) => State::Looking,
            (State::Freezing { plan, granted, looked_ms }, Event::Frozen(bytes)) => {
                State::Deciding { plan, granted, decision: Decision::new(bytes, self.patience(), looked_ms) }
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

    fn judged(&self, looked_ms: u64, view: &TableView) -> State {
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
            Judgement::Stop(why) => stop(why),
            Judgement::Conflict { fenced, moved, repeated } => {
                let why = conflict_sentence(view.version, &fenced, &moved, &repeated);
                State::Done(Outcome::Discard { fenced, moved, files: Files::Delete, why })
            }
            Judgement::Proceed { entries, refused } => {
                let files = self.proposal.rows > 0;
                if !files && entries == Entries::default() && self.proposal.columns.is_empty() {
                    return State::Done(Outcome::Nothing { version: view.version, refused });
                }
                let version = view.version + 1;
                let minted = entries.epochs.iter().map(|(stream, epoch)| {
                    let committed = entries.committed.get(stream).copied();
                    let committed = committed.unwrap_or_else(|| view.stream(stream).committed);
                    StreamEntry { stream: stream.clone(), committed, epoch: *epoch, version }
                });
                let granted = Granted { minted: minted.collect(), refused };
                State::Freezing { plan: self.plan(version, entries, files), granted, looked_ms }
            }
        }
    }

    fn plan(&self, version: u64, entries: Entries, files: bool) -> Plan {
        let columns = self.proposal.columns.clone();
        #[cfg(any(test, feature = "canary"))]
        if self.terms.canary == Canary::ForgetLogEntry {
            return Plan { version, entries: Entries { logs: Default::default(), ..entries }, files, columns };
        }
        Plan { version, entries, files, columns }
    }

    fn patience(&self) -> Patience {
        #[cfg(any(test, feature = "canary"))]
        if self.terms.canary == Canary::BelieveLateCreated {
            return Patience { unknown_ms_max: u64::MAX };
        }
        self.terms.patience
    }

    fn judgement(&self, view: &TableView) -> Judgement {
        judge_with(&self.proposal, view, self.terms.streams_max, self.terms.canary)
    }

    fn deciding(&mut self, now_ms: u64, plan: Plan, granted: Granted, mut decision: Decision, event: Event) -> State {
        #[cfg(any(test, feature = "canary"))]
        if matches!(event, Event::Put(PutOutcome::Unknown(_))) {
            match self.terms.canary {
                Canary::RetryAtNextVersion => {
                    let plan = Plan { version: plan.version + 1, ..plan };
                    return State::Freezing { plan, granted, looked_ms: now_ms };
                }
                Canary::AckBeforeDecided => {
                    let Granted { minted, refused } = granted;
                    return State::Done(Outcome::Committed { version: plan.version, minted, refused });
                }
                _ => {}
            }
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

fn conflict_sentence(version: u64, fenced: &[Arc<str>], moved: &[Arc<str>], repeated: &[LogId]) -> String {
    let mut parts = Vec::new();
    if !fenced.is_empty() {
        parts.push(format!("streams opened by a newer producer: {}", list(fenced)));
    }
    if !moved.is_empty() {
        parts.push(format!("streams whose committed rows were moved by somebody else: {}", list(moved)));
    }
    if !repeated.is_empty() {
        parts.push(format!("logs whose rows are in the table already: {}", list(repeated)));
    }
    format!("version {version} of the table is not what these rows follow; {}", parts.join("; "))
}

fn list(things: &[impl std::fmt::Debug]) -> String {
    let named: Vec<_> = things.iter().take(3).map(|thing| format!("{thing:?}")).collect();
    let more = things.len().saturating_sub(named.len());
    if more == 0 { named.join(", ") } else { format!("{} and {more} more", named.join(", ")) }
}

#[cfg(test)]
mod tests;

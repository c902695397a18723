//! One merge's way into the table, without I/O and without a clock.
//!
//! ```text
//! look ──> judge ──> freeze ──> put ... decide ──> Committed
//!  ^         └─ touched ─> GivenUp         ├─ theirs: look and judge again, so many times
//!  └───────────────────────────────────────┘
//! ```
//!
//! Like [`Attempt`](crate::commit::attempt::Attempt), which does it for rows, with the same decide machine, and with these
//! differences: a merge says nothing about streams or logs; it may be made only upon a version of which all its files are
//! still part as they were, and it gives up instead of insisting. It depends upon the claim under which its file was staged,
//! so that a process that was taken over merges nothing, and its file can be told for an orphan.

use super::canary::Canary;
pub use super::inputs::Inputs;
use crate::commit::decide::{Ask, Decision, Event as DecisionEvent, Patience, Sighting, Verdict};
use crate::commit::ledger::TableView;
use crate::commit::staged_name::Origin;
use crate::store::{PutOutcome, ReadOutcome};
use bytes::Bytes;
use std::sync::Arc;

/// Versions that others may take first before a merge is given up.
const RACES_MAX: u32 = 10;
/// Looks or freezes in a row that may fail.
const FAILURES_MAX: u32 = 5;

/// What a merge depends upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// `metaData.id` of the table, and its schema as it was written down.
    pub id: Arc<str>,
    pub schema: Arc<str>,
    /// Under which claim the merged file was staged, if there is a log.
    pub origin: Option<Origin>,
    pub patience: Patience,
    pub canary: Canary,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read the newest version, and what became of the files up to it.
    Look,
    /// Make the bytes of this version.
    Freeze {
        version: u64,
    },
    Put {
        version: u64,
        bytes: Bytes,
    },
    Read {
        version: u64,
    },
    /// See whether the newest version shows the merge of this version.
    Sight {
        version: u64,
    },
    Pause {
        failures: u32,
        why: String,
    },
    Done(Outcome),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Looked(Box<TableView>, Inputs),
    LookFailed(String),
    Frozen(Bytes),
    FreezeFailed(String),
    Put(PutOutcome),
    Read(ReadOutcome),
    Sighted(Sighting),
    Paused,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Committed { version: u64 },
    GivenUp { why: String, output: Output },
}

/// What becomes of the merged file of a merge that was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// No version names it, or ever will.
    Delete,
    /// A commit that nobody follows may name it.
    Keep,
}

#[derive(Debug, Clone)]
enum State {
    Looking,
    PausingBeforeLook { why: String },
    Freezing { version: u64, looked_ms: u64 },
    Deciding { version: u64, decision: Decision },
    Done(Outcome),
}

/// One merge's commit.
#[derive(Debug, Clone)]
pub struct MergeAttempt {
    terms: Terms,
    state: State,
    failures: u32,
    races_lost: u32,
}

impl MergeAttempt {
    /// An attempt that begins with a look.
    pub fn new(terms: Terms) -> Self {
        Self { terms, state: State::Looking, failures: 0, races_lost: 0 }
    }

    /// How many times somebody else took the version.
    pub fn races_lost(&self) -> u32 {
        self.races_lost
    }

    /// What to do next.
    pub fn step(&self) -> Step {
        match &self.state {
            State::Looking => Step::Look,
            State::PausingBeforeLook { why } => Step::Pause { failures: self.failures, why: why.clone() },
            State::Freezing { version, .. } => Step::Freeze { version: *version },
            State::Deciding { version, decision } => match decision.ask() {
                Ask::Put => Step::Put { version: *version, bytes: decision.bytes().clone() },
                Ask::Read => Step::Read { version: *version },
                Ask::Pause { failures, why } => Step::Pause { failures, why },
                Ask::Sight => Step::Sight { version: *version },
                // A verdict ends the state at once.
                Ask::Nothing(_) => Step::Look,
            },
            State::Done(outcome) => Step::Done(outcome.clone()),
        }
    }

    /// Takes in what happened. An event that answers another step than the current one changes nothing.
    pub fn on(&mut self, now_ms: u64, event: Event) {
        let state = std::mem::replace(&mut self.state, State::Looking);
        self.state = match (state, event) {
            (State::Looking, Event::Looked(view, inputs)) => self.judged(now_ms, &view, inputs),
            (State::Looking, Event::LookFailed(why)) | (State::Freezing { .. }, Event::FreezeFailed(why)) => {
                self.failed(why)
            }
            (State::PausingBeforeLook { .. }, Event::Paused) => State::Looking,
            (State::Freezing { version, looked_ms }, Event::Frozen(bytes)) => {
                State::Deciding { version, decision: Decision::new(bytes, self.terms.patience, looked_ms) }
            }
            (State::Deciding { version, decision }, event) => self.deciding(now_ms, version, decision, event),
            (state, _) => state,
        };
    }

    fn failed(&mut self, why: String) -> State {
        self.failures += 1;
        if self.failures >= FAILURES_MAX { given_up(why, Output::Delete) } else { State::PausingBeforeLook { why } }
    }

    fn judged(&mut self, looked_ms: u64, view: &TableView, inputs: Inputs) -> State {
        let give_up = |why: &str| given_up(why.to_owned(), Output::Delete);
        if view.id != self.terms.id {
            return give_up("the table was made anew");
        }
        if view.schema != self.terms.schema || view.unsupported.is_some() {
            return give_up("the table was altered");
        }
        if let Some(origin) = &self.terms.origin
            && view.log(origin.log).claim != origin.claim
        {
            return give_up("another process speaks for this engine's log");
        }
        if let Inputs::Touched(why) = inputs
            && !self.terms.canary.ignores_touched()
        {
            return given_up(why, Output::Delete);
        }
        State::Freezing { version: view.version + 1, looked_ms }
    }

    fn deciding(&mut self, now_ms: u64, version: u64, mut decision: Decision, event: Event) -> State {
        if self.terms.canary.retries_on_unknown() && matches!(event, Event::Put(PutOutcome::Unknown(_))) {
            return State::Looking;
        }
        match event {
            Event::Put(outcome) => decision.on(now_ms, DecisionEvent::Put(outcome)),
            Event::Read(outcome) => decision.on(now_ms, DecisionEvent::Read(outcome)),
            Event::Sighted(sighting) => decision.on(now_ms, DecisionEvent::Sighted(sighting)),
            Event::Paused => decision.on(now_ms, DecisionEvent::Paused),
            Event::Looked(..) | Event::LookFailed(_) | Event::Frozen(_) | Event::FreezeFailed(_) => {}
        }
        match decision.ask() {
            Ask::Nothing(Verdict::Ours) => State::Done(Outcome::Committed { version }),
            Ask::Nothing(Verdict::Theirs) => {
                self.races_lost += 1;
                if self.races_lost >= RACES_MAX {
                    return given_up("others commit all the time".to_owned(), Output::Delete);
                }
                State::Looking
            }
            Ask::Nothing(Verdict::Stray(why)) => {
                let why = format!("the merge of version {version} came too late to count: {why}");
                given_up(why, if self.terms.canary.deletes_strays() { Output::Delete } else { Output::Keep })
            }
            _ => State::Deciding { version, decision },
        }
    }
}

fn given_up(why: String, output: Output) -> State {
    State::Done(Outcome::GivenUp { why, output })
}

#[cfg(test)]
mod tests;

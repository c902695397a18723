//! Did my put land? The most dangerous question of the system, without I/O and without a clock.
//!
//! A commit is one conditional put of version N, and its answer can be lost. [`Decision`] holds the bytes, frozen once, and
//! says what to ask of the store next until it is certain:
//!
//! 1. *Created*: ours.
//! 2. *Exists*: read N. Equal to the frozen bytes means ours; anything else is somebody else's commit.
//! 3. *Unknown* (an error, a timeout, a reset, an "exists" that reads as missing): the same bytes to the same key again,
//!    until it is one of the others. Nothing may be put at N + 1 and no staged file deleted meanwhile.
//! 4. When the look that the put builds upon is longer ago than [`Patience`] (the put was unknown for long, or whoever makes
//!    it stood still), others may have committed, checkpointed and cleaned version N away, and a late *Created* makes a stray
//!    file that no reader follows; and another one's stray file may stand where ours had landed. From then on the current
//!    table alone is believed ([`Ask::Sight`]): when it does not show the commit the verdict is [`Verdict::Stray`].
//!
//! Invariants: the bytes never change; [`Verdict::Ours`] is given only when the object at N holds them or the
//! table shows the commit, and [`Verdict::Theirs`] only when it holds others, which a late landing of ours cannot replace.

use crate::store::{PutOutcome, ReadOutcome};
use bytes::Bytes;

/// How long after the look a put may be decided before "created" is no longer enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    pub unknown_ms_max: u64,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Put the frozen bytes if the key is free.
    Put,
    /// Read the key.
    Read,
    /// Let some time pass; `failures` in a row say how much. `why` is the last one.
    Pause { failures: u32, why: String },
    /// Look whether the current table shows the commit.
    Sight,
    /// Nothing more: it is decided.
    Nothing(Verdict),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Put(PutOutcome),
    Read(ReadOutcome),
    Paused,
    Sighted(Sighting),
}

/// Whether the newest version of the table shows the commit: same `metaData.id`, version at or past N, its entries or
/// files visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    Shown,
    NotShown(String),
    Unknown(String),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Version N is ours.
    Ours,
    /// Version N is somebody else's.
    Theirs,
    /// Whatever the object at N is, the table does not show the commit: ours is a file that nobody follows, if there is one.
    /// Says why.
    Stray(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Putting,
    Reading,
    Sighting,
    /// Waiting, then on with this.
    Pausing {
        sighting: bool,
        why: String,
    },
    Decided(Verdict),
}

/// One version's put on its way to a verdict.
#[derive(Debug, Clone)]
pub struct Decision {
    bytes: Bytes,
    patience: Patience,
    state: State,
    failures: u32,
    looked_ms: u64,
    was_unknown: bool,
    doubtful: bool,
}

impl Decision {
    /// A decision about `bytes`, which are frozen from here on. The look that found version N free began at `looked_ms`.
    pub fn new(bytes: Bytes, patience: Patience, looked_ms: u64) -> Self {
        let state = State::Putting;
        Self { bytes, patience, state, failures: 0, looked_ms, was_unknown: false, doubtful: false }
    }

    /// The frozen bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether a put's answer was ever lost: until a verdict nobody knows what the store holds.
    pub fn was_unknown(&self) -> bool {
        self.was_unknown
    }

    /// What to do next.
    pub fn ask(&self) -> Ask {
        match &self.state {
            State::Putting => Ask::Put,
            State::Reading => Ask::Read,
            State::Sighting => Ask::Sight,
            State::Pausing { why, .. } => Ask::Pause { failures: self.failures, why: why.clone() },
            State::Decided(verdict) => Ask::Nothing(verdict.clone()),
        }
    }

    /// Takes in what happened. An event that answers another question than the one asked changes nothing.
    pub fn on(&mut self, now_ms: u64, event: Event) {
        self.doubtful |= now_ms.saturating_sub(self.looked_ms) > self.patience.unknown_ms_max;
        self.state = match (&self.state, event) {
            (State::Putting, Event::Put(PutOutcome::Created)) => self.ours(),
            (State::Putting, Event::Put(PutOutcome::Exists)) => State::Reading,
            (State::Putting, Event::Put(PutOutcome::Unknown(why))) => self.unknown(why),
            (State::Reading, Event::Read(ReadOutcome::Found(found))) if found == self.bytes => self.ours(),
            // Ours may have landed and been cleaned away before theirs came.
            (State::Reading, Event::Read(ReadOutcome::Found(_))) if self.doubtful && self.was_unknown => {
                State::Sighting
            }
            (State::Reading, Event::Read(ReadOutcome::Found(_))) => State::Decided(Verdict::Theirs),
            (State::Reading, Event::Read(ReadOutcome::Missing)) => {
                self.unknown("the store says that the object exists, and that it does not".into())
            }
            (State::Reading, Event::Read(ReadOutcome::Unknown(why))) => self.unknown(why),
            (State::Pausing { sighting: true, .. }, Event::Paused) => State::Sighting,
            (State::Pausing { sighting: false, .. }, Event::Paused) => State::Putting,
            (State::Sighting, Event::Sighted(Sighting::Shown)) => State::Decided(Verdict::Ours),
            (State::Sighting, Event::Sighted(Sighting::NotShown(why))) => State::Decided(Verdict::Stray(why)),
            (State::Sighting, Event::Sighted(Sighting::Unknown(why))) => {
                self.failures = self.failures.saturating_add(1);
                State::Pausing { sighting: true, why }
            }
            (state, _) => state.clone(),
        };
    }

    fn ours(&self) -> State {
        if self.doubtful { State::Sighting } else { State::Decided(Verdict::Ours) }
    }

    fn unknown(&mut self, why: String) -> State {
        self.was_unknown = true;
        self.failures = self.failures.saturating_add(1);
        State::Pausing { sighting: false, why }
    }
}

#[cfg(test)]
mod tests;

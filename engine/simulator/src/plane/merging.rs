//! A merge on its way into the table: an attempt's steps, carried out upon the model.

use super::upkeep::{Merged, actions};
use super::{Around, Plane, UnderWay};
use crate::commit::Commit;
use crate::faults::Fault;
use crate::store::Fate;
use lakehead_engine::commit::decide::Sighting;
use lakehead_engine::commit::ledger::{Entries, TableView};
use lakehead_engine::store::PutOutcome;
use lakehead_engine::upkeep::canary::Canary;
use lakehead_engine::upkeep::inputs::{Inputs, inputs};
use lakehead_engine::upkeep::merge_attempt::{Event, MergeAttempt, Outcome, Output, Step};
use rand::Rng;

/// A merge that is being committed.
pub(super) struct Merging {
    merged: Merged,
    attempt: MergeAttempt,
    /// The newest version that was seen.
    known: TableView,
    /// When the commit began.
    began: u64,
    pub(super) under_way: Option<UnderWay>,
}

impl Plane {
    /// Begins the commit of a merge, if one waits and nothing else is to be committed.
    pub(super) fn begin_merge(&mut self, around: &mut Around<'_>) -> bool {
        let Some(table) = &mut self.table else { return false };
        let is_cut_ready = !table.gathered.is_empty() || !table.wishes.is_empty();
        let Some(merged) = (if is_cut_ready { None } else { table.upkeep.take_ready() }) else { return false };
        let attempt = MergeAttempt::new(merged.terms.clone());
        let (known, began) = (table.known.clone(), around.step);
        around.trace.line(|| format!("the commit of file {} begins", merged.output.name));
        self.merging = Some(Merging { merged, attempt, known, began, under_way: None });
        true
    }

    /// Takes the merge's commit one step further.
    pub(super) fn merge(&mut self, around: &mut Around<'_>) {
        let Some(merging) = &mut self.merging else { return };
        let event = match merging.under_way.take() {
            Some(put) => merging.put(&put, around),
            None => match merging.attempt.step() {
                Step::Look => merging.look(around),
                Step::Freeze { .. } => Event::Frozen(merging.merged.commit(around).encode()),
                Step::Put { version, bytes } => {
                    let fate = around.store.fate(around.rng);
                    let delay = if fate == Fate::Slow { around.rng.random_range(30..300) } else { 0 };
                    let (table, not_before) = (merging.merged.terms.id.clone(), around.step + delay);
                    merging.under_way = Some(UnderWay { version, bytes, fate, not_before, table });
                    return;
                }
                Step::Read { version } => Event::Read(around.store.read(version, around.rng, around.faults)),
                Step::Sight { version } => {
                    around.faults.met(Fault::MergeSighted);
                    Event::Sighted(merging.merged.sight(version, around))
                }
                Step::Pause { .. } => Event::Paused,
                Step::Done(outcome) => return self.finish_merge(outcome, around),
            },
        };
        merging.attempt.on(around.step, event);
    }

    fn finish_merge(&mut self, outcome: Outcome, around: &mut Around<'_>) {
        let Some(Merging { merged, known, began, .. }) = self.merging.take() else { return };
        around.trace.line(|| format!("the commit of file {} ends: {outcome:?}", merged.output.name));
        let seen = match outcome {
            Outcome::Committed { version } => {
                around.faults.met(Fault::MergeCommitted);
                known.after(version, &Entries::default())
            }
            Outcome::GivenUp { output, .. } => {
                if output == Output::Delete {
                    around.store.files.remove(&merged.output.name);
                }
                known
            }
        };
        if let Some(table) = &mut self.table {
            table.learn(seen, began);
        }
    }
}

impl Merging {
    fn put(&self, put: &UnderWay, around: &mut Around<'_>) -> Event {
        let outcome = if around.store.table.is(&put.table) {
            around.store.put(put.version, &put.bytes, put.fate, around.faults)
        } else {
            PutOutcome::Unknown("the table is gone".into())
        };
        around.trace.line(|| format!("put of version {} with a merge: {outcome:?} ({:?})", put.version, put.fate));
        if let PutOutcome::Unknown(_) = outcome {
            around.faults.met(Fault::MergeInDoubt);
            if self.merged.terms.canary == Canary::DeleteOutputOnError {
                around.store.files.remove(&self.merged.output.name);
            }
        }
        Event::Put(outcome)
    }

    fn look(&mut self, around: &mut Around<'_>) -> Event {
        if self.attempt.races_lost() > 0 {
            around.faults.met(Fault::MergeLostRace);
        }
        let view = match around.store.look(around.rng, around.faults) {
            Ok(Some(view)) => view,
            Ok(None) => return Event::LookFailed("no table".into()),
            Err(why) => return Event::LookFailed(why),
        };
        let Merged { paths, checked, terms, .. } = &mut self.merged;
        let judged = match inputs(paths, *checked, view.version, |version| actions(version, around)) {
            Ok(judged) => judged,
            Err(why) => return Event::LookFailed(why),
        };
        match &judged {
            Inputs::Live => *checked = view.version,
            Inputs::Touched(why) => {
                around.trace.line(|| format!("the merge's files are not what they were: {why}"));
                around.faults.met(Fault::MergeTouched);
            }
        }
        if terms.origin.is_some_and(|origin| view.log(origin.log).claim != origin.claim) {
            around.faults.met(Fault::MergeSuperseded);
        }
        self.known = view.clone();
        Event::Looked(Box::new(view), judged)
    }
}

impl Merged {
    fn commit(&self, around: &mut Around<'_>) -> Commit {
        *around.nonce += 1;
        Commit {
            nonce: *around.nonce,
            removes: self.inputs.iter().map(|file| file.name.clone()).collect(),
            adds: vec![self.output.clone()],
            merges: true,
            ..Commit::default()
        }
    }

    /// Whether the newest version shows the merged file.
    fn sight(&self, version: u64, around: &mut Around<'_>) -> Sighting {
        match around.store.look(around.rng, around.faults) {
            Err(why) => Sighting::Unknown(why),
            Ok(Some(view)) if view.id == self.terms.id && view.version >= version => {
                if around.store.table.files().contains_key(&self.output.name) {
                    Sighting::Shown
                } else {
                    Sighting::NotShown("the table does not show the merged file".into())
                }
            }
            Ok(_) => Sighting::NotShown("the table is not there yet".into()),
        }
    }
}

//! Carries a merge's steps out over a Delta table.

use super::inputs::{self, Inputs};
use super::merge_attempt::{Event, MergeAttempt, Outcome, Step, Terms};
use crate::commit::context::Context;
use crate::commit::decide::Sighting;
use crate::store::{PutOutcome, ReadOutcome};
use crate::table::delta::merging::MergeChange;
use crate::table::delta::{DeltaTable, TableError, Version};
use std::sync::Arc;
use std::time::Duration;

#[cfg(not(test))]
const PAUSE_MS_MIN: u64 = 20;
#[cfg(test)]
const PAUSE_MS_MIN: u64 = 1;
const PAUSE_MS_MAX: u64 = 5_000;

/// A merge that is written and not committed.
#[derive(Debug, Clone)]
pub struct Merged {
    pub change: Arc<MergeChange>,
    pub terms: Terms,
    /// Up to this version its files are known to be part of the table as they were.
    pub checked: u64,
    pub rows: u64,
}

/// How a merge ended, and the newest version that was seen on the way.
#[derive(Debug)]
pub struct DrivenMerge {
    pub merged: Merged,
    pub outcome: Outcome,
    pub version: Version,
    pub races_lost: u32,
}

/// Carries a merge out until it is decided.
pub async fn drive(context: &Arc<Context>, table: &DeltaTable, mut known: Version, mut merged: Merged) -> DrivenMerge {
    let mut attempt = MergeAttempt::new(merged.terms.clone());
    let mut after: Option<Version> = None;
    loop {
        let now_ms = context.now_ms();
        let event = match attempt.step() {
            Step::Done(outcome) => {
                if let (Outcome::Committed { .. }, Some(after)) = (&outcome, after.take()) {
                    known = after;
                }
                return DrivenMerge { merged, outcome, version: known, races_lost: attempt.races_lost() };
            }
            Step::Look => look(context, table, &mut known, &mut merged).await,
            Step::Freeze { .. } => {
                let (table, upon, change) = (table.clone(), known.clone(), merged.change.clone());
                match context.blocking(move || table.freeze_merge(&upon, &change)).await {
                    Some(Ok(frozen)) => {
                        after = Some(frozen.after);
                        Event::Frozen(frozen.bytes)
                    }
                    Some(Err(error)) => Event::FreezeFailed(error.to_string()),
                    None => Event::FreezeFailed("making the commit was interrupted".into()),
                }
            }
            Step::Put { version, bytes } => {
                let other = table.clone();
                let outcome = context.blocking(move || other.put(version, &bytes)).await;
                let outcome = outcome.unwrap_or_else(|| PutOutcome::Unknown("the put was interrupted".into()));
                if merged.terms.canary.deletes_output_on_error() && matches!(outcome, PutOutcome::Unknown(_)) {
                    let _gone = table.store().delete(&merged.change.output.path);
                }
                Event::Put(outcome)
            }
            Step::Read { version } => {
                let table = table.clone();
                let outcome = context.blocking(move || table.read(version)).await;
                Event::Read(outcome.unwrap_or_else(|| ReadOutcome::Unknown("the read was interrupted".into())))
            }
            Step::Sight { version } => {
                let (table, id, change) = (table.clone(), merged.terms.id.clone(), merged.change.clone());
                let sighting = context.blocking(move || table.sight_merge(&id, version, &change.output_path)).await;
                Event::Sighted(sighting.unwrap_or_else(|| Sighting::Unknown("the look was interrupted".into())))
            }
            Step::Pause { failures, why } => {
                tracing::debug!(table = %table.url(), failures, why, "a merge waits for the table's store");
                let doublings = failures.saturating_sub(1).min(16);
                tokio::time::sleep(Duration::from_millis((PAUSE_MS_MIN << doublings).min(PAUSE_MS_MAX))).await;
                Event::Paused
            }
        };
        let at_ms = if matches!(event, Event::Looked(..)) { now_ms } else { context.now_ms() };
        attempt.on(at_ms, event);
    }
}

async fn look(context: &Arc<Context>, table: &DeltaTable, known: &mut Version, merged: &mut Merged) -> Event {
    let (table, from, change, checked) = (table.clone(), known.clone(), merged.change.clone(), merged.checked);
    let read = move || {
        let version = table.refresh(&from)?;
        let inputs = inputs(&table, &change, checked, version.view().version)?;
        Ok((version, inputs))
    };
    match context.blocking(read).await {
        Some(Ok((version, inputs))) => {
            *known = version;
            if inputs == Inputs::Live {
                merged.checked = known.view().version;
            }
            Event::Looked(Box::new(known.view().clone()), inputs)
        }
        Some(Err(TableError::Remade { .. })) => {
            Event::Looked(Box::new(known.view().clone()), Inputs::Touched("the table was made anew".into()))
        }
        Some(Err(error)) => Event::LookFailed(error.to_string()),
        None => Event::LookFailed("the look was interrupted".into()),
    }
}

/// What became of a merge's files in the versions behind `checked`, up to `newest`.
///
/// # Errors
/// When a commit cannot be read.
pub fn inputs(table: &DeltaTable, change: &MergeChange, checked: u64, newest: u64) -> Result<Inputs, TableError> {
    inputs::inputs(&change.removal.paths, checked, newest, |version| table.commit_actions(version))
}

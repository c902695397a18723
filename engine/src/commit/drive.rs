//! Carries an attempt's steps out over a Delta table.
//!
//! Each step that touches the store runs on a thread that may block, and is awaited without a deadline: a store that hangs
//! holds one such thread for its table and nothing else. Between a failure and the next try there is a pause that grows.

use super::attempt::{Attempt, Event, Files, Outcome, Plan, Step, Terms};
use super::context::Context;
use super::decide::Sighting;
use super::ledger::{Proposal, TableView};
use crate::handover::log_part::Base;
use crate::store::{PutOutcome, ReadOutcome};
use crate::table::delta::table::AddedFile;
use crate::table::delta::{DeltaTable, TableError, Version};
use std::sync::Arc;
use std::time::Duration;

#[cfg(not(test))]
const PAUSE_MS_MIN: u64 = 20;
#[cfg(test)]
const PAUSE_MS_MIN: u64 = 1;
const PAUSE_MS_MAX: u64 = 5_000;
/// Pauses that a person is told of: the first, and then one in so many.
const PAUSES_TOLD: u32 = 10;

/// How an attempt ended, and the newest version that was seen on the way.
#[derive(Debug)]
pub struct Driven {
    pub outcome: Outcome,
    pub version: Version,
    pub races_lost: u32,
}

/// One commit to be made.
#[derive(Debug, Clone)]
pub struct Job {
    pub terms: Terms,
    pub proposal: Proposal,
    /// What the cut's rows are in; all of them are part of the one version, or none.
    pub files: Vec<AddedFile>,
    /// The version that is believed to be the newest.
    pub known: Version,
    /// When it was the newest.
    pub known_ms: u64,
}

/// Carries `job` out until it is decided.
pub async fn drive(context: &Arc<Context>, table: &DeltaTable, job: Job) -> Driven {
    let Job { terms, proposal, files, mut known, known_ms } = job;
    let files: Arc<[AddedFile]> = files.into();
    let id = terms.id.clone();
    #[cfg(any(test, feature = "canary"))]
    let canary = terms.canary;
    let history_from = history_from(&proposal);
    // What is carried forward from commit to commit is believed as long as the table still has our last commit, and is as old
    // as when it was seen: others may have written the next version long ago, for it to be cleaned away right now.
    let view = carried(context, table, &mut known, history_from).await;
    let mut attempt = Attempt::new(known_ms, terms, proposal, view.as_ref());
    let mut after: Option<Version> = None;
    loop {
        let now_ms = context.now_ms();
        let event = match attempt.step() {
            Step::Done(outcome) => {
                match (&outcome, after.take()) {
                    (Outcome::Committed { .. }, Some(after)) => known = after,
                    // What became of the version is somewhere else than where this looked last.
                    (Outcome::Discard { files: Files::Keep, .. }, _) => {
                        let _as_before = look(context, table, &mut known, history_from).await;
                    }
                    _ => {}
                }
                return Driven { outcome, version: known, races_lost: attempt.races_lost() };
            }
            Step::Look => look(context, table, &mut known, history_from).await,
            Step::Freeze(plan) => freeze(context, table, &known, plan, files.clone(), &mut after).await,
            Step::Put { version, bytes } => {
                let other = table.clone();
                let outcome = context.blocking(move || other.put(version, &bytes)).await;
                let outcome = outcome.unwrap_or_else(|| PutOutcome::Unknown("the put was interrupted".into()));
                #[cfg(any(test, feature = "canary"))]
                if canary == super::canary::Canary::DeleteStagedOnError && matches!(outcome, PutOutcome::Unknown(_)) {
                    files.iter().for_each(|file| drop(table.store().delete(&file.path)));
                }
                Event::Put(outcome)
            }
            Step::Read { version } => {
                let table = table.clone();
                let outcome = context.blocking(move || table.read(version)).await;
                Event::Read(outcome.unwrap_or_else(|| ReadOutcome::Unknown("the read was interrupted".into())))
            }
            Step::Sight(plan) => {
                let (table, id, files) = (table.clone(), id.clone(), files.clone());
                let sighting = context.blocking(move || table.sight(&id, &plan, &files)).await;
                Event::Sighted(sighting.unwrap_or_else(|| Sighting::Unknown("the look was interrupted".into())))
            }
            Step::Pause { failures, why } => {
                if failures % PAUSES_TOLD == 1 {
                    let in_doubt = attempt.is_in_doubt();
                    tracing::warn!(table = %table.url(), failures, in_doubt, why, "a commit waits for the table's store");
                }
                tokio::time::sleep(pause(failures)).await;
                Event::Paused
            }
        };
        // A look is as old as its beginning; everything else is told when it is over.
        let at_ms = if matches!(event, Event::Looked(_)) { now_ms } else { context.now_ms() };
        attempt.on(at_ms, event);
    }
}

/// How `job` would end upon the newest version, if it can be said without a commit; and that version.
pub async fn foresee(context: &Arc<Context>, table: &DeltaTable, job: &Job) -> (Option<Outcome>, Version) {
    let history_from = history_from(&job.proposal);
    let (mut known, mut failures) = (job.known.clone(), 0);
    loop {
        let now_ms = context.now_ms();
        let mut attempt = Attempt::new(now_ms, job.terms.clone(), job.proposal.clone(), None);
        attempt.on(now_ms, look(context, table, &mut known, history_from).await);
        match attempt.step() {
            Step::Done(outcome) => return (Some(outcome), known),
            Step::Pause { why, .. } => {
                failures += 1;
                pause_telling(table, failures, &why).await;
            }
            _ => return (None, known),
        }
    }
}

/// Waits, longer for more failures in a row, and tells somebody now and then.
pub async fn pause_telling(table: &DeltaTable, failures: u32, why: &str) {
    if failures % PAUSES_TOLD == 1 {
        tracing::warn!(table = %table.url(), failures, why, "a commit waits for the table's store");
    }
    tokio::time::sleep(pause(failures)).await;
}

/// The oldest version whose RESTOREs the proposal's logs have to know of: the one behind what they remember.
fn history_from(proposal: &Proposal) -> Option<u64> {
    let remembered = proposal.logs.iter().filter_map(|log| match &log.part.base {
        // A table that never heard of the log has lost nothing of it.
        Base::Unclaimed { remembered, spoken, adopt: false } if !spoken.is_empty() => Some(remembered.version + 1),
        Base::Unclaimed { .. } | Base::Claimed { .. } => None,
    });
    remembered.min()
}

/// The view of `known`, if the table still has that version and its history can be read.
async fn carried(
    context: &Arc<Context>,
    table: &DeltaTable,
    known: &mut Version,
    history_from: Option<u64>,
) -> Option<TableView> {
    let (table, seen) = (table.clone(), known.clone());
    let read = move || match table.is_remade(&seen)? {
        true => Ok(None),
        false => look_back(&table, &seen, history_from).map(Some),
    };
    let Some(Ok::<_, TableError>(Some(version))) = context.blocking(read).await else { return None };
    *known = version;
    Some(known.view().clone())
}

fn look_back(table: &DeltaTable, known: &Version, history_from: Option<u64>) -> Result<Version, TableError> {
    history_from.map_or_else(|| Ok(known.clone()), |from| table.look_back(known, from))
}

async fn look(context: &Arc<Context>, table: &DeltaTable, known: &mut Version, history_from: Option<u64>) -> Event {
    let (table, from) = (table.clone(), known.clone());
    let read = move || table.refresh(&from).and_then(|version| look_back(&table, &version, history_from));
    match context.blocking(read).await {
        Some(Ok(version)) => {
            *known = version;
            Event::Looked(known.view().clone())
        }
        // No table stands there now: a view of another one says so to the attempt.
        Some(Err(TableError::Remade { .. })) => Event::Looked(TableView { id: "".into(), ..known.view().clone() }),
        Some(Err(error)) => Event::LookFailed(error.to_string()),
        None => Event::LookFailed("the look was interrupted".into()),
    }
}

async fn freeze(
    context: &Arc<Context>,
    table: &DeltaTable,
    known: &Version,
    plan: Plan,
    files: Arc<[AddedFile]>,
    after: &mut Option<Version>,
) -> Event {
    let (table, known) = (table.clone(), known.clone());
    let frozen = move || table.freeze(&known, &plan, if plan.files { &files } else { &[] });
    match context.blocking(frozen).await {
        Some(Ok(frozen)) => {
            *after = Some(frozen.after);
            Event::Frozen(frozen.bytes)
        }
        Some(Err(error)) => Event::FreezeFailed(error.to_string()),
        None => Event::FreezeFailed("making the commit was interrupted".into()),
    }
}

/// Doubles with every failure, up to a bound.
fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    Duration::from_millis((PAUSE_MS_MIN << doublings).min(PAUSE_MS_MAX))
}

#[cfg(test)]
mod tests;

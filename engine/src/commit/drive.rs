//! Carries an attempt's steps out over a Delta table.
//!
//! Each step that touches the store runs on a thread that may block, and is awaited without a deadline: a store that hangs
//! holds one such thread for its table and nothing else. Between a failure and the next try there is a pause that grows.

use super::attempt::{Attempt, Event, Outcome, Plan, Step, Terms};
use super::context::Context;
use super::decide::Sighting;
use super::ledger::{Proposal, TableView};
use crate::store::{PutOutcome, ReadOutcome};
use crate::table::delta::table::AddedFile;
use crate::table::delta::{DeltaTable, TableError, Version};
use std::sync::Arc;
use std::time::Duration;

const PAUSE_MS_MIN: u64 = 20;
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
    pub file: Option<AddedFile>,
    /// The version that is believed to be the newest.
    pub known: Version,
}

/// Carries `job` out until it is decided.
pub async fn drive(context: &Arc<Context>, table: &DeltaTable, job: Job) -> Driven {
    let Job { terms, proposal, file, mut known } = job;
    let file = file.map(Arc::new);
    let id = terms.id.clone();
    // What is carried forward from commit to commit is believed as long as the table still ends in our last commit.
    let (other, seen) = (table.clone(), known.clone());
    let carried = context.blocking(move || other.is_remade(&seen)).await;
    let view = matches!(carried, Some(Ok(false))).then(|| known.view().clone());
    let mut attempt = Attempt::new(terms, proposal, view.as_ref());
    let mut after: Option<Version> = None;
    loop {
        let event = match attempt.step() {
            Step::Done(outcome) => {
                if let (Outcome::Committed { .. }, Some(after)) = (&outcome, after.take()) {
                    known = after;
                }
                return Driven { outcome, version: known, races_lost: attempt.races_lost() };
            }
            Step::Look => look(context, table, &mut known).await,
            Step::Freeze(plan) => freeze(context, table, &known, plan, file.clone(), &mut after).await,
            Step::Put { version, bytes } => {
                let table = table.clone();
                let outcome = context.blocking(move || table.put(version, &bytes)).await;
                Event::Put(outcome.unwrap_or_else(|| PutOutcome::Unknown("the put was interrupted".into())))
            }
            Step::Read { version } => {
                let table = table.clone();
                let outcome = context.blocking(move || table.read(version)).await;
                Event::Read(outcome.unwrap_or_else(|| ReadOutcome::Unknown("the read was interrupted".into())))
            }
            Step::Sight(plan) => {
                let (table, id, file) = (table.clone(), id.clone(), file.clone());
                let sighting = context.blocking(move || table.sight(&id, &plan, file.as_deref())).await;
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
        attempt.on(context.now_ms(), event);
    }
}

async fn look(context: &Arc<Context>, table: &DeltaTable, known: &mut Version) -> Event {
    let (table, from) = (table.clone(), known.clone());
    match context.blocking(move || table.refresh(&from)).await {
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
    file: Option<Arc<AddedFile>>,
    after: &mut Option<Version>,
) -> Event {
    let (table, known) = (table.clone(), known.clone());
    let file = file.filter(|_| plan.files);
    match context.blocking(move || table.freeze(&known, &plan, file.as_deref())).await {
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

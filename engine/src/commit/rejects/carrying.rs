//! Carries rejected rows into their table.

use super::judging::{Judgement, OfLogs, judge};
use super::reading::read_there;
use super::rows::{batch, columns, place_beside};
use crate::commit::attempt::{Canary, Files, Outcome, Terms};
use crate::commit::context::Context;
use crate::commit::decide::Patience;
use crate::commit::drive::{Driven, Job, drive, foresee, pause_telling};
use crate::commit::encode::{EncodeError, encode_here};
use crate::commit::ledger::Proposal;
use crate::commit::opening::{OpenFailure, TablePlan, UNKNOWN_MS_MAX, plan_of};
use crate::commit::staged_file::{FinishedStagedFile, Place, StagedFile, StagedFileError, now_unix_ms};
use crate::commit::stop::Stop;
use crate::handover::ShardId;
use crate::handover::rejected::RejectedRows;
use crate::handover::row_group::RowGroup;
use crate::table::delta::{DeltaTable, TableError, Version};
use crate::upkeep::conform::{Unfit, conform};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Rows that are encoded at once.
const ROW_GROUP_ROWS: usize = 1 << 16;
/// Commits that are given up in a row, before somebody is told that something is wrong.
const DISCARDS_MAX: u32 = 100;

/// Why rejected rows could not be written now.
#[derive(Debug, thiserror::Error)]
enum CarryError {
    /// Another time it may go.
    #[error("{0}")]
    Later(String),
    /// Nobody can write this table.
    #[error("{0}")]
    Never(String),
}

/// A table of rejected rows, as it is now.
struct Opened {
    table: DeltaTable,
    version: Version,
    looked_ms: u64,
}

/// Brings a cut's rejected rows into their table, if the cut itself can be committed.
///
/// # Errors
/// How the cut's commit ends without having been made, and the newest version of the cut's table that was seen.
pub async fn commit_rejects(
    context: &Arc<Context>,
    table: &DeltaTable,
    job: &Job,
    rejected: Vec<RejectedRows>,
) -> Result<(), Driven> {
    if rejected.is_empty() {
        return Ok(());
    }
    let (foreseen, version) = foresee(context, table, job).await;
    let carried = match foreseen {
        None | Some(Outcome::Nothing { .. }) => carry(context, table, job, rejected).await,
        // Rows of a cut that never comes into its table must not be told to be rejected: they may be somebody else's by now.
        Some(outcome) => Err(outcome),
    };
    carried.map_err(|outcome| Driven { outcome, version, races_lost: 0 })
}

async fn carry(
    context: &Arc<Context>,
    table: &DeltaTable,
    job: &Job,
    rejected: Vec<RejectedRows>,
) -> Result<(), Outcome> {
    let (rejected, place) = (Arc::new(rejected), place_beside(table.url()));
    let (mut failures, mut discards) = (0, 0);
    loop {
        let look = {
            let (context, place) = (context.clone(), place.clone());
            move || open(&context, &place)
        };
        let written = match blocking(context, look).await {
            Ok(opened) => write(context, opened, &job.proposal, &rejected).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(Written::All(rows)) => {
                if rows > 0 {
                    tracing::warn!(table = %table.url(), rows, rejects = %place, "rows were rejected");
                }
                return Ok(());
            }
            Ok(Written::Not(outcome)) => return Err(outcome),
            Ok(Written::Raced) if discards < DISCARDS_MAX => discards += 1,
            Ok(Written::Raced) => return Err(stop(&place, "others change it faster than a commit comes into it")),
            Err(CarryError::Never(why)) => return Err(stop(&place, &why)),
            Err(CarryError::Later(why)) => {
                failures += 1;
                pause_telling(table, failures, &format!("its rejected rows cannot be written: {why}")).await;
            }
        }
    }
}

/// How one try ended.
enum Written {
    /// All rows are in the table: so many came there now.
    All(u64),
    /// They cannot come there, and the cut's commit ends like this.
    Not(Outcome),
    /// Somebody else came first.
    Raced,
}

async fn write(
    context: &Arc<Context>,
    opened: Opened,
    cut: &Proposal,
    rejected: &Arc<Vec<RejectedRows>>,
) -> Result<Written, CarryError> {
    let Opened { table, version, looked_ms } = opened;
    let rows = of_logs(rejected);
    let there = match judge(cut, &rows, version.view(), None) {
        Judgement::Read => {
            let (table, version, rejected) = (table.clone(), version.clone(), rejected.clone());
            let read = move || read_there(&table, &version, &of_logs(&rejected)).map_err(of_table);
            Some(blocking(context, read).await?)
        }
        _ => None,
    };
    let (count, proposal) = match judge(cut, &rows, version.view(), there.as_ref()) {
        Judgement::Read => return Err(CarryError::Later("what was read is not enough".into())),
        Judgement::Nothing => return Ok(Written::All(0)),
        Judgement::Superseded { log, claim, shown } => {
            return Ok(Written::Not(Outcome::Stop { why: Stop::Superseded { log, claim, shown } }));
        }
        Judgement::Fenced(fenced) => {
            let why = format!("the table of rejected rows shows newer producers of {} streams", fenced.len());
            return Ok(Written::Not(Outcome::Discard { fenced, moved: Vec::new(), files: Files::Delete, why }));
        }
        Judgement::Commit { rows, proposal } => (rows.len() as u64, proposal),
    };
    let stage = {
        let (context, table, version) = (context.clone(), table.clone(), version.clone());
        let (rejected, cut) = (rejected.clone(), cut.clone());
        move || {
            let rows = of_logs(&rejected);
            match judge(&cut, &rows, version.view(), there.as_ref()) {
                Judgement::Commit { rows, .. } => staged(&context, &table, &version, &rows),
                _ => Err(CarryError::Later("the rows to be written changed".into())),
            }
        }
    };
    let file = blocking(context, stage).await?;
    let path = file.added.path.clone();
    let (files, known) = (vec![file.added], version.clone());
    let job = Job { terms: terms(&version), proposal, files, known, known_ms: looked_ms };
    let Driven { outcome, version, .. } = drive(context, &table, job).await;
    match outcome {
        Outcome::Committed { version: number, .. } => {
            let interval = context.settings.checkpoint_interval;
            if interval > 0 && number.is_multiple_of(interval) {
                let checkpointed = blocking(context, move || table.checkpoint(&version).map_err(of_table)).await;
                checkpointed.map_or_else(|error| tracing::warn!(%error, "a checkpoint could not be written"), drop);
            }
            Ok(Written::All(count))
        }
        Outcome::Discard { files: Files::Keep, .. } => Ok(Written::Raced),
        Outcome::Stop { why: Stop::Unsupported(why) } => Err(CarryError::Never(why.to_string())),
        Outcome::Stop { why: Stop::Broken(why) } => Err(CarryError::Never(why)),
        Outcome::Discard { .. } | Outcome::Stop { .. } | Outcome::Nothing { .. } => {
            let removed = blocking(context, move || {
                table.store().delete(&path).map_err(|error| CarryError::Later(error.to_string()))
            });
            removed.await.unwrap_or_else(|error| tracing::warn!(%error, "a file that no version names stays"));
            Ok(Written::Raced)
        }
    }
}

/// The table at this place, made when there is none.
fn open(context: &Context, place: &url::Url) -> Result<Opened, CarryError> {
    let looked_ms = context.now_ms();
    let table = DeltaTable::at(place, context.kernel.clone()).map_err(of_table)?;
    let version = match table.load().map_err(of_table)? {
        Some(version) => version,
        None => table.create_with(&columns(), &[]).map_err(of_table)?,
    };
    match &version.view().unsupported {
        Some(why) => Err(CarryError::Never(why.to_string())),
        None => Ok(Opened { table, version, looked_ms }),
    }
}

/// The rows in a durable file.
fn staged(
    context: &Context,
    table: &DeltaTable,
    version: &Version,
    rows: &OfLogs<'_>,
) -> Result<FinishedStagedFile, CarryError> {
    let TablePlan { columns, encoding, partitioning } = match plan_of(context, table, version) {
        Ok(plan) => plan,
        Err(OpenFailure::Refused(why)) => return Err(CarryError::Never(why.message)),
        Err(OpenFailure::Missing) => return Err(CarryError::Later("it is gone".into())),
    };
    if partitioning.is_some() {
        return Err(CarryError::Never("it has partitions".into()));
    }
    let compression = context.settings.compression;
    let (store, budget) = (table.store(), &context.budget);
    let mut file = StagedFile::begin_at(store, &encoding, compression, budget, Place::default())?;
    let now_us = now_unix_ms().saturating_mul(1000);
    for rows in rows.chunks(ROW_GROUP_ROWS) {
        let rows = conform(&batch(&rows.to_vec(), now_us)?, &columns.arrow)?;
        let memory = budget.reserve(rows.get_array_memory_size());
        let row_group = RowGroup { shard: ShardId(0), generation: 0, cut: 0, rows, memory };
        file.append(encode_here(encoding.clone(), row_group)?)?;
    }
    Ok(file.finish()?)
}

fn of_logs(rejected: &[RejectedRows]) -> OfLogs<'_> {
    rejected.iter().flat_map(|of| of.rows.iter().map(|row| (of.log, row))).collect()
}

fn terms(version: &Version) -> Terms {
    let view = version.view();
    Terms {
        id: view.id.clone(),
        schema: view.schema.clone(),
        streams_max: usize::MAX,
        patience: Patience { unknown_ms_max: UNKNOWN_MS_MAX },
        canary: Canary::None,
    }
}

fn stop(place: &url::Url, why: &str) -> Outcome {
    let why = format!("the table of its rejected rows, {place}, cannot be written: {why}");
    Outcome::Stop { why: Stop::Unsupported(why.into()) }
}

async fn blocking<T: Send + 'static>(
    context: &Arc<Context>,
    work: impl FnOnce() -> Result<T, CarryError> + Send + 'static,
) -> Result<T, CarryError> {
    context.blocking(work).await.unwrap_or_else(|| Err(CarryError::Later("a step was interrupted".into())))
}

fn of_table(error: TableError) -> CarryError {
    match error {
        TableError::Location { .. } | TableError::Unsupported(_) | TableError::Schema(_) => {
            CarryError::Never(error.to_string())
        }
        _ => CarryError::Later(error.to_string()),
    }
}

impl From<StagedFileError> for CarryError {
    fn from(error: StagedFileError) -> Self {
        match error {
            StagedFileError::Encode(error) => error.into(),
            StagedFileError::Store(_) | StagedFileError::Fault => Self::Later(error.to_string()),
        }
    }
}

impl From<EncodeError> for CarryError {
    fn from(error: EncodeError) -> Self {
        Self::Never(error.to_string())
    }
}

impl From<ArrowError> for CarryError {
    fn from(error: ArrowError) -> Self {
        Self::Never(error.to_string())
    }
}

impl From<Unfit> for CarryError {
    fn from(error: Unfit) -> Self {
        Self::Never(error.to_string())
    }
}

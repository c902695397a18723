//! One look at one table: remove what was staged for nothing, clean its log, merge some of its small files. Blocks.

use super::canary::Canary;
use super::drive::{Merged, inputs};
use super::hands::{Cost, Hands, Stopped};
use super::log_cleanup::{AGE_MS_MIN, expired};
use super::merge_attempt::{Inputs, Terms};
use super::orphans::{Standing, Witness, judge};
use super::planner::{self, Limits, SmallFile};
use super::rewrite::{RewriteError, Rewriter};
use super::settings::Settings;
use crate::budget::Budget;
use crate::commit::claims::Claims;
use crate::commit::decide::Patience;
use crate::commit::encode::{EncodeError, EncodingPlan, EncodingPolicy};
use crate::commit::staged_name::Origin;
use crate::handover::log_part::LogId;
use crate::table::delta::commit_actions::Merger;
use crate::table::delta::folder::decoded;
use crate::table::delta::merging::MergeChange;
use crate::table::delta::upkeep_terms::UpkeepTerms;
use crate::table::delta::{DeltaTable, TableError, Version};
use parquet::basic::Compression;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Files of earlier claims that are judged in one look: the youngest. Most of them are part of the table, and a commit may have one
/// for each of many partitions.
const ORPHANS_MAX: usize = 10_000;
/// Commits that a look asks about merges by others.
const COMMITS_MAX: u64 = 1_000;

/// Why a look came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Rewrite(#[from] RewriteError),
    #[error(transparent)]
    Stopped(#[from] Stopped),
    #[error("the table was made anew")]
    Remade,
    #[error("it ended by a fault of the server")]
    Fault,
}

/// What a look is told.
pub struct Round {
    pub settings: Settings,
    pub table: DeltaTable,
    /// The newest version that is known.
    pub known: Version,
    /// `metaData.id` of the table that was opened.
    pub id: Arc<str>,
    /// Under which claims this engine's logs speak for the table.
    pub claims: Claims,
    pub compression: Compression,
    pub policy: EncodingPolicy,
    pub patience: Patience,
    pub budget: Budget,
    pub clean_log: bool,
    pub judge_orphans: bool,
    /// Versions behind this one have not been looked at; none has in a first look.
    pub looked: Option<u64>,
    /// Versions behind that one that are merges of this engine's.
    pub own_merges: BTreeSet<u64>,
    /// Files that cannot be merged.
    pub unfit: BTreeSet<Arc<str>>,
    /// Wall clock, in milliseconds since 1970.
    pub now_unix_ms: i64,
    pub canary: Canary,
}

/// What came of a look.
#[derive(Debug, Default)]
pub struct Looked {
    pub version: u64,
    /// A merge that is ready to be committed.
    pub merged: Option<Box<Merged>>,
    /// Whether there is more to merge.
    pub more: bool,
    /// Who else merges in this table.
    pub other_merger: Option<Merger>,
    /// Why the table's files are not merged, if that is so.
    pub unmergeable: Option<Arc<str>>,
    /// A file that cannot be merged.
    pub unfit: Option<Arc<str>>,
    pub log_files_removed: usize,
    pub orphans_removed: usize,
    pub cost: Cost,
    pub cost_in_all: Cost,
}

impl Round {
    /// Looks.
    ///
    /// # Errors
    /// When the table cannot be read or written. What was done until then stays done.
    pub fn run(&self, hands: &mut Hands) -> Result<Looked, RoundError> {
        let before = hands.cost();
        let version = self.table.refresh(&self.known)?;
        if version.view().id != self.id {
            return Err(RoundError::Remade);
        }
        let terms = version.upkeep_terms();
        let mut looked = Looked { version: version.view().version, ..Looked::default() };
        // Orphans first: what is expired of the log may be what proves them, after a long time without an engine.
        if self.judge_orphans && self.settings.remove_orphans {
            looked.orphans_removed = self.remove_orphans(&version, hands)?;
        }
        if self.clean_log && self.settings.clean_log && terms.clean_log {
            looked.log_files_removed = self.clean(&terms, hands)?;
        }
        if terms.compact.unwrap_or(self.settings.compact) {
            looked.unmergeable = terms.unmergeable.clone();
            looked.other_merger = self.other_merger(&version)?;
            if looked.unmergeable.is_none() && looked.other_merger.is_none() {
                self.merge(&version, &terms, hands, &mut looked)?;
            }
        }
        looked.cost_in_all = hands.cost();
        looked.cost = looked.cost_in_all.since(before);
        Ok(looked)
    }

    /// Removes what of the log nobody needs any more; gives how many files that were.
    fn clean(&self, terms: &UpkeepTerms, hands: &Hands) -> Result<usize, RoundError> {
        let files = self.table.log_files()?;
        let kept_ms = u64::try_from(terms.log_retention.as_millis()).unwrap_or(u64::MAX).max(AGE_MS_MIN);
        let cutoff_ms = self.now_unix_ms.saturating_sub(i64::try_from(kept_ms).unwrap_or(i64::MAX));
        let gone = expired(&files, cutoff_ms, self.table.last_checkpoint()?);
        for name in &gone {
            hands.wait(std::time::Duration::ZERO)?;
            self.table.delete_log_file(name)?;
        }
        Ok(gone.len())
    }

    /// Removes files that this engine staged for nothing; gives how many that were.
    fn remove_orphans(&self, version: &Version, hands: &Hands) -> Result<usize, RoundError> {
        let view = version.view();
        let shown: BTreeMap<LogId, u64> =
            self.claims.logs().into_iter().map(|log| (log, view.log(log).claim)).collect();
        let mut staged = Vec::new();
        let early = self.canary.removes_orphans_early();
        for path in self.table.data_files()? {
            let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
            match Origin::of_name(&name) {
                // Nothing is known of files of today's claim yet.
                Some(origin) if shown.get(&origin.log).is_some_and(|claim| *claim > origin.claim || early) => {
                    staged.push((origin, name, path));
                }
                _ => {}
            }
        }
        staged.sort_by_key(|(origin, ..)| std::cmp::Reverse(origin.version));
        staged.truncate(ORPHANS_MAX);
        let mut read = BTreeMap::<u64, Option<Arc<Witness>>>::new();
        let newest = version.view().version;
        let mut removed = 0;
        for (origin, name, path) in staged {
            hands.wait(std::time::Duration::ZERO)?;
            let witness = |version: u64| {
                if let Some(known) = read.get(&version) {
                    return Ok(known.clone());
                }
                let commit = if version > newest { None } else { self.table.commit_actions(version)? };
                let said = commit.map(|commit| Arc::new(commit.witness()));
                read.insert(version, said.clone());
                Ok::<_, TableError>(said)
            };
            let shown = shown.get(&origin.log).copied().unwrap_or(0);
            if judge(&name, &origin, shown, self.canary, witness)? == Standing::Orphan {
                tracing::info!(table = %self.table.url(), path, "a file that was staged and never committed is removed");
                self.table.store().delete(&path).map_err(|error| TableError::Store(error.to_string()))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Who else has merged files here since the last look; another program rather than an engine.
    fn other_merger(&self, version: &Version) -> Result<Option<Merger>, TableError> {
        let (newest, mut found) = (version.view().version, None);
        for version in self.looked.unwrap_or(0).max(newest.saturating_sub(COMMITS_MAX)) + 1..=newest {
            if !self.own_merges.contains(&version) {
                let merger = self.table.commit_actions(version)?.and_then(|commit| commit.merger);
                // What engines merged before the first look may have been this one, in an earlier run.
                found = found.max(merger.filter(|merger| self.looked.is_some() || *merger == Merger::Other));
            }
        }
        Ok(found)
    }

    fn merge(
        &self,
        version: &Version,
        terms: &UpkeepTerms,
        hands: &mut Hands,
        looked: &mut Looked,
    ) -> Result<(), RoundError> {
        let target_bytes = terms.target_bytes.unwrap_or(self.settings.target_bytes);
        let limits = Limits::of_target(target_bytes, self.settings.small_bytes);
        let live = self.table.live_files(version, limits.small_bytes)?;
        let merges = planner::plan(&live.small, &limits, &self.unfit);
        tracing::debug!(
            table = %self.table.url(),
            files = live.files,
            bytes = live.bytes,
            small = live.small.len(),
            merges = merges.len(),
            "upkeep looked"
        );
        let Some(first) = merges.first() else { return Ok(()) };
        let Some(removal) = live.removal(&first.files)? else { return Ok(()) };
        let files: Vec<&SmallFile> = first.files.iter().map(|file| &live.small[*file]).collect();
        let Some(youngest) = files.iter().map(|file| file.modified_ms).max() else { return Ok(()) };
        let path = &files[0].path;
        let folder = path.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
        let view = version.view();
        let origin = self.claims.origin_upon(view);
        let (schema, wanted) = (version.file_schema()?, self.table.wanted_statistics(version)?);
        let plan = EncodingPlan::new(schema, self.compression)?.with_policy(self.policy).with_statistics(&wanted);
        let rewriter = Rewriter {
            table: &self.table,
            plan: Arc::new(plan),
            compression: self.compression,
            budget: &self.budget,
            origin,
            folder: decoded(&folder),
            canary: self.canary,
        };
        let finished = match rewriter.rewrite(&files, hands) {
            Ok(finished) => finished,
            Err(error) => {
                looked.unfit = Some(error.unfit().cloned().ok_or(error)?);
                looked.more = true;
                return Ok(());
            }
        };
        let mut output = finished.added;
        output.modified_ms = youngest;
        let name = output.path.rsplit('/').next().unwrap_or_default().to_owned();
        let rows = output.statistics.rows();
        let output_path = format!("{folder}{name}");
        let change = Arc::new(MergeChange { removal, output, output_path, bytes_removed: first.bytes });
        // Most of what came meanwhile is looked at here, so that the commit has little left to look at.
        let newest = self.table.refresh(version)?;
        let (newest, mut checked) = (newest.view().version, version.view().version);
        if let Inputs::Live = inputs(&self.table, &change, checked, newest)? {
            checked = newest;
        }
        let terms = Terms {
            id: view.id.clone(),
            schema: view.schema.clone(),
            origin,
            patience: self.patience,
            canary: self.canary,
        };
        looked.more = merges.len() > 1;
        looked.merged = Some(Box::new(Merged { change, terms, checked, rows }));
        Ok(())
    }
}

//! The table's upkeep, as far as its task has to do with it: when it is looked at, and the commit of what was merged.
//!
//! The work itself is done elsewhere, by [`crate::upkeep`]. A merge takes the table's one place for a commit, when no cut is
//! ready for it.

use super::{InFlight, Life, TableMessage, TableTask};
use crate::commit::claims::Claims;
use crate::table::delta::commit_actions::Merger;
use crate::upkeep::canary::Canary;
use crate::upkeep::drive::{DrivenMerge, Merged, drive};
use crate::upkeep::merge_attempt::{Outcome, Output};
use crate::upkeep::pace::{Pace, YIELD_MS, YIELD_TO_PROGRAMS_MS};
use crate::upkeep::round::{Looked, Round, RoundError};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// How often the log's folder is looked through.
const CLEAN_MS: u64 = 10 * 60 * 1_000;

/// What a table's task knows of its upkeep.
pub(super) struct TableUpkeep {
    pace: Pace,
    pub(super) claims: Claims,
    /// What waits to be committed.
    ready: Option<Box<Merged>>,
    more: bool,
    /// Claims that the table showed when staged files were judged last.
    claims_judged: usize,
    cleaned_ms: Option<u64>,
    /// Up to this version others' merges have been seen.
    looked: Option<u64>,
    /// Merges of this task's behind it.
    own_merges: BTreeSet<u64>,
    /// Files that cannot be merged.
    unfit: BTreeSet<Arc<str>>,
    /// Why files are not merged, as it was told.
    told: Option<Arc<str>>,
}

impl TableUpkeep {
    pub(super) fn new(interval_ms: u64, generation: u64, now_ms: u64) -> Self {
        Self {
            pace: Pace::new(interval_ms, now_ms),
            claims: Claims::new(generation),
            ready: None,
            more: false,
            claims_judged: 0,
            cleaned_ms: None,
            looked: None,
            own_merges: BTreeSet::new(),
            unfit: BTreeSet::new(),
            told: None,
        }
    }

    /// A cut with rows was committed.
    pub(super) fn committed(&mut self, now_ms: u64) {
        self.pace.committed(now_ms);
    }
}

impl TableTask {
    /// When the next look at the table is due.
    pub(super) fn upkeep_due_ms(&self) -> Option<u64> {
        let waits = self.context.upkeep.is_none() || self.stopping.is_some() || self.upkeep.ready.is_some();
        if waits || !self.upkeep.claims.tell_orphans_upon(self.known.view()) { None } else { self.upkeep.pace.due_ms() }
    }

    pub(super) fn begin_upkeep(&mut self) {
        let Some(worker) = &self.context.upkeep else { return };
        let now_ms = self.context.now_ms();
        let upkeep = &mut self.upkeep;
        upkeep.pace.began(now_ms);
        let clean_log = upkeep.cleaned_ms.is_none_or(|cleaned_ms| now_ms.saturating_sub(cleaned_ms) >= CLEAN_MS);
        // Files of earlier claims are judged when the table shows those of today.
        let shown = upkeep.claims.shown(self.known.view());
        let judge_orphans = shown > upkeep.claims_judged;
        if clean_log {
            upkeep.cleaned_ms = Some(now_ms);
        }
        upkeep.claims_judged = shown;
        let round = Round {
            settings: worker.settings.clone(),
            table: self.opened.table.clone(),
            known: self.known.clone(),
            id: self.opened.terms.id.clone(),
            claims: upkeep.claims.clone(),
            compression: self.context.settings.compression,
            policy: self.opened.encoding.policy(),
            patience: self.opened.terms.patience,
            budget: self.context.budget.clone(),
            clean_log,
            judge_orphans,
            looked: upkeep.looked,
            own_merges: upkeep.own_merges.clone(),
            unfit: upkeep.unfit.clone(),
            now_unix_ms: now_unix_ms(),
            canary: Canary::None,
        };
        let own = self.own.clone();
        worker.submit(move |hands| {
            // Without a word the table would never be looked at again.
            let looked = catch_unwind(AssertUnwindSafe(|| round.run(hands))).unwrap_or(Err(RoundError::Fault));
            // A task that has ended leaves a merged file behind, which is told for an orphan when the table is opened again.
            let _ended = own.send(TableMessage::LookedOver(Box::new(looked)));
        });
    }

    /// A look is over.
    pub(super) fn looked_over(&mut self, looked: Result<Looked, RoundError>) {
        let table = self.opened.table.url();
        let looked = match looked {
            Ok(looked) => looked,
            Err(RoundError::Stopped(_)) => return self.upkeep.pace.ended(false),
            Err(error) => {
                tracing::warn!(%table, %error, "upkeep of a table was broken off");
                self.upkeep.pace.ended(false);
                return self.upkeep.pace.gave_up(self.context.now_ms());
            }
        };
        let Looked { log_files_removed, orphans_removed, cost, cost_in_all, .. } = looked;
        if log_files_removed > 0 || orphans_removed > 0 || looked.merged.is_some() {
            tracing::info!(
                %table,
                log_files_removed,
                orphans_removed,
                merged = looked.merged.as_ref().map_or(0, |merged| merged.change.removal.paths.len()),
                bytes_read = cost.bytes_read,
                bytes_written = cost.bytes_written,
                cpu_ms = cost.cpu_ns / 1_000_000,
                bytes_read_in_all = cost_in_all.bytes_read,
                bytes_written_in_all = cost_in_all.bytes_written,
                cpu_ms_in_all = cost_in_all.cpu_ns / 1_000_000,
                "upkeep"
            );
        }
        let upkeep = &mut self.upkeep;
        upkeep.looked = Some(looked.version);
        upkeep.own_merges = upkeep.own_merges.split_off(&(looked.version + 1));
        upkeep.unfit.extend(looked.unfit);
        if looked.unmergeable.is_some() && looked.unmergeable != upkeep.told {
            tracing::info!(%table, why = looked.unmergeable.as_deref(), "files of this table are not merged");
            upkeep.told = looked.unmergeable;
        }
        match looked.merged {
            Some(merged) => (upkeep.ready, upkeep.more) = (Some(merged), looked.more),
            None => upkeep.pace.ended(looked.more),
        }
        if let Some(merger) = looked.other_merger {
            let yield_ms = if merger == Merger::Engine { YIELD_MS } else { YIELD_TO_PROGRAMS_MS };
            tracing::info!(%table, ?merger, seconds = yield_ms / 1_000, "merging is left to somebody else for a while");
            upkeep.pace.gives_way(self.context.now_ms(), yield_ms);
        }
    }

    /// Begins the commit of a merge, if one waits and nothing else is to be committed.
    pub(super) fn begin_merge(&mut self) {
        let is_cut_ready = self.cuts.values().any(|cut| cut.is_ready());
        if self.in_flight.is_some() || self.stopping.is_some() || is_cut_ready {
            return;
        }
        let Some(merged) = self.upkeep.ready.take() else { return };
        self.in_flight = Some(InFlight::Merge { began_ms: self.context.now_ms() });
        let (context, table, known) = (self.context.clone(), self.opened.table.clone(), self.known.clone());
        self.begin(async move { TableMessage::Merged(Box::new(drive(&context, &table, known, *merged).await)) });
    }

    /// The merge in flight is decided.
    pub(super) fn merged(&mut self, driven: DrivenMerge) -> Life {
        let DrivenMerge { merged, outcome, version, races_lost } = driven;
        let now_ms = self.context.now_ms();
        let Some(InFlight::Merge { began_ms }) = self.in_flight.take() else { return self.life() };
        // What was seen may be as old as the beginning: a put in doubt can take long.
        self.learn(version, began_ms);
        self.upkeep.pace.ended(self.upkeep.more);
        let table = self.opened.table.url();
        match outcome {
            Outcome::Committed { version } => {
                let (files, rows, bytes) = (merged.change.removal.paths.len(), merged.rows, merged.change.output.bytes);
                tracing::info!(%table, version, files, rows, bytes, races_lost, "merged");
                self.upkeep.own_merges.insert(version);
                self.upkeep.pace.merged();
                self.begin_checkpoint(version);
            }
            Outcome::GivenUp { why, output } => {
                tracing::info!(%table, why, races_lost, "a merge is given up");
                if output == Output::Delete {
                    self.delete(vec![merged.change.output.path.clone()]);
                }
                self.upkeep.pace.gave_up(now_ms);
            }
        }
        self.life()
    }

    /// The task ends: what waits to be committed is not.
    pub(super) fn give_up_merge(&mut self) {
        if let Some(merged) = self.upkeep.ready.take() {
            self.delete(vec![merged.change.output.path.clone()]);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the log's files are told old or young by wall clock time")]
fn now_unix_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(0)
}

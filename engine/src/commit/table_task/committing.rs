//! From staged files into the table.

use super::{CutInFlight, InFlight, Life, TableMessage, TableTask};
use crate::commit::attempt::{Files, Outcome};
use crate::commit::cut_book::GatheredCut;
use crate::commit::drive::{Driven, Job, drive};
use crate::commit::rejects::carrying::commit_rejects;
use crate::commit::retries::Telling;
use crate::commit::stop::Stop;
use crate::handover::Refusal;
use crate::handover::answer::{Answer, StreamEntry, TableColumns};
use crate::table::delta::{TableError, Version};
use lakehead_protocol::reject::RejectCode;
use std::sync::Arc;

impl TableTask {
    /// Begins the commit of the oldest cut, if it is ready and no other commit is in flight.
    pub(super) fn begin_commit(&mut self) {
        if self.in_flight.is_some() || self.doomed.is_some() {
            return;
        }
        let Some(oldest) = self.cuts.first_entry().filter(|oldest| oldest.get().is_ready()) else { return };
        let open = oldest.remove();
        let times = open.times;
        let (Some(cut), files, rejected) = open.into_parts() else { return };
        let rows: u64 = files.iter().map(|file| file.added.statistics.rows()).sum();
        if rows != cut.proposal.rows {
            // Nobody may be told that rows are committed which no file holds.
            let message = format!("{} rows were announced for a commit and {rows} arrived", cut.proposal.rows);
            self.delete(files.into_iter().map(|file| file.added.path).collect());
            return self.doom(Refusal::new(RejectCode::Internal, message));
        }
        let job = Job {
            terms: self.opened.terms.clone(),
            proposal: cut.proposal.clone(),
            files: files.iter().map(|file| file.added.clone()).collect(),
            known: self.known.clone(),
            known_ms: self.known_ms,
        };
        let began_ms = self.context.now_ms();
        self.in_flight = Some(InFlight::Commit(Box::new(CutInFlight { cut, files, times, began_ms })));
        let (context, table) = (self.context.clone(), self.opened.table.clone());
        self.begin(async move {
            let driven = match commit_rejects(&context, &table, &job, rejected).await {
                Ok(()) => drive(&context, &table, job).await,
                Err(driven) => driven,
            };
            TableMessage::Committed(Box::new(driven))
        });
    }

    /// The commit in flight is decided.
    pub(super) fn committed(&mut self, driven: Driven) -> Life {
        let Driven { outcome, version, races_lost } = driven;
        let Some(InFlight::Commit(ended)) = self.in_flight.take() else { return self.life() };
        self.learn(version, ended.began_ms);
        match outcome {
            Outcome::Committed { version, minted, refused } => {
                self.rhythm.committed(self.context.now_ms());
                if !ended.files.is_empty() {
                    self.upkeep.committed(self.context.now_ms());
                    self.retries.worked();
                }
                self.log(&ended, version, races_lost);
                self.tell_committed(&ended.cut, version, minted, &refused);
                self.begin_checkpoint(version);
            }
            Outcome::Nothing { version, refused } => self.tell_committed(&ended.cut, version, Vec::new(), &refused),
            Outcome::Discard { fenced, files, why, .. } => {
                match files {
                    Files::Delete => self.delete_files(&ended),
                    Files::Keep => tracing::error!(table = %self.opened.table.url(), why, "a commit nobody follows"),
                }
                tracing::warn!(table = %self.opened.table.url(), why, "uncommitted rows are given up");
                self.discard(fenced, Refusal::new(RejectCode::Discarded, why), None);
            }
            Outcome::Stop { why: Stop::SchemaChanged } => {
                self.delete_files(&ended);
                if self.take_columns() == Life::Ends {
                    return Life::Ends;
                }
            }
            Outcome::Stop { why } => {
                self.delete_files(&ended);
                return self.close(&why);
            }
        }
        if let Some(why) = self.doomed.take() {
            self.discard(Vec::new(), why, None);
        }
        self.life()
    }

    /// A mint that is not among `minted` was refused: the table has as many named streams as it may.
    fn tell_committed(&self, cut: &GatheredCut, version: u64, minted: Vec<StreamEntry>, refused: &[Arc<str>]) {
        if let Some(first) = refused.first() {
            let streams_max = self.opened.terms.streams_max;
            tracing::warn!(table = %self.opened.table.url(), refused = refused.len(), %first, streams_max, "too many streams");
        }
        let (table, generation) = (self.opened.key, self.book.generation());
        let minted: Arc<[StreamEntry]> = minted.into();
        let shown = self.known.view().shown();
        for shard in &cut.members {
            let (minted, shown) = (minted.clone(), shown.clone());
            self.context.answer(*shard, Answer::Committed { table, generation, cut: cut.cut, version, minted, shown });
        }
    }

    /// A cut cannot become a file. Everything uncommitted will be given up: now, or when the commit in flight is over, whose
    /// rows are not part of it. The next cut is asked for after a pause that grows with failures in a row.
    pub(super) fn doom(&mut self, why: Refusal) {
        let (now_ms, table) = (self.context.now_ms(), self.opened.table.url());
        if self.retries.failed(now_ms) == Telling::Tell {
            let pause_ms = self.retries.paused_until_ms(now_ms).map_or(0, |until_ms| until_ms - now_ms);
            let failures = self.retries.in_a_row();
            tracing::error!(%table, why = why.message, failures, pause_ms, "uncommitted rows are given up");
        }
        if matches!(self.in_flight, Some(InFlight::Commit(_))) {
            self.doomed.get_or_insert(why);
        } else {
            self.discard(Vec::new(), why, None);
        }
    }

    pub(super) fn discard(&mut self, fenced: Vec<Arc<str>>, why: Refusal, columns: Option<Arc<TableColumns>>) {
        self.doomed = None;
        self.give_up_files();
        let (generation, next_cut) = self.book.discard();
        self.upkeep.claims.discarded(generation);
        self.rhythm.asked();
        self.gathered = (0, 0);
        let (table, fenced, shown) = (self.opened.key, fenced.into(), self.known.view().shown());
        self.tell_all(&Answer::Discarded { table, generation, next_cut, fenced, why, shown, columns });
    }

    /// Removes what no commit names.
    pub(super) fn give_up_files(&mut self) {
        let cuts = std::mem::take(&mut self.cuts);
        for (_, open) in cuts {
            self.under_way = self.under_way.saturating_sub(open.waiting());
            let finished = open.give_up(&self.context.runtime);
            self.delete(finished.into_iter().map(|file| file.added.path).collect());
        }
    }

    fn delete_files(&self, ended: &CutInFlight) {
        self.delete(ended.files.iter().map(|file| file.added.path.clone()).collect());
    }

    /// Removes files that no commit names, some time.
    pub(super) fn delete(&self, paths: Vec<String>) {
        if paths.is_empty() {
            return;
        }
        let (store, url) = (self.opened.table.store().clone(), self.opened.table.url().clone());
        drop(self.context.runtime.spawn_blocking(move || {
            for path in paths {
                if let Err(error) = store.delete(&path) {
                    tracing::warn!(table = %url, path, %error, "a file of uncommitted rows could not be removed");
                }
            }
        }));
    }

    /// Takes over what was the table's newest version at `seen_ms`, or later, unless something newer is known.
    pub(super) fn learn(&mut self, seen: Version, seen_ms: u64) {
        if seen.view().version > self.known.view().version || seen.view().id != self.known.view().id {
            (self.known, self.known_ms) = (seen, seen_ms);
        }
    }

    pub(super) fn begin_checkpoint(&mut self, version: u64) {
        let interval = self.context.settings.checkpoint_interval;
        if interval == 0 || version.saturating_sub(self.checkpointed) < interval || self.stopping.is_some() {
            return;
        }
        self.in_flight = Some(InFlight::Checkpoint);
        let (table, known) = (self.opened.table.clone(), self.known.clone());
        let context = self.context.clone();
        self.begin(async move { TableMessage::Checkpointed(context.blocking(move || table.checkpoint(&known)).await) });
    }

    /// A checkpoint was written, or not: then the next one is tried an interval later.
    pub(super) fn was_checkpointed(&mut self, result: Option<Result<Version, TableError>>) -> Life {
        self.in_flight = None;
        self.checkpointed = self.known.view().version;
        match result {
            // The same version, but listed from its checkpoint on.
            Some(Ok(version)) if version.view() == self.known.view() => self.known = version,
            Some(Ok(_)) | None => {}
            Some(Err(error)) => {
                tracing::warn!(table = %self.opened.table.url(), %error, "a checkpoint could not be written");
            }
        }
        self.life()
    }

    fn log(&self, ended: &CutInFlight, version: u64, races_lost: u32) {
        let CutInFlight { cut, files, times, began_ms } = ended;
        tracing::info!(
            table = %self.opened.table.url(),
            version,
            rows = cut.proposal.rows,
            files = files.len(),
            bytes = files.iter().map(|file| file.added.bytes).sum::<u64>(),
            row_groups = files.iter().map(|file| file.row_groups).sum::<usize>(),
            shards = cut.members.len(),
            streams = cut.proposal.ranges.len(),
            mints = cut.proposal.mints.len(),
            races_lost,
            gather_ms = times.gathered_ms.saturating_sub(times.asked_ms),
            file_ms = times.durable_ms.saturating_sub(times.gathered_ms),
            commit_ms = self.context.now_ms().saturating_sub(*began_ms),
            "committed"
        );
    }
}

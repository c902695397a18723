//! Gathered cuts on their way into the table: an attempt's steps, carried out upon the model.

use super::{Around, Mail, Plane, Running, UnderWay};
use crate::canary::Canary;
use crate::commit::Commit;
use crate::faults::Fault;
use crate::rows::{self, Row};
use crate::shape::chance;
use crate::store::Fate;
use bytes::Bytes;
use lakehead_engine::commit::attempt::{Attempt, Event, Files, Outcome, Plan, Step, Terms};
use lakehead_engine::commit::cut_book::GatheredCut;
use lakehead_engine::commit::decide::{Patience, Sighting};
use lakehead_engine::commit::ledger::Evidence;
use lakehead_engine::commit::stop::Stop;
use lakehead_engine::handover::Refusal;
use lakehead_engine::handover::answer::Answer;
use lakehead_engine::store::PutOutcome;
use lakehead_protocol::reject::RejectCode;
use rand::Rng;
use std::sync::Arc;

impl Plane {
    /// Takes the commit one step further.
    pub fn commit(&mut self, around: &mut Around<'_>) -> Mail {
        if self.running.is_none() {
            if self.merging.is_some() || self.begin_merge(around) {
                self.merge(around);
                return Vec::new();
            }
            return self.begin(around);
        }
        let Some(running) = &mut self.running else { return Vec::new() };
        let now_ms = around.step;
        if let Some(put) = running.under_way.take() {
            let outcome = if around.store.table.is(&put.table) {
                around.store.put(put.version, &put.bytes, put.fate, around.faults)
            } else {
                PutOutcome::Unknown("the table is gone".into())
            };
            around.trace.line(|| format!("put of version {}: {outcome:?} ({:?})", put.version, put.fate));
            if let (PutOutcome::Unknown(_), Some(file), Some(Canary::DeleteStagedOnError)) =
                (&outcome, &running.file, around.canary)
            {
                around.store.files.remove(&file.name);
            }
            running.attempt.on(now_ms, Event::Put(outcome));
            return Vec::new();
        }
        match running.attempt.step() {
            Step::Look => {
                let event = match around.store.look(around.rng, around.faults) {
                    Ok(Some(view)) => {
                        running.base = Some(view.clone());
                        Event::Looked(view)
                    }
                    Ok(None) => Event::LookFailed("no table".into()),
                    Err(why) => Event::LookFailed(why),
                };
                let races = running.attempt.races_lost();
                around.trace.line(|| {
                    let version = running.base.as_ref().map(|view| view.version);
                    format!("commit of cut {} looks: version {version:?}, races lost: {races}", running.cut.cut)
                });
                if races > 0 {
                    around.faults.met(Fault::LostRace);
                }
                running.attempt.on(now_ms, event);
            }
            Step::Freeze(plan) => {
                *around.nonce += 1;
                running.schema = running.base.as_ref().filter(|_| !plan.columns.is_empty()).map(|base| {
                    let added = rows::added_columns(&base.schema) + plan.columns.len();
                    rows::schema_text(added, *around.nonce)
                });
                let bytes = running.freeze(&plan, *around.nonce);
                running.plan = Some(plan);
                running.attempt.on(now_ms, Event::Frozen(bytes));
            }
            Step::Put { version, bytes } => {
                let logs = running.plan.as_ref().map(|plan| plan.entries.logs.iter());
                self.put_begun = logs.map(|logs| logs.map(|(log, entry)| (*log, *entry)).collect());
                let fate = around.store.fate(around.rng);
                let delay = if fate == Fate::Slow { around.rng.random_range(30..300) } else { 0 };
                let table = running.base.as_ref().map_or_else(|| "".into(), |base| base.id.clone());
                running.under_way = Some(UnderWay { version, bytes, fate, not_before: around.step + delay, table });
            }
            Step::Read { version } => {
                let outcome = around.store.read(version, around.rng, around.faults);
                running.attempt.on(now_ms, Event::Read(outcome));
            }
            Step::Sight(plan) => {
                around.faults.met(Fault::LateSight);
                let sighting = running.sight(&plan, around);
                running.attempt.on(now_ms, Event::Sighted(sighting));
            }
            Step::Pause { .. } => running.attempt.on(now_ms, Event::Paused),
            Step::Done(outcome) => return self.finish(outcome, around),
        }
        Vec::new()
    }

    fn begin(&mut self, around: &mut Around<'_>) -> Mail {
        let Some(table) = &mut self.table else { return Vec::new() };
        // What streams lack comes before the cuts.
        let next = match table.next_wish() {
            Some(wish) => Some((wish, Vec::new())),
            None if self.takes_later_first => table.gathered.pop_back(),
            None => table.gathered.pop_front(),
        };
        let Some((cut, row_groups)) = next else { return Vec::new() };
        let terms = Terms {
            id: table.id.clone(),
            schema: table.schema.clone(),
            streams_max: 1_000,
            patience: Patience { unknown_ms_max: self.patience_steps },
            canary: Canary::of_commit(around.canary),
        };
        // What is carried forward is believed as long as the version that it ends in is still there.
        let carried = chance(around.rng, 800) && around.store.table.has(table.known.version);
        let base = carried.then(|| table.known.clone());
        let attempt = Attempt::new(table.known_at, terms, cut.proposal.clone(), base.as_ref());
        around.trace.line(|| format!("commit of cut {} begins: {:?}", cut.cut, cut.proposal));
        let file = table.take_file(&cut, &row_groups, around);
        let early = (around.canary == Some(Canary::AckBeforeCommit)
            && cut.proposal.mints.is_empty()
            && cut.proposal.columns.is_empty())
        .then(|| {
            let (generation, version) = (table.book.generation(), table.version + 1);
            let (minted, shown) = (Arc::new([]), table.known.shown());
            Answer::Committed { table: table.key, generation, cut: cut.cut, version, minted, shown }
        });
        self.running = Some(Running {
            cut,
            row_groups,
            attempt,
            base,
            plan: None,
            schema: None,
            file,
            began: around.step,
            under_way: None,
        });
        early.map_or_else(Vec::new, |answer| table.to_all(&answer))
    }

    /// A data file of the cut that is gathered, or will be, cannot be written: what is uncommitted is given up.
    pub fn fail_file(&mut self, around: &mut Around<'_>) -> Mail {
        let is_committing = self.running.is_some();
        let Some(table) = self.table.as_mut().filter(|table| table.doomed.is_none()) else { return Vec::new() };
        if table.gathered.is_empty() && table.rows.is_empty() {
            return Vec::new();
        }
        around.faults.met(Fault::FileFailed);
        around.trace.line(|| "a data file cannot be written".to_owned());
        let why = Refusal::new(RejectCode::TableUnavailable, "a data file cannot be written");
        if is_committing {
            table.doomed = Some(why);
            return Vec::new();
        }
        table.discard(Vec::new(), why, None, around)
    }

    fn finish(&mut self, outcome: Outcome, around: &mut Around<'_>) -> Mail {
        let (Some(running), Some(table)) = (self.running.take(), &mut self.table) else { return Vec::new() };
        let (generation, cut) = (table.book.generation(), running.cut.cut);
        around.trace.line(|| format!("commit of cut {cut} ends: {outcome:?}"));
        let mut mail = match outcome {
            Outcome::Committed { version, minted, .. } => {
                table.version = version;
                if let Some((base, plan)) = running.base.zip(running.plan) {
                    let mut after = base.after(version, &plan.entries);
                    if let Some(schema) = running.schema {
                        around.faults.met(Fault::ColumnsAdded);
                        after.schema = schema.as_str().into();
                    }
                    table.learn(after, running.began);
                }
                if !running.cut.proposal.columns.is_empty() {
                    return table.take_columns(around);
                }
                let (minted, shown) = (minted.into(), table.known.shown());
                let answer = Answer::Committed { table: table.key, generation, cut, version, minted, shown };
                to_members(&running.cut, &answer)
            }
            Outcome::Nothing { version, .. } => {
                running.base.into_iter().for_each(|base| table.learn(base, running.began));
                let (minted, shown) = (Arc::new([]), table.known.shown());
                let answer = Answer::Committed { table: table.key, generation, cut, version, minted, shown };
                to_members(&running.cut, &answer)
            }
            Outcome::Discard { fenced, files, why, .. } => {
                if let (Files::Delete, Some(file)) = (files, running.file) {
                    around.store.files.remove(&file.name);
                }
                around.faults.met(Fault::CutDiscarded);
                table.doomed = None;
                running.base.into_iter().for_each(|base| table.learn(base, running.began));
                table.discard(fenced, Refusal::new(RejectCode::Discarded, why), None, around)
            }
            Outcome::Stop { why: Stop::SchemaChanged } => {
                running.file.iter().for_each(|file| _ = around.store.files.remove(&file.name));
                running.base.into_iter().for_each(|base| table.learn(base, running.began));
                table.take_columns(around)
            }
            Outcome::Stop { why } => {
                running.file.iter().for_each(|file| _ = around.store.files.remove(&file.name));
                return self.close(&why, around);
            }
        };
        if let Some(why) = table.doomed.take() {
            mail.extend(table.discard(Vec::new(), why, None, around));
        }
        mail
    }
}

/// An answer for the shards that the cut is from.
fn to_members(cut: &GatheredCut, answer: &Answer) -> Mail {
    cut.members.iter().map(|shard| (*shard, answer.clone())).collect()
}

impl Running {
    fn freeze(&self, plan: &Plan, nonce: u64) -> Bytes {
        let rows: Vec<Row> = self.row_groups.iter().flat_map(|group| rows::read(&group.rows)).collect();
        let commit = Commit {
            id: None,
            schema: self.schema.clone(),
            restores: None,
            nonce,
            committed: plan.entries.committed.clone(),
            epochs: plan.entries.epochs.clone(),
            logs: plan.entries.logs.clone(),
            ranges: self.cut.proposal.ranges.clone(),
            adds: self.file.iter().filter(|_| plan.files).cloned().collect(),
            rows: if plan.files { rows } else { Vec::new() },
            ..Commit::default()
        };
        commit.encode()
    }

    /// Whether the newest version shows the plan's entries, or its file.
    fn sight(&self, plan: &Plan, around: &mut Around<'_>) -> Sighting {
        match around.store.look(around.rng, around.faults) {
            Err(why) => Sighting::Unknown(why),
            Ok(_) if !plan.columns.is_empty() => Sighting::NotShown("it adds columns".into()),
            Ok(Some(view)) if view.version >= plan.version => {
                let file = self.file.as_ref().filter(|_| plan.files);
                let file = file.map(|file| around.store.table.files().contains_key(&file.name));
                match plan.entries.evidence(&view, file) {
                    Evidence::Shown => Sighting::Shown,
                    Evidence::Missing(what) => Sighting::NotShown(format!("the table does not show its {what}")),
                }
            }
            Ok(_) => Sighting::NotShown("the table is not there yet".into()),
        }
    }
}

//! Upkeep of a table: one look at a time, taken step by step, so that anything can come between two of them.
//!
//! Which files are merged, whether they are as they were and which ones are orphans is decided by the engine's own functions;
//! here they are given the model's files and commits.

use super::staging::{begin_file, finish_file};
use super::{Around, OpenedTable, Plane};
use crate::canary::Canary;
use crate::commit::{AddedFile, Commit};
use crate::faults::Fault;
use crate::shape::chance;
use lakehead_engine::commit::claims::Claims;
use lakehead_engine::commit::decide::Patience;
use lakehead_engine::commit::ledger::TableView;
use lakehead_engine::commit::staged_name::Origin;
use lakehead_engine::store::ReadOutcome;
use lakehead_engine::table::delta::commit_actions::CommitActions;
use lakehead_engine::upkeep::canary::Canary as UpkeepCanary;
use lakehead_engine::upkeep::inputs::{Inputs, inputs};
use lakehead_engine::upkeep::merge_attempt::Terms;
use lakehead_engine::upkeep::orphans::{Standing, judge};
use lakehead_engine::upkeep::planner::{Limits, SmallFile, plan};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a table's upkeep knows and is at.
pub(super) struct Upkeep {
    pub claims: Claims,
    round: Option<Round>,
    /// What waits to be committed.
    ready: Option<Merged>,
}

/// One look at the table.
struct Round {
    view: TableView,
    /// Staged files that are still to be judged.
    staged: Vec<(Origin, Arc<str>)>,
    /// Files to be merged, in the order of their rows.
    inputs: Vec<AddedFile>,
    /// The merged file, once it is begun.
    output: Option<(Option<Origin>, Arc<str>)>,
}

/// A merge that is written and not committed.
pub(super) struct Merged {
    pub inputs: Vec<AddedFile>,
    pub paths: BTreeSet<Arc<str>>,
    pub output: AddedFile,
    pub terms: Terms,
    /// Up to this version its files are known to be part of the table as they were.
    pub checked: u64,
}

impl Upkeep {
    /// Upkeep of a table whose generation is this one, which has done nothing.
    pub(super) fn new(generation: u64) -> Self {
        Self { claims: Claims::new(generation), round: None, ready: None }
    }

    /// Whether nothing is begun.
    pub(super) fn is_idle(&self) -> bool {
        self.round.is_none() && self.ready.is_none()
    }

    /// Whether a merge waits to be committed.
    pub(super) fn is_ready(&self) -> bool {
        self.ready.is_some()
    }

    /// Whether a merged file is there that no commit names.
    pub(super) fn has_output(&self) -> bool {
        self.is_ready() || self.round.as_ref().is_some_and(|round| round.output.is_some())
    }

    /// The merge that waits.
    pub(super) fn take_ready(&mut self) -> Option<Merged> {
        self.ready.take()
    }

    /// The table is closed: what waits is not committed. A file that is being written stays behind.
    pub(super) fn give_up(&mut self, around: &mut Around<'_>) {
        if let Some(merged) = self.ready.take() {
            around.store.files.remove(&merged.output.name);
        }
    }
}

impl Plane {
    /// Whether a look at the table may begin or go on.
    pub fn may_keep_up(&self) -> bool {
        self.merging.is_none() && self.table.as_ref().is_some_and(|table| !table.upkeep.is_ready())
    }

    /// Whether one was begun.
    pub fn is_keeping_up(&self) -> bool {
        self.table.as_ref().is_some_and(|table| table.upkeep.round.is_some())
    }

    /// Takes a look one step further, or begins one.
    pub fn keep_up(&mut self, around: &mut Around<'_>) -> super::Mail {
        let (limits, patience) = (self.limits, Patience { unknown_ms_max: self.patience_steps });
        if let Some(table) = &mut self.table {
            match table.upkeep.round.take() {
                None => table.look(&limits, around),
                Some(round) => table.go_on(round, patience, around),
            }
        }
        Vec::new()
    }
}

impl OpenedTable {
    fn look(&mut self, limits: &Limits, around: &mut Around<'_>) {
        let Ok(Some(view)) = around.store.look(around.rng, around.faults) else { return };
        if view.id != self.id {
            return;
        }
        let staged = if chance(around.rng, 500) { self.staged_files(around) } else { Vec::new() };
        let inputs = if chance(around.rng, 700) { planned(limits, around) } else { Vec::new() };
        around.trace.line(|| {
            let names: Vec<&str> = inputs.iter().map(|file| &*file.name).collect();
            format!("upkeep looks at version {}: {} files to judge, {names:?} to merge", view.version, staged.len())
        });
        if !staged.is_empty() || !inputs.is_empty() {
            self.upkeep.round = Some(Round { view, staged, inputs, output: None });
        }
    }

    /// Files in the table's folder that were staged for the logs of this engine.
    fn staged_files(&self, around: &Around<'_>) -> Vec<(Origin, Arc<str>)> {
        let logs = self.upkeep.claims.logs();
        let origins = around.store.files.keys().filter_map(|name| Some((Origin::of_name(name)?, name.clone())));
        origins.filter(|(origin, _)| logs.contains(&origin.log)).collect()
    }

    fn go_on(&mut self, mut round: Round, patience: Patience, around: &mut Around<'_>) {
        if let Some((origin, name)) = round.staged.pop() {
            // What cannot be read breaks the look off.
            let is_judged = judge_staged(&round.view, &origin, &name, around);
            let goes_on = is_judged.is_some() && (!round.staged.is_empty() || !round.inputs.is_empty());
            self.upkeep.round = Some(round).filter(|_| goes_on);
            return;
        }
        match &round.output {
            None => {
                let origin = self.upkeep.claims.origin_upon(&round.view);
                round.output = Some((origin, begin_file(origin.as_ref(), around)));
                self.upkeep.round = Some(round);
            }
            Some((origin, name)) => {
                let terms = Terms {
                    id: round.view.id.clone(),
                    schema: round.view.schema.clone(),
                    origin: *origin,
                    patience,
                    canary: Canary::of_upkeep(around.canary),
                };
                let name = name.clone();
                self.upkeep.ready = write(round, name, terms, around);
            }
        }
    }
}

/// What to merge of the table as it is now: what the engine's planner says first.
fn planned(limits: &Limits, around: &Around<'_>) -> Vec<AddedFile> {
    let live: Vec<&AddedFile> = around.store.table.files().values().collect();
    let small = live.iter().map(|file| SmallFile {
        path: file.name.clone(),
        partition: "".into(),
        bytes: file.bytes,
        modified_ms: file.modified as i64,
    });
    let merges = plan(&small.collect::<Vec<_>>(), limits, &BTreeSet::new());
    merges.first().map_or_else(Vec::new, |merge| merge.files.iter().map(|file| live[*file].clone()).collect())
}

/// Judges a staged file, and removes it when it is an orphan; nothing when a commit cannot be read.
fn judge_staged(view: &TableView, origin: &Origin, name: &str, around: &mut Around<'_>) -> Option<()> {
    let (claim, canary) = (view.log(origin.log).claim, Canary::of_upkeep(around.canary));
    let witness = |version| {
        if version > view.version {
            return Ok(None);
        }
        Ok::<_, String>(actions(version, around)?.map(|commit| commit.witness()))
    };
    let standing = judge(name, origin, claim, canary, witness).ok()?;
    around.trace.line(|| format!("file {name} is judged: {standing:?}"));
    match standing {
        Standing::Orphan => {
            if around.store.files.remove(name).is_some() {
                around.faults.met(Fault::OrphanRemoved);
            }
        }
        Standing::Open => around.faults.met(Fault::OrphanOpen),
        Standing::Unknown => around.faults.met(Fault::OrphanUnproven),
        Standing::Named => {}
    }
    Some(())
}

/// Writes the merged file, which is as old as the youngest in it.
fn write(round: Round, name: Arc<str>, terms: Terms, around: &mut Around<'_>) -> Option<Merged> {
    let Round { view, inputs: files, .. } = round;
    let drops = terms.canary == UpkeepCanary::DropFile;
    let read = if drops { &files[..files.len().saturating_sub(1)] } else { &files[..] };
    let mut rows = Vec::new();
    for file in read {
        match around.store.files.get(&file.name) {
            Some(more) => rows.extend_from_slice(more),
            None => {
                around.store.files.remove(&name);
                return None;
            }
        }
    }
    let youngest = files.iter().map(|file| file.modified).max()?;
    let output = AddedFile::of(name, rows.len(), youngest);
    finish_file(&output.name, rows, around);
    let paths: BTreeSet<Arc<str>> = files.iter().map(|file| file.name.clone()).collect();
    // Most of what came meanwhile is looked at here, so that the commit has little left to look at.
    let mut checked = view.version;
    if let Ok(Some(newest)) = around.store.look(around.rng, around.faults)
        && let Ok(Inputs::Live) = inputs(&paths, checked, newest.version, |version| actions(version, around))
    {
        checked = checked.max(newest.version);
    }
    around.trace.line(|| format!("file {} with {} files in it waits to be committed", output.name, files.len()));
    Some(Merged { inputs: files, paths, output, terms, checked })
}

/// What the commit of a version did, if it can still be read.
pub(super) fn actions(version: u64, around: &mut Around<'_>) -> Result<Option<CommitActions>, String> {
    match around.store.read(version, around.rng, around.faults) {
        ReadOutcome::Found(bytes) => Ok(Commit::decode(&bytes).map(|commit| commit.actions())),
        ReadOutcome::Missing => Ok(None),
        ReadOutcome::Unknown(why) => Err(why),
    }
}

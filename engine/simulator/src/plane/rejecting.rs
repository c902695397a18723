//! Rejected rows of a cut, into their table before the cut's commit: by the engine's own rules, upon a model of that table.

use super::{Around, Mail, Plane, UnderWay};
use crate::canary::Canary;
use crate::commit::Commit;
use crate::faults::{Fault, FaultCounts};
use crate::rows::{NO_CONTENT, Row};
use crate::store::{Fate, Store};
use crate::table::Table;
use lakehead_engine::commit::attempt::{Attempt, Canary as CommitCanary, Event, Files, Outcome, Plan, Step, Terms};
use lakehead_engine::commit::decide::{Patience, Sighting};
use lakehead_engine::commit::ledger::{Evidence, Proposal, TableView};
use lakehead_engine::commit::rejects::judging::{Judgement, OfLogs, There, judge};
use lakehead_engine::commit::stop::Stop;
use lakehead_engine::handover::log_part::LogId;
use lakehead_engine::handover::rejected::{RejectedRow, RejectedRows};
use lakehead_engine::store::PutOutcome;
use rand::Rng;

/// A cut's rejected rows, on their way.
pub(super) struct Rejecting {
    rejected: Vec<RejectedRows>,
    phase: Phase,
}

enum Phase {
    /// Whether the cut can be committed at all.
    Foreseeing,
    Looking,
    Committing(Box<Commission>),
}

/// A commit into the table of rejected rows.
struct Commission {
    attempt: Attempt,
    rows: Vec<Row>,
    places: Vec<(LogId, u64, u64)>,
    base: TableView,
    plan: Option<Plan>,
    under_way: Option<UnderWay>,
}

/// How a step ended.
enum Ended {
    GoesOn,
    /// The cut's commit comes now.
    Done,
    /// The cut is not committed.
    Not(Outcome),
}

impl Rejecting {
    pub fn new(rejected: Vec<RejectedRows>) -> Self {
        Self { rejected, phase: Phase::Foreseeing }
    }

    pub fn is_due(&self, step: u64) -> bool {
        match &self.phase {
            Phase::Committing(commission) => commission.under_way.as_ref().is_none_or(|put| put.not_before <= step),
            Phase::Foreseeing | Phase::Looking => true,
        }
    }

    /// The process died: a put that is out may land all the same.
    pub fn crash(self, store: &mut Store, faults: &mut FaultCounts) {
        let Phase::Committing(commission) = self.phase else { return };
        if let Some(put) = commission.under_way {
            faults.met(Fault::EngineCrashedInDoubt);
            store.rejects_mut().orphan(&put.table, put.version, put.bytes);
        }
    }

    fn rows(&self) -> OfLogs<'_> {
        self.rejected.iter().flat_map(|of| of.rows.iter().map(|row| (of.log, row))).collect()
    }

    fn look(&mut self, cut: &Proposal, patience: Patience, around: &mut Around<'_>) -> Ended {
        let rejects = around.store.rejects_mut();
        let Ok(found) = rejects.look(around.rng, around.faults) else { return Ended::GoesOn };
        let Some(view) = found else {
            *around.nonce += 1;
            let id = Some(format!("rejects{}", around.nonce));
            rejects.table.put(0, &Commit { id, nonce: *around.nonce, ..Commit::default() }.encode());
            return Ended::GoesOn;
        };
        let all = self.rows();
        let there = match judge(cut, &all, &view, None) {
            Judgement::Read => Some(read_there(&rejects.table)),
            _ => None,
        };
        let (rows, proposal) = match judge(cut, &all, &view, there.as_ref()) {
            Judgement::Read => return Ended::GoesOn,
            Judgement::Nothing => {
                around.faults.met(Fault::RejectsKnown);
                return Ended::Done;
            }
            Judgement::Fenced(fenced) => {
                let why = "newer producers are known to the table of rejected rows".to_owned();
                return Ended::Not(Outcome::Discard { fenced, moved: Vec::new(), files: Files::Delete, why });
            }
            Judgement::Superseded { log, claim, shown } => {
                return Ended::Not(Outcome::Stop { why: Stop::Superseded { log, claim, shown } });
            }
            Judgement::Commit { rows, proposal } => (rows, proposal),
        };
        if rows.len() < all.len() {
            around.faults.met(Fault::RejectsKnown);
        }
        let repeats = around.canary == Some(Canary::RejectsRepeated);
        let rows = if repeats { all } else { rows };
        let places = rows.iter().map(|(log, row)| (*log, row.position, row.offset)).collect();
        let rows = rows.iter().map(|(_, row)| read(row)).collect();
        let terms = Terms {
            id: view.id.clone(),
            schema: view.schema.clone(),
            streams_max: usize::MAX,
            patience,
            canary: CommitCanary::None,
        };
        around.trace.line(|| format!("rejected rows begin to be committed: {proposal:?}"));
        let attempt = Attempt::new(around.step, terms, proposal, Some(&view));
        let commission = Commission { attempt, rows, places, base: view, plan: None, under_way: None };
        self.phase = Phase::Committing(Box::new(commission));
        Ended::GoesOn
    }
}

impl Plane {
    /// Takes the rejected rows of the cut that is being committed one step further.
    pub(super) fn reject_first(&mut self, around: &mut Around<'_>) -> Mail {
        let patience = Patience { unknown_ms_max: self.patience_steps };
        let Some(running) = &mut self.running else { return Vec::new() };
        let (cut, Some(rejecting)) = (&running.cut.proposal, &mut running.rejecting) else { return Vec::new() };
        if around.canary == Some(Canary::RejectsLeftOut) {
            running.rejecting = None;
            return Vec::new();
        }
        let ended = match &mut rejecting.phase {
            Phase::Foreseeing => match around.store.look(around.rng, around.faults) {
                Ok(Some(view)) => {
                    let terms = running.attempt.terms().clone();
                    let mut attempt = Attempt::new(around.step, terms, cut.clone(), None);
                    attempt.on(around.step, Event::Looked(view.clone()));
                    match attempt.step() {
                        Step::Done(outcome) if !matches!(outcome, Outcome::Nothing { .. }) => {
                            around.faults.met(Fault::RejectsForeseen);
                            running.base = Some(view);
                            Ended::Not(outcome)
                        }
                        _ => {
                            rejecting.phase = Phase::Looking;
                            Ended::GoesOn
                        }
                    }
                }
                Ok(None) | Err(_) => Ended::GoesOn,
            },
            Phase::Looking => rejecting.look(cut, patience, around),
            Phase::Committing(commission) => match commission.step(around) {
                None => Ended::GoesOn,
                Some(Outcome::Committed { .. }) => {
                    around.faults.met(Fault::RowsRejected);
                    Ended::Done
                }
                Some(outcome) => {
                    around.trace.line(|| format!("rejected rows were not committed: {outcome:?}"));
                    rejecting.phase = Phase::Looking;
                    Ended::GoesOn
                }
            },
        };
        match ended {
            Ended::GoesOn => Vec::new(),
            Ended::Done => {
                running.rejecting = None;
                Vec::new()
            }
            Ended::Not(outcome) => self.finish(outcome, around),
        }
    }
}

impl Commission {
    fn step(&mut self, around: &mut Around<'_>) -> Option<Outcome> {
        let (step, store) = (around.step, around.store.rejects_mut());
        if let Some(put) = self.under_way.take() {
            let outcome = store.put(put.version, &put.bytes, put.fate, around.faults);
            if matches!(outcome, PutOutcome::Unknown(_)) {
                around.faults.met(Fault::RejectsInDoubt);
            }
            around.trace.line(|| format!("put of version {} of rejected rows: {outcome:?}", put.version));
            self.attempt.on(step, Event::Put(outcome));
            return None;
        }
        let event = match self.attempt.step() {
            Step::Look => match store.look(around.rng, around.faults) {
                Ok(Some(view)) => {
                    self.base = view.clone();
                    Event::Looked(view)
                }
                Ok(None) => Event::LookFailed("no table".into()),
                Err(why) => Event::LookFailed(why),
            },
            Step::Freeze(plan) => {
                *around.nonce += 1;
                let commit = Commit {
                    nonce: *around.nonce,
                    committed: plan.entries.committed.clone(),
                    epochs: plan.entries.epochs.clone(),
                    logs: plan.entries.logs.clone(),
                    rows: self.rows.clone(),
                    places: self.places.clone(),
                    ..Commit::default()
                };
                self.plan = Some(plan);
                Event::Frozen(commit.encode())
            }
            Step::Put { version, bytes } => {
                let fate = store.fate(around.rng);
                let delay = if fate == Fate::Slow { around.rng.random_range(30..300) } else { 0 };
                let table = self.base.id.clone();
                self.under_way = Some(UnderWay { version, bytes, fate, not_before: step + delay, table });
                return None;
            }
            Step::Read { version } => Event::Read(store.read(version, around.rng, around.faults)),
            // Only one who commits these rows brings their log, or their streams, so far.
            Step::Sight(plan) => Event::Sighted(match store.look(around.rng, around.faults) {
                Err(why) => Sighting::Unknown(why),
                Ok(Some(view)) if view.version >= plan.version => match plan.entries.evidence(&view, None) {
                    Evidence::Shown => Sighting::Shown,
                    Evidence::Missing(what) => Sighting::NotShown(format!("the table does not show its {what}")),
                },
                Ok(_) => Sighting::NotShown("the table is not there yet".into()),
            }),
            Step::Pause { .. } => Event::Paused,
            Step::Done(outcome) => return Some(outcome),
        };
        self.attempt.on(step, event);
        None
    }
}

/// Which rows the table has.
fn read_there(table: &Table) -> There {
    let mut there = There::default();
    for (_, commit) in table.versions() {
        for (row, (log, position, offset)) in commit.rows.iter().zip(&commit.places) {
            // The names of anonymous streams are the model's own.
            let stream = Some(row.stream.as_str()).filter(|stream| !stream.starts_with('~'));
            there.add(*log, *position, stream, *offset);
        }
    }
    there
}

/// A rejected row as a table's row; what it says of itself must be its place.
fn read(row: &RejectedRow) -> Row {
    let after = |what: &str| row.row.split(&format!("\"{what}\":")).nth(1).unwrap_or_default();
    let stream = after("stream").trim_start_matches('"').split('"').next().unwrap_or_default();
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u64>();
    let is_whole = number(after("seq")) == Ok(row.offset) && after("content").starts_with("null");
    let content = if is_whole { NO_CONTENT } else { 0 };
    Row { stream: stream.to_owned(), seq: row.offset, content }
}

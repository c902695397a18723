//! One engine's commit plane: what lies between the real pieces, as a model.
//!
//! Real are the cut book (numbers of cuts and generations, who has answered), the port and the attempt with all that it
//! decides. Modelled here, because the engine does it in an asynchronous task with encoders and Delta around it: answering
//! requests, keeping the row groups of each cut, carrying out an attempt's steps against the model store, and telling the
//! shards how it ended. When cuts are asked for is left to chance: every rhythm is one of its schedules.

use crate::canary::Canary;
use crate::faults::{Fault, FaultCounts};
use crate::rows::{self, Row};
use crate::shape::{Shape, chance};
use crate::store::{Fate, Store};
use crate::table::Commit;
use bytes::Bytes;
use lakehead_engine::commit::attempt::{Attempt, Event, Files, Outcome, Plan, Step, Terms};
use lakehead_engine::commit::cut_book::{CutBook, Gathered, GatheredCut};
use lakehead_engine::commit::decide::{Patience, Sighting};
use lakehead_engine::commit::ledger::{Evidence, TableView};
use lakehead_engine::handover::answer::{Answer, OpenTable};
use lakehead_engine::handover::cut::Piece;
use lakehead_engine::handover::log_part::{LogEntry, LogId};
use lakehead_engine::handover::port::{TablePieces, TablePort, table_port};
use lakehead_engine::handover::request::Request;
use lakehead_engine::handover::row_group::RowGroup;
use lakehead_engine::handover::{Refusal, ShardId, TableKey};
use lakehead_engine::store::PutOutcome;
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::Schema;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Answers for shards, each with whom it is for.
pub type Mail = Vec<(ShardId, Answer)>;

/// What a plane needs of the world at a step.
pub struct Around<'a> {
    pub store: &'a mut Store,
    pub rng: &'a mut ChaCha8Rng,
    pub faults: &'a mut FaultCounts,
    pub step: u64,
    pub nonce: &'a mut u64,
    pub canary: Option<Canary>,
    pub trace: &'a mut crate::trace::Trace,
}

/// The plane.
pub struct Plane {
    pub requests: VecDeque<Request>,
    /// Somebody wants a cut.
    pub wanted: bool,
    /// Pieces in the port.
    pub pieces: usize,
    port_capacity: usize,
    patience_steps: u64,
    keys: u32,
    /// What the put that was begun last says of logs.
    pub put_begun: Option<Vec<(LogId, LogEntry)>>,
    table: Option<OpenedTable>,
    running: Option<Running>,
}

struct OpenedTable {
    key: TableKey,
    id: Arc<str>,
    schema: Arc<str>,
    version: u64,
    book: CutBook,
    port: TablePort,
    pieces: TablePieces,
    rows: BTreeMap<u64, Vec<RowGroup>>,
    gathered: VecDeque<(GatheredCut, Vec<RowGroup>)>,
    /// The newest version that is known.
    known: TableView,
    /// When it was the newest.
    known_at: u64,
    /// Why everything uncommitted will be given up when the commit that is under way is over.
    doomed: Option<Refusal>,
}

struct Running {
    cut: GatheredCut,
    row_groups: Vec<RowGroup>,
    attempt: Attempt,
    base: Option<TableView>,
    plan: Option<Plan>,
    /// The data file, once it is written.
    file: Option<u64>,
    /// When the commit began.
    began: u64,
    under_way: Option<UnderWay>,
}

/// A put that was begun.
struct UnderWay {
    version: u64,
    bytes: Bytes,
    fate: Fate,
    not_before: u64,
}

impl Plane {
    /// A plane that has no table open.
    pub fn new(shape: &Shape) -> Self {
        Self {
            requests: VecDeque::new(),
            wanted: false,
            pieces: 0,
            port_capacity: shape.port_capacity,
            patience_steps: shape.patience_steps,
            keys: 0,
            put_begun: None,
            table: None,
            running: None,
        }
    }

    /// Whether nothing is on its way to the table.
    pub fn is_idle(&self) -> bool {
        let table_is_idle =
            self.table.as_ref().is_none_or(|table| table.gathered.is_empty() && !table.book.is_gathering());
        self.requests.is_empty() && self.pieces == 0 && self.running.is_none() && table_is_idle && !self.wanted
    }

    /// Whether a cut may be asked for now: one at a time is gathered, and one waits for the commit that is under way.
    pub fn may_cut(&self) -> bool {
        self.table
            .as_ref()
            .is_some_and(|table| !table.book.is_gathering() && table.gathered.is_empty() && table.doomed.is_none())
    }

    /// Whether a commit has something to do at this step.
    pub fn may_commit(&self, step: u64) -> bool {
        match &self.running {
            Some(running) => running.under_way.as_ref().is_none_or(|put| put.not_before <= step),
            None => self.table.as_ref().is_some_and(|table| !table.gathered.is_empty() && table.doomed.is_none()),
        }
    }

    /// The process died: a put that is out may land all the same.
    pub fn crash(self, store: &mut Store, faults: &mut FaultCounts) {
        let Some(Running { attempt, under_way, .. }) = self.running else { return };
        if let Some(put) = under_way {
            faults.met(Fault::EngineCrashedInDoubt);
            store.orphan(put.version, put.bytes);
        } else if attempt.is_in_doubt() {
            faults.met(Fault::EngineCrashedInDoubt);
        }
    }

    /// Answers the oldest request.
    pub fn answer_request(&mut self, around: &mut Around<'_>) -> Mail {
        match self.requests.pop_front() {
            Some(Request::OpenTable { shard, ticket, name, create, insist }) => {
                let result = self.open_table(shard, create.as_deref().filter(|_| !insist), around);
                if let (true, Err(why)) = (insist, &result)
                    && why.code == RejectCode::TableUnavailable
                {
                    // Whoever insists is answered when that is definite.
                    self.requests.push_back(Request::OpenTable { shard, ticket, name, create, insist });
                    return Vec::new();
                }
                around.trace.line(|| format!("plane answers open of ticket {ticket:?}: {}", sentence(&result)));
                vec![(shard, Answer::TableOpened { ticket, result })]
            }
            Some(Request::FindStream { shard, table, stream })
                if self.table.as_ref().is_none_or(|open| open.key != table) =>
            {
                let result = Err(Refusal::new(RejectCode::Discarded, "the table was closed"));
                vec![(shard, Answer::StreamFound { table, stream, result })]
            }
            Some(Request::FindStream { shard, table, stream }) => {
                let result = match around.store.look(around.rng, around.faults) {
                    Ok(Some(view)) => {
                        let entry = view.entry(&stream);
                        if let Some(table) = &mut self.table {
                            table.learn(view, around.step);
                        }
                        Ok(entry)
                    }
                    Ok(None) => Err(Refusal::new(RejectCode::UnknownTable, "no such table")),
                    Err(why) => Err(Refusal::new(RejectCode::TableUnavailable, why)),
                };
                around.trace.line(|| format!("plane answers find of {stream}: {result:?}"));
                vec![(shard, Answer::StreamFound { table, stream, result })]
            }
            Some(Request::WantCut { table, .. }) => {
                // A table that was closed needs no cut.
                self.wanted |= self.table.as_ref().is_some_and(|open| open.key == table);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn open_table(
        &mut self,
        shard: ShardId,
        create: Option<&Schema>,
        around: &mut Around<'_>,
    ) -> Result<OpenTable, Refusal> {
        if self.table.is_none() {
            let mut view = around.store.look(around.rng, around.faults).map_err(|why| {
                around.faults.met(Fault::TableUnavailable);
                Refusal::new(RejectCode::TableUnavailable, why)
            })?;
            if let (None, Some(_)) = (&view, create) {
                around.faults.met(Fault::TableMade);
                *around.nonce += 1;
                let made = Commit { id: Some(format!("t{}", around.nonce)), nonce: *around.nonce, ..Commit::default() };
                around.store.table.put(0, &made.encode());
                view = around.store.table.view();
            }
            let view = view.ok_or_else(|| Refusal::new(RejectCode::UnknownTable, "no such table"))?;
            let (port, pieces) = table_port(self.port_capacity, Arc::new(|| {}));
            self.keys += 1;
            self.table = Some(OpenedTable {
                key: TableKey(self.keys),
                id: view.id.clone(),
                schema: view.schema.clone(),
                version: view.version,
                book: CutBook::default(),
                port,
                pieces,
                rows: BTreeMap::new(),
                gathered: VecDeque::new(),
                known: view,
                known_at: around.step,
                doomed: None,
            });
        }
        let broken = || Refusal::new(RejectCode::Internal, "the model's schema is no schema");
        let table = self.table.as_mut().ok_or_else(broken)?;
        table.book.join(shard);
        Ok(OpenTable {
            key: table.key,
            id: table.id.clone(),
            version: table.version,
            schema: Arc::new(rows::schema()),
            arrow_schema: Arc::new(to_arrow(&rows::schema()).map_err(|_| broken())?),
            generation: table.book.generation(),
            next_cut: table.book.next_cut(),
            port: table.port.clone(),
        })
    }

    /// Asks every shard for the next cut.
    pub fn ask_cut(&mut self, around: &mut Around<'_>) -> Mail {
        let Some(table) = &mut self.table else { return Vec::new() };
        let Some(cut) = table.book.ask() else { return Vec::new() };
        if !std::mem::take(&mut self.wanted) {
            around.faults.met(Fault::IdleCut);
        }
        let generation = table.book.generation();
        around.trace.line(|| format!("plane asks for cut {cut} of generation {generation}"));
        table.to_all(&Answer::CutWanted { table: table.key, generation, cut })
    }

    /// Takes one piece out of the port.
    pub fn take_piece(&mut self, around: &mut Around<'_>) -> Mail {
        let Some(table) = &mut self.table else { return Vec::new() };
        let Some((piece, was_full)) = table.pieces.try_next() else { return Vec::new() };
        self.pieces -= 1;
        match piece {
            Piece::RowGroup(group) => {
                let accepts = table.book.accepts(group.generation, group.cut);
                around.trace.line(|| {
                    let (shard, rows) = (group.shard.0, group.rows.num_rows());
                    format!("plane gets {rows} rows of cut {} from shard {shard}, accepted: {accepts}", group.cut)
                });
                if accepts || around.canary == Some(Canary::GenerationIgnored) {
                    table.rows.entry(group.cut).or_default().push(group);
                }
            }
            Piece::CutDone(done) => {
                around.trace.line(|| format!("plane gets {done:?}"));
                if let Gathered::Whole(whole) = table.book.done(done) {
                    let row_groups = table.rows.remove(&whole.cut).unwrap_or_default();
                    table.gathered.push_back((whole, row_groups));
                }
            }
        }
        if was_full { table.to_all(&Answer::Room { table: table.key }) } else { Vec::new() }
    }

    /// Takes the commit one step further.
    pub fn commit(&mut self, around: &mut Around<'_>) -> Mail {
        if self.running.is_none() {
            return self.begin(around);
        }
        let Some(running) = &mut self.running else { return Vec::new() };
        let now_ms = around.step;
        if let Some(put) = running.under_way.take() {
            let outcome = around.store.put(put.version, &put.bytes, put.fate, around.faults);
            around.trace.line(|| format!("put of version {}: {outcome:?} ({:?})", put.version, put.fate));
            if let (PutOutcome::Unknown(_), Some(file), Some(Canary::DeleteStagedOnError)) =
                (&outcome, running.file, around.canary)
            {
                around.store.files.remove(&file);
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
                if plan.files {
                    let file = *running.file.get_or_insert(*around.nonce);
                    if running.plan.is_none() {
                        around.store.files.insert(file);
                    }
                }
                let bytes = running.freeze(&plan, *around.nonce);
                running.plan = Some(plan);
                running.attempt.on(now_ms, Event::Frozen(bytes));
            }
            Step::Put { version, bytes } => {
                let logs = running.plan.as_ref().map(|plan| plan.entries.logs.iter());
                self.put_begun = logs.map(|logs| logs.map(|(log, entry)| (*log, *entry)).collect());
                let fate = around.store.fate(around.rng);
                let delay = if fate == Fate::Slow { around.rng.random_range(30..300) } else { 0 };
                running.under_way = Some(UnderWay { version, bytes, fate, not_before: around.step + delay });
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
        let Some((cut, row_groups)) = table.gathered.pop_front() else { return Vec::new() };
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
        let early = (around.canary == Some(Canary::AckBeforeCommit) && cut.proposal.mints.is_empty()).then(|| {
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
            file: None,
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
        table.discard(Vec::new(), why, around.canary)
    }

    fn finish(&mut self, outcome: Outcome, around: &mut Around<'_>) -> Mail {
        let (Some(running), Some(table)) = (self.running.take(), &mut self.table) else { return Vec::new() };
        let (generation, cut) = (table.book.generation(), running.cut.cut);
        around.trace.line(|| format!("commit of cut {cut} ends: {outcome:?}"));
        let mut mail = match outcome {
            Outcome::Committed { version, minted, .. } => {
                table.version = version;
                if let Some((base, plan)) = running.base.zip(running.plan) {
                    table.learn(base.after(version, &plan.entries), running.began);
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
                    around.store.files.remove(&file);
                }
                around.faults.met(Fault::CutDiscarded);
                table.doomed = None;
                running.base.into_iter().for_each(|base| table.learn(base, running.began));
                table.discard(fenced, Refusal::new(RejectCode::Discarded, why), around.canary)
            }
            Outcome::Stop { why } => {
                around.faults.met(Fault::TableClosed);
                running.file.iter().for_each(|file| _ = around.store.files.remove(file));
                let (held, why) = (why.held(), why.refusal());
                let mail = table.to_all(&Answer::TableClosed { table: table.key, why, held });
                self.table = None;
                self.pieces = 0;
                self.wanted = false;
                return mail;
            }
        };
        if let Some(why) = table.doomed.take() {
            mail.extend(table.discard(Vec::new(), why, around.canary));
        }
        mail
    }
}

impl OpenedTable {
    fn discard(&mut self, fenced: Vec<Arc<str>>, why: Refusal, canary: Option<Canary>) -> Mail {
        self.gathered.clear();
        if canary != Some(Canary::GenerationIgnored) {
            self.rows.clear();
        }
        let (generation, next_cut) = self.book.discard();
        let (fenced, shown) = (fenced.into(), self.known.shown());
        self.to_all(&Answer::Discarded { table: self.key, generation, next_cut, fenced, why, shown })
    }

    /// Takes over what was seen of the table, unless something newer is known.
    fn learn(&mut self, seen: TableView, at: u64) {
        if seen.version > self.known.version {
            (self.known, self.known_at) = (seen, at);
        }
    }

    fn to_all(&self, answer: &Answer) -> Mail {
        self.book.members().map(|shard| (shard, answer.clone())).collect()
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
            schema: None,
            nonce,
            committed: plan.entries.committed.clone(),
            epochs: plan.entries.epochs.clone(),
            logs: plan.entries.logs.clone(),
            ranges: self.cut.proposal.ranges.clone(),
            file: self.file.filter(|_| plan.files),
            rows: if plan.files { rows } else { Vec::new() },
        };
        commit.encode()
    }

    /// Whether the newest version shows the plan's entries, or its file.
    fn sight(&self, plan: &Plan, around: &mut Around<'_>) -> Sighting {
        match around.store.look(around.rng, around.faults) {
            Err(why) => Sighting::Unknown(why),
            Ok(Some(view)) if view.version >= plan.version => {
                let file = self.file.filter(|_| plan.files).map(|file| around.store.table.files().contains(&file));
                match plan.entries.evidence(&view, file) {
                    Evidence::Shown => Sighting::Shown,
                    Evidence::Missing(what) => Sighting::NotShown(format!("the table does not show its {what}")),
                }
            }
            Ok(_) => Sighting::NotShown("the table is not there yet".into()),
        }
    }
}

fn sentence(result: &Result<OpenTable, Refusal>) -> String {
    match result {
        Ok(open) => format!("generation {} next cut {}", open.generation, open.next_cut),
        Err(refusal) => format!("{:?} {}", refusal.code, refusal.message),
    }
}

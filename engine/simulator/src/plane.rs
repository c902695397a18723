//! One engine's commit plane: what lies between the real pieces, as a model.
//!
//! Real are the cut book (numbers of cuts and generations, who has answered), the port and the attempt with all that it
//! decides. Modelled here, because the engine does it in an asynchronous task with encoders and Delta around it: answering
//! requests, keeping the row groups of each cut, carrying out an attempt's steps against the model store, and telling the
//! shards how it ended; and files being staged, merged and found for orphans by the engine's own rules. When cuts are asked for is left to chance: every rhythm is one of its schedules.

mod committing;
mod evolving;
mod giving_up;
mod merging;
mod rejecting;
mod staging;
mod upkeep;

use crate::canary::Canary;
use crate::commit::{AddedFile, Commit};
use crate::faults::{Fault, FaultCounts};
use crate::routes::first_key;
use crate::rows;
use crate::shape::{BadRows, Shape};
use crate::store::{Fate, Store};
use bytes::Bytes;
use lakehead_engine::commit::attempt::{Attempt, Plan};
use lakehead_engine::commit::cut_book::{CutBook, Gathered, GatheredCut};
use lakehead_engine::commit::ledger::TableView;
use lakehead_engine::commit::stop::Stop;
use lakehead_engine::handover::answer::{Answer, OpenTable};
use lakehead_engine::handover::bad_rows::BadRowPolicy;
use lakehead_engine::handover::cut::Piece;
use lakehead_engine::handover::cut_size::CutSize;
use lakehead_engine::handover::log_part::{LogEntry, LogId};
use lakehead_engine::handover::port::{TablePieces, TablePort, table_port};
use lakehead_engine::handover::rejected::RejectedRows;
use lakehead_engine::handover::request::Request;
use lakehead_engine::handover::row_group::RowGroup;
use lakehead_engine::handover::{Refusal, ShardId, TableKey};
use lakehead_engine::upkeep::planner::Limits;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::Schema;
use merging::Merging;
use rand_chacha::ChaCha8Rng;
use rejecting::Rejecting;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use upkeep::Upkeep;

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
    cut_size: CutSize,
    bad_rows: BadRowPolicy,
    /// What the put that was begun last says of logs.
    pub put_begun: Option<Vec<(LogId, LogEntry)>>,
    table: Option<OpenedTable>,
    running: Option<Running>,
    /// A merge on its way into the table; it has the one place for a commit then.
    merging: Option<Merging>,
    limits: Limits,
    /// A planted bug has a second cut wait, and takes that first.
    takes_later_first: bool,
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
    /// The files of cuts that were not begun to be committed.
    staged: BTreeMap<u64, Arc<str>>,
    gathered: VecDeque<(GatheredCut, Vec<RowGroup>)>,
    /// Rejected rows by cut.
    rejected: BTreeMap<u64, Vec<RejectedRows>>,
    /// The newest version that is known.
    known: TableView,
    /// When it was the newest.
    known_at: u64,
    /// Why everything uncommitted will be given up when the commit that is under way is over.
    doomed: Option<Refusal>,
    /// Schemas of streams with columns that the table does not have.
    wishes: VecDeque<Arc<Schema>>,
    upkeep: Upkeep,
}

struct Running {
    cut: GatheredCut,
    row_groups: Vec<RowGroup>,
    attempt: Attempt,
    /// Rejected rows that go first.
    rejecting: Option<Rejecting>,
    base: Option<TableView>,
    plan: Option<Plan>,
    /// What the commit says of the table's schema, if it adds columns.
    schema: Option<String>,
    /// The data file, if it has one.
    file: Option<AddedFile>,
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
    /// The id of the table that it is for.
    table: Arc<str>,
}

impl Plane {
    /// The plane of a table, which it does not have open.
    pub fn new(shape: &Shape, table: usize, canary: Option<Canary>) -> Self {
        Self {
            requests: VecDeque::new(),
            wanted: false,
            pieces: 0,
            port_capacity: shape.port_capacity,
            patience_steps: shape.patience_steps,
            cut_size: CutSize { rows: shape.cut_rows, ..CutSize::default() },
            bad_rows: if shape.bad_rows == BadRows::None { BadRowPolicy::Refuse } else { BadRowPolicy::Divert },
            keys: first_key(table),
            put_begun: None,
            table: None,
            running: None,
            merging: None,
            limits: shape.limits,
            takes_later_first: canary == Some(Canary::CutsOutOfOrder),
        }
    }

    /// Whether nothing is on its way to the table.
    pub fn is_idle(&self) -> bool {
        let table_is_idle = self
            .table
            .as_ref()
            .is_none_or(|table| table.gathered.is_empty() && table.wishes.is_empty() && !table.book.is_gathering());
        let is_committing = self.running.is_some() || self.merging.is_some();
        let has_upkeep = self.table.as_ref().is_some_and(|table| !table.upkeep.is_idle());
        self.requests.is_empty() && self.pieces == 0 && !is_committing && table_is_idle && !self.wanted && !has_upkeep
    }

    /// Whether a cut may be asked for now: one at a time is gathered, and one waits for the commit that is under way.
    pub fn may_cut(&self) -> bool {
        let waiting_max = usize::from(self.takes_later_first);
        self.table.as_ref().is_some_and(|table| {
            !table.book.is_gathering() && table.gathered.len() <= waiting_max && table.doomed.is_none()
        })
    }

    /// Whether a commit has something to do at this step.
    pub fn may_commit(&self, step: u64) -> bool {
        let is_due = |put: &Option<UnderWay>| put.as_ref().is_none_or(|put| put.not_before <= step);
        match (&self.running, &self.merging) {
            (Some(running), _) => {
                is_due(&running.under_way) && running.rejecting.as_ref().is_none_or(|first| first.is_due(step))
            }
            (None, Some(merging)) => is_due(&merging.under_way),
            (None, None) => self.table.as_ref().is_some_and(|table| {
                let has_cut = !table.gathered.is_empty() || !table.wishes.is_empty();
                (has_cut || table.upkeep.is_ready()) && table.doomed.is_none()
            }),
        }
    }

    /// The process died: a put that is out may land all the same.
    pub fn crash(self, store: &mut Store, faults: &mut FaultCounts) {
        if self.has_merge() {
            faults.met(Fault::MergeCrashed);
        }
        if let Some(put) = self.merging.and_then(|merging| merging.under_way) {
            store.orphan(&put.table, put.version, put.bytes);
        }
        let Some(Running { attempt, under_way, rejecting, .. }) = self.running else { return };
        rejecting.into_iter().for_each(|rejecting| rejecting.crash(store, faults));
        if let Some(put) = under_way {
            faults.met(Fault::EngineCrashedInDoubt);
            store.orphan(&put.table, put.version, put.bytes);
        } else if attempt.is_in_doubt() {
            faults.met(Fault::EngineCrashedInDoubt);
        }
    }

    /// Whether a merged file is there that no commit names.
    pub fn has_merge(&self) -> bool {
        self.merging.is_some() || self.table.as_ref().is_some_and(|table| table.upkeep.has_output())
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
                    Ok(Some(view)) if self.table.as_ref().is_some_and(|open| open.id != view.id) => {
                        return self.found_another(shard, table, stream, around);
                    }
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
            Some(Request::AddColumns { table, schema, .. }) => {
                // A table that was closed has told its shards.
                if self.table.as_ref().is_some_and(|open| open.key == table) {
                    self.wish(schema, around);
                }
                Vec::new()
            }
            Some(Request::StopTable { table, why }) if self.merging.is_some() => {
                // Not before it is certain what becomes of the merge.
                self.requests.push_back(Request::StopTable { table, why });
                Vec::new()
            }
            Some(Request::StopTable { table, why }) => {
                if self.table.as_ref().is_some_and(|open| open.key == table) && self.running.is_none() {
                    return self.close(&Stop::Unbuildable(why), around);
                }
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
                let added = create.map_or(0, |schema| schema.columns.len() - rows::schema().columns.len());
                let schema = Some(rows::schema_text(added, *around.nonce, false));
                let id = Some(format!("t{}", around.nonce));
                let made = Commit { id, schema, nonce: *around.nonce, ..Commit::default() };
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
                upkeep: Upkeep::new(CutBook::default().generation()),
                book: CutBook::default(),
                port,
                pieces,
                rows: BTreeMap::new(),
                gathered: VecDeque::new(),
                rejected: BTreeMap::new(),
                known: view,
                known_at: around.step,
                doomed: None,
                wishes: VecDeque::new(),
                staged: BTreeMap::new(),
            });
        }
        let broken = || Refusal::new(RejectCode::Internal, "the model's schema is no schema");
        let table = self.table.as_mut().ok_or_else(broken)?;
        table.book.join(shard);
        let columns = table.columns().ok_or_else(broken)?;
        Ok(OpenTable {
            key: table.key,
            id: table.id.clone(),
            version: table.version,
            schema: columns.schema,
            arrow_schema: columns.arrow_schema,
            partition_columns: [].into(),
            generation: table.book.generation(),
            next_cut: table.book.next_cut(),
            cut_size: self.cut_size,
            bad_rows: self.bad_rows,
            port: table.port.clone(),
        })
    }

    /// What stands in the table's place is another one. A commit that is under way finds out for itself.
    fn found_another(&mut self, shard: ShardId, table: TableKey, stream: Arc<str>, around: &mut Around<'_>) -> Mail {
        let mut mail = vec![(shard, Answer::StreamFound { table, stream, result: Err(Stop::Remade.refusal()) })];
        if self.running.is_none() && self.merging.is_none() {
            mail.extend(self.close(&Stop::Remade, around));
        }
        mail
    }

    /// The table is not written under its key any more.
    fn close(&mut self, why: &Stop, around: &mut Around<'_>) -> Mail {
        around.faults.met(Fault::TableClosed);
        let Some(mut table) = self.table.take() else { return Vec::new() };
        table.unstage(around);
        table.upkeep.give_up(around);
        self.pieces = 0;
        self.wanted = false;
        table.to_all(&Answer::TableClosed { table: table.key, why: why.refusal(), held: why.held() })
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
                    table.stage(group.cut, group.shard, around);
                    table.rows.entry(group.cut).or_default().push(group);
                }
            }
            Piece::Rejected(rejected) => {
                around
                    .trace
                    .line(|| format!("plane gets {} rejected rows of cut {}", rejected.rows.len(), rejected.cut));
                if table.book.accepts(rejected.generation, rejected.cut) {
                    table.rejected.entry(rejected.cut).or_default().push(rejected);
                }
            }
            Piece::CutDone(done) => {
                around.trace.line(|| format!("plane gets {done:?}"));
                table.upkeep.claims.hear(&done);
                if let Gathered::Whole(whole) = table.book.done(done) {
                    let row_groups = table.rows.remove(&whole.cut).unwrap_or_default();
                    table.write(whole.cut, &row_groups, around);
                    table.gathered.push_back((whole, row_groups));
                }
            }
        }
        if was_full { table.to_all(&Answer::Room { table: table.key }) } else { Vec::new() }
    }
}

fn sentence(result: &Result<OpenTable, Refusal>) -> String {
    match result {
        Ok(open) => format!("generation {} next cut {}", open.generation, open.next_cut),
        Err(refusal) => format!("{:?} {}", refusal.code, refusal.message),
    }
}

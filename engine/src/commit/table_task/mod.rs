//! One table: an asynchronous task that owns its cuts, its staged files and its commits.
//!
//! ```text
//! port ──> intake ──> splitting ──> encoders ──> staged files ──> commit ──> answers
//!                                                (this cut, and the next one while this one is committed)
//! ```
//!
//! The task itself never blocks: what may block runs as a job, whose end comes back as a message. At most one commit is in
//! flight; the next cut is gathered, encoded and written meanwhile. What goes wrong with one table (a store that hangs, a
//! file that cannot be written) is felt by its own streams only.
//!
//! | part | file |
//! |---|---|
//! | from the port to the encoders; partitions | [`intake`], [`splitting`] |
//! | from the encoders to staged files | [`writing`] |
//! | from staged files to the table | [`committing`] |
//! | columns that change | [`evolving`] |
//! | opens, streams, closing | [`answering`] |
//! | merges of small files | [`upkeep`] |

mod answering;
mod committing;
mod evolving;
mod intake;
mod splitting;
mod upkeep;
mod writing;

use super::attempt::Terms;
use super::context::Context;
use super::cut_book::{CutBook, GatheredCut};
use super::directory::{DirectoryMessage, Waiter};
use super::drive::Driven;
use super::encode::{EncodeError, EncodedRowGroup, EncodingPlan};
use super::open_cut::{Bounds, OpenCut, Times, Written};
use super::pace::Pace;
use super::partition::{Part, Partitioning, SplitError};
use super::retries::Retries;
use super::rhythm::Rhythm;
use super::staged_file::{FinishedStagedFile, StagedFileError};
use super::stop::Stop;
use crate::handover::bad_rows::BadRowPolicy;
use crate::handover::cut::Piece;
use crate::handover::port::{TablePieces, TablePort};
use crate::handover::request::Urgency;
use crate::handover::{Refusal, ShardId, TableKey};
use crate::table::delta::columns::Columns;
use crate::table::delta::{DeltaTable, TableError, Version};
use crate::upkeep::drive::DrivenMerge;
use crate::upkeep::round::{Looked, RoundError};
use evolving::Evolved;
pub use evolving::Wish;
use splitting::bounds;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::{Notify, oneshot};
use upkeep::TableUpkeep;

/// What a table's task is told. Messages that end a job carry the generation they were begun under.
pub enum TableMessage {
    Open(Waiter),
    Find {
        shard: ShardId,
        stream: Arc<str>,
    },
    Want(Urgency),
    /// A row group fell into its partitions.
    Split {
        generation: u64,
        cut: u64,
        /// Its place in the cut.
        place: u64,
        result: Result<Vec<Part>, SplitError>,
    },
    Encoded {
        generation: u64,
        cut: u64,
        partition: usize,
        /// Its place in the partition.
        place: u64,
        result: Result<EncodedRowGroup, EncodeError>,
    },
    /// A file's job is done.
    Written {
        generation: u64,
        cut: u64,
        partition: usize,
        row_groups: usize,
        result: Result<Written, StagedFileError>,
    },
    /// A stream sends columns that the table does not have.
    AddColumns(Wish),
    Evolved(Box<Evolved>),
    /// A shard cannot build its rows.
    Unbuildable(Refusal),
    Committed(Box<Driven>),
    Checkpointed(Option<Result<Version, TableError>>),
    Looked(Option<Result<Version, TableError>>),
    /// Upkeep has looked at the table.
    LookedOver(Box<Result<Looked, RoundError>>),
    Merged(Box<DrivenMerge>),
    /// Finish a commit that is in flight, then end. The sender is dropped when that is done.
    Stop(oneshot::Sender<()>),
}

/// A table that was opened and has no task yet.
pub struct OpenedTable {
    pub key: TableKey,
    pub table: DeltaTable,
    pub columns: Columns,
    pub encoding: Arc<EncodingPlan>,
    pub pace: Pace,
    pub bad_rows: BadRowPolicy,
    /// How the table is partitioned, if it is.
    pub partitioning: Option<Arc<Partitioning>>,
    pub version: Version,
    /// When reading it began.
    pub looked_ms: u64,
    pub terms: Terms,
    pub port: TablePort,
    pub pieces: TablePieces,
    /// Notified whenever something was sent through the port.
    pub sent: Arc<Notify>,
    /// The way back to whoever opens tables, for those that come when this one is being closed.
    pub reopen: UnboundedSender<DirectoryMessage>,
}

impl OpenedTable {
    /// Places of the partition columns among the table's.
    fn partition_columns(&self) -> Arc<[usize]> {
        self.partitioning.iter().flat_map(|of| of.columns().iter().copied()).collect()
    }
}

/// What occupies the table's one place for a commit.
enum InFlight {
    Commit(Box<CutInFlight>),
    Evolution {
        began_ms: u64,
    },
    Checkpoint,
    /// Of small files.
    Merge {
        began_ms: u64,
    },
}

/// A cut whose commit is in flight.
struct CutInFlight {
    cut: GatheredCut,
    files: Vec<FinishedStagedFile>,
    times: Times,
    began_ms: u64,
}

/// Whether the task goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    GoesOn,
    Ends,
}

/// The task.
pub struct TableTask {
    context: Arc<Context>,
    opened: OpenedTable,
    /// The newest version that is known.
    known: Version,
    /// When it was the newest.
    known_ms: u64,
    /// When the look that is under way began.
    finding_since_ms: u64,
    messages: UnboundedReceiver<TableMessage>,
    /// The way back for jobs.
    own: UnboundedSender<TableMessage>,
    book: CutBook,
    rhythm: Rhythm,
    /// Files that could not be written.
    retries: Retries,
    /// What was taken out of the port and must wait until the pause after a failure is over.
    set_aside: Option<Piece>,
    cuts: BTreeMap<u64, OpenCut>,
    /// Rows and bytes of the next cut that came so far, from all shards.
    gathered: (u64, u64),
    /// When rows of a partition are encoded.
    bounds: Bounds,
    /// Row groups that are being split, with the encoders, or wait for their file.
    under_way: usize,
    in_flight: Option<InFlight>,
    checkpointed: u64,
    /// Why everything uncommitted will be given up as soon as the commit in flight is over.
    doomed: Option<Refusal>,
    /// Schemas with columns that the table does not have, the oldest first.
    wishes: VecDeque<Wish>,
    /// Why the table will be closed as soon as nothing is in flight.
    unbuildable: Option<Refusal>,
    finds: Vec<(ShardId, Arc<str>)>,
    /// Those that the look that is under way will answer.
    finding: Vec<(ShardId, Arc<str>)>,
    stopping: Option<oneshot::Sender<()>>,
    upkeep: TableUpkeep,
}

impl TableTask {
    /// A task for an opened table; `own` is the other end of `messages`.
    pub fn new(
        context: Arc<Context>,
        opened: OpenedTable,
        own: UnboundedSender<TableMessage>,
        messages: UnboundedReceiver<TableMessage>,
    ) -> Self {
        let interval_ms = u64::try_from(opened.pace.interval.as_millis()).unwrap_or(u64::MAX);
        let known = opened.version.clone();
        let bounds = bounds(&context, &opened);
        let looks_ms = context.upkeep.as_ref().map_or(0, |upkeep| upkeep.settings.interval.as_millis());
        let looks_ms = u64::try_from(looks_ms).unwrap_or(u64::MAX);
        Self {
            upkeep: TableUpkeep::new(looks_ms, CutBook::default().generation(), context.now_ms()),
            context,
            checkpointed: known.view().version,
            known,
            known_ms: opened.looked_ms,
            finding_since_ms: 0,
            opened,
            messages,
            own,
            book: CutBook::default(),
            rhythm: Rhythm::new(interval_ms),
            retries: Retries::default(),
            set_aside: None,
            cuts: BTreeMap::new(),
            gathered: (0, 0),
            bounds,
            under_way: 0,
            in_flight: None,
            doomed: None,
            wishes: VecDeque::new(),
            unbuildable: None,
            finds: Vec::new(),
            finding: Vec::new(),
            stopping: None,
        }
    }

    /// Runs until the table is closed or the plane stops.
    pub async fn run(mut self) {
        let sent = self.opened.sent.clone();
        loop {
            let paused_until_ms = self.retries.paused_until_ms(self.context.now_ms());
            let due_ms = self.rhythm.due_ms().filter(|_| self.can_ask());
            let due = due_ms.map(|due_ms| self.context.instant(due_ms.max(paused_until_ms.unwrap_or(0))));
            let pause_ends = paused_until_ms.map(|until_ms| self.context.instant(until_ms));
            let upkeep_due = self.upkeep_due_ms().map(|due_ms| self.context.instant(due_ms));
            let life = tokio::select! {
                message = self.messages.recv() => match message {
                    Some(message) => self.on_message(message),
                    None => Life::Ends,
                },
                () = sent.notified() => Life::GoesOn,
                () = sleep_until(pause_ends), if pause_ends.is_some() => Life::GoesOn,
                () = sleep_until(due), if due.is_some() => {
                    self.ask_for_cut();
                    Life::GoesOn
                }
                () = sleep_until(upkeep_due), if upkeep_due.is_some() => {
                    self.begin_upkeep();
                    Life::GoesOn
                }
            };
            let life = match self.unbuildable.take_if(|_| self.in_flight.is_none() && life == Life::GoesOn) {
                Some(why) => self.close(&Stop::Unbuildable(why)),
                None => life,
            };
            if life == Life::Ends {
                break;
            }
            self.take_pieces();
            self.begin_evolution();
            self.begin_commit();
            self.begin_merge();
        }
        self.end();
    }

    fn on_message(&mut self, message: TableMessage) -> Life {
        match message {
            TableMessage::Open(waiter) => self.open(&waiter),
            TableMessage::Find { shard, stream } => self.find(shard, stream),
            TableMessage::Want(urgency) => self.rhythm.want(self.context.now_ms(), urgency),
            TableMessage::Split { generation, cut, place, result } => self.split(generation, cut, place, result),
            TableMessage::Encoded { generation, cut, partition, place, result } => {
                self.encoded((generation, cut), (partition, place), result);
            }
            TableMessage::Written { generation, cut, partition, row_groups, result } => {
                self.under_way = self.under_way.saturating_sub(row_groups);
                self.written(generation, cut, partition, result);
            }
            TableMessage::AddColumns(wish) => self.wishes.push_back(wish),
            TableMessage::Unbuildable(why) => _ = self.unbuildable.get_or_insert(why),
            TableMessage::Evolved(evolved) => return self.evolved(*evolved),
            TableMessage::Committed(driven) => return self.committed(*driven),
            TableMessage::Checkpointed(result) => return self.was_checkpointed(result),
            TableMessage::Looked(result) => return self.looked(result),
            TableMessage::LookedOver(looked) => self.looked_over(*looked),
            TableMessage::Merged(driven) => return self.merged(*driven),
            TableMessage::Stop(done) => {
                self.stopping = Some(done);
                return self.life();
            }
        }
        Life::GoesOn
    }

    /// A task that is to stop does so when no commit is in flight.
    fn life(&self) -> Life {
        if self.stopping.is_some() && self.in_flight.is_none() { Life::Ends } else { Life::GoesOn }
    }

    /// One cut is gathered at a time, and only one waits for the commit in flight.
    fn can_ask(&self) -> bool {
        self.stopping.is_none()
            && self.doomed.is_none()
            && !self.book.is_gathering()
            && !self.cuts.values().any(OpenCut::is_gathered)
            && self.book.members().next().is_some()
    }
}

async fn sleep_until(due: Option<tokio::time::Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due).await;
    }
}

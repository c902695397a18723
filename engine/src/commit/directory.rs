//! Which tables are open, by name, place and key; opens the others.
//!
//! Two names of one place share one task. A table that was closed is forgotten here, so that the next open looks at what
//! stands there now, under a new key.
//!
//! Whoever insists on a table (a log that has rows for it) waits while it is unavailable or unsupported, which the store or a
//! person may mend: it is tried again after pauses that grow. Those who do not insist are answered each time.

use super::context::Context;
use super::opening::{OpenFailure, open_table};
use super::retries::pause_ms;
use super::table_task::{OpenedTable, TableMessage, TableTask, Wish};
use crate::handover::answer::{Answer, Held};
use crate::handover::request::{Request, Ticket};
use crate::handover::{Refusal, ShardId, TableKey};
use crate::table::name::resolve;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::Schema;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use url::Url;

/// Failures of an open that a person is told of: the first, and then one in so many.
const FAILURES_TOLD: u32 = 12;

/// What the directory is told.
pub enum DirectoryMessage {
    Request(Request),
    /// An open that was begun for `place` is over.
    Opened {
        place: Url,
        result: Box<Result<OpenedTable, OpenFailure>>,
    },
    /// Nothing may be written to the table of this id any more, until a person has decided.
    Stopped {
        id: Arc<str>,
        why: Refusal,
    },
    /// An open that came to a table when it was being closed.
    Reopen {
        place: Url,
        waiter: Waiter,
    },
    /// The pause before the next try at `place` is over, if it is still the one of this `turn`.
    TryAgain {
        place: Url,
        turn: u64,
    },
    /// Stop all tables. The sender is dropped when all have.
    Stop(oneshot::Sender<()>),
}

/// Whether a table's task took a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    Sent,
    Closed,
}

/// A shard that waits for a table.
pub struct Waiter {
    pub shard: ShardId,
    pub ticket: Ticket,
    pub create: Option<Arc<Schema>>,
    pub insistence: Insistence,
}

/// Whether a shard waits while a table cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insistence {
    /// It is answered after the first try.
    Once,
    /// It is answered when that is definite.
    Insists,
}

enum Place {
    Opening {
        waiters: Vec<Waiter>,
        failures: u32,
    },
    /// All of `waiters` insist.
    Pausing {
        waiters: Vec<Waiter>,
        failures: u32,
        turn: u64,
    },
    Open(TableKey),
}

/// All tables of the plane.
pub struct Directory {
    context: Arc<Context>,
    own: UnboundedSender<DirectoryMessage>,
    /// Tables, by id, that are not written any more, and why: whichever shard asks.
    stopped: HashMap<Arc<str>, Refusal>,
    places: HashMap<Url, Place>,
    tables: HashMap<TableKey, UnboundedSender<TableMessage>>,
    keys: u32,
    turns: u64,
    stopping: bool,
}

impl Directory {
    /// An empty directory; `own` leads to its messages.
    pub fn new(context: Arc<Context>, own: UnboundedSender<DirectoryMessage>) -> Self {
        Self {
            context,
            own,
            places: HashMap::new(),
            stopped: HashMap::new(),
            tables: HashMap::new(),
            keys: 0,
            turns: 0,
            stopping: false,
        }
    }

    /// Runs until the plane stops.
    pub async fn run(mut self, mut messages: UnboundedReceiver<DirectoryMessage>) {
        while let Some(message) = messages.recv().await {
            match message {
                DirectoryMessage::Request(request) => self.on_request(request),
                DirectoryMessage::Opened { place, result } => self.opened(place, *result),
                DirectoryMessage::Stopped { id, why } => _ = self.stopped.insert(id, why),
                DirectoryMessage::Reopen { place, waiter } => self.open_place(place, waiter),
                DirectoryMessage::TryAgain { place, turn } => self.try_again(place, turn),
                DirectoryMessage::Stop(done) => self.stop(done),
            }
        }
    }

    fn on_request(&mut self, request: Request) {
        match request {
            Request::OpenTable { shard, ticket, name, create, insist } => {
                let insistence = if insist { Insistence::Insists } else { Insistence::Once };
                // A table that a log has rows for and that is gone is not made anew: it would be another one.
                let create = create.filter(|_| insistence == Insistence::Once && self.context.settings.create_tables);
                self.open(&name, Waiter { shard, ticket, create, insistence });
            }
            Request::FindStream { shard, table, stream } => {
                let message = TableMessage::Find { shard, stream: stream.clone() };
                if self.send(table, message) == Delivery::Closed {
                    let result = Err(Refusal::new(RejectCode::Discarded, "the table was closed; open it again"));
                    self.context.answer(shard, Answer::StreamFound { table, stream, result });
                }
            }
            // A table that was closed gets no columns; its shards have been told.
            Request::AddColumns { shard, table, schema } => {
                _ = self.send(table, TableMessage::AddColumns(Wish { shard, schema }));
            }
            Request::StopTable { table, why } => _ = self.send(table, TableMessage::Unbuildable(why)),
            // A table that was closed needs no cut; its shards have been told.
            Request::WantCut { table, urgency } => _ = self.send(table, TableMessage::Want(urgency)),
        }
    }

    fn send(&mut self, table: TableKey, message: TableMessage) -> Delivery {
        let Some(mailbox) = self.tables.get(&table) else { return Delivery::Closed };
        if mailbox.send(message).is_ok() {
            return Delivery::Sent;
        }
        self.tables.remove(&table);
        Delivery::Closed
    }

    fn open(&mut self, name: &str, waiter: Waiter) {
        let settings = &self.context.settings;
        match resolve(name, &settings.tables_root, &settings.table_uris) {
            Ok(place) => self.open_place(place, waiter),
            Err(error) => self.refuse(&waiter, Refusal::new(RejectCode::BadTableName, error.to_string())),
        }
    }

    fn open_place(&mut self, place: Url, waiter: Waiter) {
        if self.stopping {
            return self.refuse(&waiter, stops());
        }
        let (mut waiters, mut failures_so_far) = (Vec::new(), 0);
        match self.places.get_mut(&place) {
            Some(Place::Opening { waiters, .. }) => return waiters.push(waiter),
            Some(Place::Pausing { waiters, .. }) if waiter.insistence == Insistence::Insists => {
                return waiters.push(waiter);
            }
            // Who does not insist is answered now, and not at the end of a pause.
            Some(Place::Pausing { waiters: pausing, failures, .. }) => {
                (waiters, failures_so_far) = (std::mem::take(pausing), *failures);
            }
            Some(Place::Open(key)) => {
                let key = *key;
                match self.deliver(key, waiter) {
                    None => return,
                    Some(back) => return self.begin_open(place, vec![back], 0),
                }
            }
            None => {}
        }
        waiters.push(waiter);
        self.begin_open(place, waiters, failures_so_far);
    }

    /// Hands an open to a table's task; gives it back when the table was closed.
    fn deliver(&mut self, key: TableKey, waiter: Waiter) -> Option<Waiter> {
        let Some(mailbox) = self.tables.get(&key) else { return Some(waiter) };
        match mailbox.send(TableMessage::Open(waiter)) {
            Ok(()) => None,
            Err(SendError(message)) => {
                self.tables.remove(&key);
                if let TableMessage::Open(waiter) = message { Some(waiter) } else { None }
            }
        }
    }

    fn try_again(&mut self, place: Url, turn: u64) {
        match self.places.get_mut(&place) {
            Some(Place::Pausing { waiters, failures, turn: current }) if *current == turn => {
                let (waiters, failures) = (std::mem::take(waiters), *failures);
                self.begin_open(place, waiters, failures);
            }
            _ => {}
        }
    }

    /// Begins to open what stands at `place`, or makes it if one of `waiters` says from what.
    fn begin_open(&mut self, place: Url, waiters: Vec<Waiter>, failures: u32) {
        self.keys += 1;
        let create = waiters.iter().find_map(|waiter| waiter.create.clone());
        self.places.insert(place.clone(), Place::Opening { waiters, failures });
        let (key, context, own) = (TableKey(self.keys), self.context.clone(), self.own.clone());
        drop(self.context.runtime.spawn(async move {
            let (with, at) = (context.clone(), place.clone());
            let reopen = own.clone();
            let result = context.blocking(move || open_table(&with, key, &at, create.as_deref(), reopen)).await;
            let interrupted = || Refusal::new(RejectCode::TableUnavailable, "opening the table was interrupted");
            let result = Box::new(result.unwrap_or_else(|| Err(OpenFailure::Refused(interrupted()))));
            let _stopped = own.send(DirectoryMessage::Opened { place, result });
        }));
    }

    fn opened(&mut self, place: Url, result: Result<OpenedTable, OpenFailure>) {
        let Some(Place::Opening { waiters, failures }) = self.places.remove(&place) else { return };
        match result {
            Ok(opened) if self.stopped.contains_key(&opened.terms.id) => {
                let why = self.stopped[&opened.terms.id].clone();
                waiters.iter().for_each(|waiter| self.refuse(waiter, why.clone()));
            }
            Ok(opened) => {
                let key = self.share_or_start(opened);
                self.places.insert(place.clone(), Place::Open(key));
                for waiter in waiters {
                    if let Some(back) = self.deliver(key, waiter) {
                        self.open_place(place.clone(), back);
                    }
                }
            }
            Err(OpenFailure::Missing) => {
                let (create, none): (Vec<_>, Vec<_>) = waiters.into_iter().partition(|waiter| waiter.create.is_some());
                none.iter().for_each(|waiter| self.refuse(waiter, missing()));
                if !create.is_empty() {
                    self.begin_open(place, create, 0);
                }
            }
            Err(OpenFailure::Refused(why)) => self.refused(place, waiters, failures, &why),
        }
    }

    /// Whoever insists waits for the next try, if there is a point in one.
    fn refused(&mut self, place: Url, waiters: Vec<Waiter>, failures: u32, why: &Refusal) {
        let may_be_mended = matches!(why.code, RejectCode::TableUnavailable | RejectCode::TableUnsupported);
        let insists = |waiter: &Waiter| waiter.insistence == Insistence::Insists && may_be_mended;
        let (insisting, others): (Vec<_>, Vec<_>) = waiters.into_iter().partition(insists);
        others.iter().for_each(|waiter| self.refuse(waiter, why.clone()));
        if insisting.is_empty() {
            return;
        }
        if self.stopping {
            return insisting.iter().for_each(|waiter| self.refuse(waiter, stops()));
        }
        let failures = failures.saturating_add(1);
        if failures % FAILURES_TOLD == 1 {
            tracing::warn!(%place, failures, why = why.message, "a table with rows in a log cannot be opened; trying again");
        }
        self.turns += 1;
        let turn = self.turns;
        self.places.insert(place.clone(), Place::Pausing { waiters: insisting, failures, turn });
        let (own, pause) = (self.own.clone(), Duration::from_millis(pause_ms(failures)));
        drop(self.context.runtime.spawn(async move {
            tokio::time::sleep(pause).await;
            let _stopped = own.send(DirectoryMessage::TryAgain { place, turn });
        }));
    }

    /// The key of the task that serves this table: one that runs already when another name led to the same folder.
    fn share_or_start(&mut self, opened: OpenedTable) -> TableKey {
        let real = opened.table.url().clone();
        if let Some(Place::Open(key)) = self.places.get(&real)
            && self.tables.get(key).is_some_and(|mailbox| !mailbox.is_closed())
        {
            return *key;
        }
        let key = opened.key;
        let (sender, receiver) = unbounded_channel();
        let task = TableTask::new(self.context.clone(), opened, sender.clone(), receiver);
        self.tables.insert(key, sender);
        self.places.insert(real, Place::Open(key));
        self.supervise(key, task);
        key
    }

    /// Runs a table's task. One that ends by a fault closes its table, instead of leaving its streams without an answer.
    fn supervise(&self, key: TableKey, task: TableTask) {
        let (running, context) = (self.context.runtime.spawn(task.run()), self.context.clone());
        drop(self.context.runtime.spawn(async move {
            if let Err(error) = running.await
                && error.is_panic()
            {
                tracing::error!(%error, "a table's task ended by a fault");
                let why = Refusal::new(RejectCode::Internal, "the table was closed by a fault of the server");
                let closed = Answer::TableClosed { table: key, why, held: Held::UntilReopened };
                context.shards.iter().for_each(|mailbox| mailbox(closed.clone()));
            }
        }));
    }

    fn refuse(&self, waiter: &Waiter, why: Refusal) {
        refuse(&self.context, waiter, why);
    }

    fn stop(&mut self, done: oneshot::Sender<()>) {
        self.stopping = true;
        for place in self.places.values_mut() {
            if let Place::Pausing { waiters, .. } = place {
                let waiters = std::mem::take(waiters);
                waiters.iter().for_each(|waiter| refuse(&self.context, waiter, stops()));
            }
        }
        let tables = std::mem::take(&mut self.tables);
        drop(self.context.runtime.spawn(async move {
            let mut stopped = Vec::new();
            for mailbox in tables.into_values() {
                let (sender, receiver) = oneshot::channel();
                if mailbox.send(TableMessage::Stop(sender)).is_ok() {
                    stopped.push(receiver);
                }
            }
            for table in stopped {
                // An error is the sender that was dropped: the task has ended.
                let _ended = table.await;
            }
            drop(done);
        }));
    }
}

fn refuse(context: &Context, waiter: &Waiter, why: Refusal) {
    let (shard, ticket) = (waiter.shard, waiter.ticket);
    context.answer(shard, Answer::TableOpened { ticket, result: Err(why) });
}

fn stops() -> Refusal {
    Refusal::new(RejectCode::ShuttingDown, "the server stops")
}

fn missing() -> Refusal {
    Refusal::new(
        RejectCode::UnknownTable,
        "the table does not exist; create it, or send a schema to a server that creates tables",
    )
}

//! Which tables are open, by name, place and key; opens the others.
//!
//! Two names of one place share one task. A table that was closed is forgotten here, so that the next open looks at what
//! stands there now, under a new key.

use super::attempt::{Canary, Terms};
use super::context::Context;
use super::decide::Patience;
use super::encode::EncodingPlan;
use super::table_task::{OpenedTable, TableMessage, TableTask};
use crate::handover::answer::{Answer, Held};
use crate::handover::port::table_port;
use crate::handover::request::{Request, Ticket};
use crate::handover::{Refusal, ShardId, TableKey};
use crate::table::delta::{DeltaTable, TableError};
use crate::table::name::resolve;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::Schema;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, oneshot};
use url::Url;

/// How long a put may be unknown before the table has to show it. Others need at least that long to commit past it, write
/// a checkpoint and clean it away.
pub const UNKNOWN_MS_MAX: u64 = 60_000;

/// What the directory is told.
pub enum DirectoryMessage {
    Request(Request),
    /// An open that was begun for `place` is over.
    Opened {
        place: Url,
        result: Box<Result<OpenedTable, OpenFailure>>,
    },
    /// Stop all tables. The sender is dropped when all have.
    Stop(oneshot::Sender<()>),
}

/// Why a table could not be opened.
#[derive(Debug, Clone)]
pub enum OpenFailure {
    /// There is none, and nobody said what to make it from.
    Missing,
    Refused(Refusal),
}

/// Whether a table's task took a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    Sent,
    Closed,
}

/// A shard that waits for a table.
struct Waiter {
    shard: ShardId,
    ticket: Ticket,
    create: Option<Arc<Schema>>,
}

enum Place {
    Opening(Vec<Waiter>),
    Open(TableKey),
}

/// All tables of the plane.
pub struct Directory {
    context: Arc<Context>,
    own: UnboundedSender<DirectoryMessage>,
    places: HashMap<Url, Place>,
    tables: HashMap<TableKey, UnboundedSender<TableMessage>>,
    keys: u32,
    stopping: bool,
}

impl Directory {
    /// An empty directory; `own` leads to its messages.
    pub fn new(context: Arc<Context>, own: UnboundedSender<DirectoryMessage>) -> Self {
        Self { context, own, places: HashMap::new(), tables: HashMap::new(), keys: 0, stopping: false }
    }

    /// Runs until the plane stops.
    pub async fn run(mut self, mut messages: UnboundedReceiver<DirectoryMessage>) {
        while let Some(message) = messages.recv().await {
            match message {
                DirectoryMessage::Request(request) => self.on_request(request),
                DirectoryMessage::Opened { place, result } => self.opened(place, *result),
                DirectoryMessage::Stop(done) => self.stop(done),
            }
        }
    }

    fn on_request(&mut self, request: Request) {
        match request {
            Request::OpenTable { shard, ticket, name, create, .. } => {
                self.open(&name, Waiter { shard, ticket, create });
            }
            Request::FindStream { shard, table, stream } => {
                let message = TableMessage::Find { shard, stream: stream.clone() };
                if self.send(table, message) == Delivery::Closed {
                    let result = Err(Refusal::new(RejectCode::Discarded, "the table was closed; open it again"));
                    self.context.answer(shard, Answer::StreamFound { table, stream, result });
                }
            }
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
        if self.stopping {
            return self.refuse(&waiter, Refusal::new(RejectCode::ShuttingDown, "the server stops"));
        }
        let settings = &self.context.settings;
        match resolve(name, &settings.tables_root, &settings.table_uris) {
            Ok(place) => self.open_place(place, waiter),
            Err(error) => self.refuse(&waiter, Refusal::new(RejectCode::BadTableName, error.to_string())),
        }
    }

    fn open_place(&mut self, place: Url, waiter: Waiter) {
        match self.places.get_mut(&place) {
            Some(Place::Opening(waiters)) => return waiters.push(waiter),
            Some(Place::Open(key)) => {
                let key = *key;
                if self.send(key, TableMessage::Open { shard: waiter.shard, ticket: waiter.ticket }) == Delivery::Sent {
                    return;
                }
            }
            None => {}
        }
        // Not open, or not any more.
        let create = waiter.create.clone().filter(|_| self.context.settings.create_tables);
        self.places.insert(place.clone(), Place::Opening(vec![waiter]));
        self.begin_open(place, create);
    }

    fn begin_open(&mut self, place: Url, create: Option<Arc<Schema>>) {
        self.keys += 1;
        let (key, context, own) = (TableKey(self.keys), self.context.clone(), self.own.clone());
        drop(self.context.runtime.spawn(async move {
            let (with, at) = (context.clone(), place.clone());
            let result = context.blocking(move || open_table(&with, key, &at, create.as_deref())).await;
            let interrupted = || Refusal::new(RejectCode::TableUnavailable, "opening the table was interrupted");
            let result = Box::new(result.unwrap_or_else(|| Err(OpenFailure::Refused(interrupted()))));
            let _stopped = own.send(DirectoryMessage::Opened { place, result });
        }));
    }

    fn opened(&mut self, place: Url, result: Result<OpenedTable, OpenFailure>) {
        let Some(Place::Opening(waiters)) = self.places.remove(&place) else { return };
        match result {
            Ok(opened) => {
                let key = self.share_or_start(opened);
                self.places.insert(place, Place::Open(key));
                for Waiter { shard, ticket, .. } in waiters {
                    if self.send(key, TableMessage::Open { shard, ticket }) == Delivery::Closed {
                        let why = Refusal::new(RejectCode::TableUnavailable, "the table was closed; open it again");
                        self.context.answer(shard, Answer::TableOpened { ticket, result: Err(why) });
                    }
                }
            }
            Err(OpenFailure::Missing) if self.context.settings.create_tables => {
                let (create, none): (Vec<_>, Vec<_>) = waiters.into_iter().partition(|waiter| waiter.create.is_some());
                none.iter().for_each(|waiter| self.refuse(waiter, missing()));
                if let Some(schema) = create.first().and_then(|waiter| waiter.create.clone()) {
                    self.places.insert(place.clone(), Place::Opening(create));
                    self.begin_open(place, Some(schema));
                }
            }
            Err(OpenFailure::Missing) => waiters.iter().for_each(|waiter| self.refuse(waiter, missing())),
            Err(OpenFailure::Refused(why)) => waiters.iter().for_each(|waiter| self.refuse(waiter, why.clone())),
        }
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
        let (shard, ticket) = (waiter.shard, waiter.ticket);
        self.context.answer(shard, Answer::TableOpened { ticket, result: Err(why) });
    }

    fn stop(&mut self, done: oneshot::Sender<()>) {
        self.stopping = true;
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

fn missing() -> Refusal {
    Refusal::new(
        RejectCode::UnknownTable,
        "the table does not exist; create it, or send a schema to a server that creates tables",
    )
}

/// Opens the table at `place`, making it first from `create` when there is none. Blocks.
fn open_table(
    context: &Arc<Context>,
    key: TableKey,
    place: &Url,
    create: Option<&Schema>,
) -> Result<OpenedTable, OpenFailure> {
    let table = DeltaTable::at(place, context.kernel.clone()).map_err(refused)?;
    let version = match (table.load().map_err(refused)?, create) {
        (Some(version), _) => version,
        (None, Some(schema)) => table.create(schema).map_err(refused)?,
        (None, None) => return Err(OpenFailure::Missing),
    };
    // Now that the folder is there, it has one true name.
    let real = place.to_file_path().ok().and_then(|path| path.canonicalize().ok());
    let real = real.and_then(|path| Url::from_directory_path(path).ok()).unwrap_or_else(|| place.clone());
    let table = DeltaTable::at(&real, context.kernel.clone()).map_err(refused)?;
    let view = version.view();
    if let Some(why) = &view.unsupported {
        return Err(OpenFailure::Refused(Refusal::new(RejectCode::TableUnsupported, why.as_ref())));
    }
    let columns = version.columns().map_err(refused)?;
    let encoding = EncodingPlan::new(columns.arrow.clone(), context.settings.compression);
    let encoding = encoding
        .map_err(|error| OpenFailure::Refused(Refusal::new(RejectCode::TableUnsupported, error.to_string())))?;
    let terms = Terms {
        id: view.id.clone(),
        schema: view.schema.clone(),
        streams_max: context.settings.streams_max,
        patience: Patience { unknown_ms_max: UNKNOWN_MS_MAX },
        canary: Canary::None,
    };
    let sent = Arc::new(Notify::new());
    let wake = sent.clone();
    let (port, pieces) = table_port(context.settings.port_capacity.max(1), Arc::new(move || wake.notify_one()));
    Ok(OpenedTable { key, table, columns, encoding: Arc::new(encoding), version, terms, port, pieces, sent })
}

fn refused(error: TableError) -> OpenFailure {
    let code = match &error {
        TableError::Location { .. } | TableError::Unsupported(_) => RejectCode::TableUnsupported,
        TableError::Schema(_) => RejectCode::SchemaMismatch,
        TableError::Kernel(_) | TableError::Store(_) | TableError::Commit { .. } | TableError::Remade { .. } => {
            RejectCode::TableUnavailable
        }
        TableError::Internal(_) => RejectCode::Internal,
    };
    OpenFailure::Refused(Refusal::new(code, error.to_string()))
}

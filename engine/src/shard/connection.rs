//! What a shard knows of one connection.

use super::table::StreamSlot;
use crate::columns::layout::Layout;
use crate::handover::TableKey;
use crate::log::SchemaNumber;
use lakehead_protocol::hello::Hello;
use lakehead_protocol::schema::Schema;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// Names a connection on its shard. Never reused while the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// A connection between its Hello and its end.
#[derive(Debug)]
pub struct Connection {
    pub hello: Hello,
    pub phase: Phase,
    /// A schema that came before the stream was welcome.
    pub early_schema: Option<(u32, Schema)>,
}

/// How far a connection has come.
#[derive(Debug)]
pub enum Phase {
    /// The commit plane opens (or, the second time, makes) the table.
    OpeningTable,
    /// The table does not exist; the announced Schema frame will say what to make.
    AwaitingSchema,
    /// The commit plane reads the stream's entries, to judge a resume.
    FindingStream { table: TableKey },
    /// The table's rows in the log are being built first.
    AwaitingReplay { table: TableKey },
    /// A commit will mint the stream's new epoch.
    AwaitingEpoch { table: TableKey, slot: StreamSlot },
    /// Rows may come.
    Streaming(Streaming),
    /// The last frame is on its way: nothing more is heard.
    Dismissed,
}

/// The state of a welcomed stream's connection.
#[derive(Debug)]
pub struct Streaming {
    pub table: TableKey,
    pub slot: StreamSlot,
    /// Announced schemas by id, matched with the table.
    pub layouts: HashMap<u32, Announced>,
    /// Announced schemas with columns that the table does not have yet, in their order.
    pub waiting: VecDeque<(u32, Arc<Schema>)>,
    /// Payload bytes of batches since Welcome.
    pub received_bytes: u64,
    /// Payload bytes that may come in all.
    pub credit_bytes: u64,
    /// The client said Close.
    pub closing: bool,
    /// Welcome has left: what it rests on is durable.
    pub welcomed: bool,
}

/// A schema that a connection announced.
#[derive(Debug, Clone)]
pub struct Announced {
    pub layout: Rc<Layout>,
    /// As it was announced: what the log keeps.
    pub schema: Arc<Schema>,
    pub log_number: Option<SchemaNumber>,
}

impl Phase {
    /// The table this connection has to do with, once known.
    pub fn table(&self) -> Option<TableKey> {
        match self {
            Self::OpeningTable | Self::AwaitingSchema | Self::Dismissed => None,
            Self::AwaitingReplay { table } | Self::FindingStream { table } | Self::AwaitingEpoch { table, .. } => {
                Some(*table)
            }
            Self::Streaming(streaming) => Some(streaming.table),
        }
    }
}

//! What happens to a shard.

use super::connection::ConnectionId;
use crate::handover::TableKey;
use crate::handover::answer::Answer;
use crate::log::BlockPlace;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::header::Header;
use lakehead_protocol::hello::Hello;
use lakehead_protocol::schema::Schema;
use std::sync::Arc;

/// One input of [`super::Shard::step`]. Frames have passed the checks of the protocol crate that need no stream.
#[derive(Debug)]
pub enum Event<'a> {
    /// A connection said a well-formed Hello, and this shard is its home.
    Hello { connection: ConnectionId, hello: Hello },
    /// A Schema frame.
    Schema { connection: ConnectionId, schema_id: u32, schema: Schema },
    /// A Batch frame whose archive is valid.
    Batch {
        connection: ConnectionId,
        header: Header,
        batch: &'a ArchivedBatch,
        /// The whole frame as it came: what the log keeps.
        frame: &'a [u8],
    },
    /// A block of the log that [`super::action::Action::ReadLog`] asked for.
    LogRead { table: TableKey, generation: u64, place: BlockPlace, bytes: &'a [u8] },
    /// Nothing has left the table's port for so long that its store must be in trouble.
    PortStalled { table: TableKey },
    /// The log of an earlier set of cores has no more rows for the table of this id.
    TableDrained { id: Arc<str> },
    /// The client will send nothing more.
    Close { connection: ConnectionId },
    /// The connection is gone, whatever the reason.
    Lost { connection: ConnectionId },
    /// Word from the commit plane.
    Answer(Answer),
    /// The memory budget refused a socket: rows that only wait for the tick should move now.
    MemoryShort,
    /// The engine stops: commit what is held, acknowledge, admit nothing more.
    Drain,
}

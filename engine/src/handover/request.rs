//! What a shard asks of the commit plane.

use super::{Refusal, ShardId, TableKey};
use lakehead_protocol::schema::Schema;
use std::sync::Arc;

/// Whom an opened table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ticket {
    /// The connection of this number.
    Connection(u64),
    /// The shard's log, which calls the table by this number.
    Log(u32),
}

/// A request. Answers come back as [`super::answer::Answer`] to the shard that asked; none of them blocks.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Open the table of this name; answered by `TableOpened` with the same `ticket`.
    OpenTable {
        shard: ShardId,
        ticket: Ticket,
        name: Arc<str>,
        /// The schema to make the table from when it does not exist.
        create: Option<Arc<Schema>>,
        /// Whether to try again and again, as long as the table is only unavailable: a log has rows for it.
        insist: bool,
    },
    /// Read a named stream's entries from the newest version of the table; answered by `StreamFound`.
    FindStream { shard: ShardId, table: TableKey, stream: Arc<str> },
    /// A stream of the table announces this schema, which has columns that the table has not. Answered by `Discarded` with the
    /// table's new columns, or by `ColumnsRefused`.
    AddColumns { shard: ShardId, table: TableKey, schema: Arc<Schema> },
    /// The shard cannot build rows of its log for this table, and has closed it: it would never answer a cut again. Nobody
    /// writes to the table until a person has decided; answered to all by `TableClosed`.
    StopTable { table: TableKey, why: Refusal },
    /// Ask for a cut soon: somebody waits for an epoch, the budget is short, or rows or bytes are enough. Without it the
    /// table's tick asks when there is anything to commit.
    WantCut { table: TableKey, urgency: Urgency },
}

/// Why a cut is wanted before the tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Rows wait: at the next tick.
    Tick,
    /// A stream is being opened: at once if the table has not committed for a tick, else at the tick.
    Open,
    /// Rows or bytes are enough, memory is short, or the engine drains: at once.
    Now,
}

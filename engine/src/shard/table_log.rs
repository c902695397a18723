//! How one open table stands with the shard's log.
//!
//! ```text
//! opened -+-> the log has no older rows for it ------------------> Live (its first cut claims)
//!         '-> it has -> Claiming -> claim granted -> Replaying --> Live
//!                                                        ^          |
//!                                                        '-- given up: built again from the log
//! ```
//!
//! Only in `Live` do rows go straight from the socket into the builder; until then they are logged and left for the replay,
//! so that builders see a table's entries in the order of their positions.

use super::replaying::Replay;
use super::table::StreamSlot;
use crate::columns::layout::Layout;
use crate::log::{Position, SchemaNumber, StreamNumber, TableNumber};
use crate::number_map::NumberMap;
use std::rc::Rc;

/// One open table's side of the log.
#[derive(Debug)]
pub struct TableLog {
    /// What the log calls the table.
    pub number: TableNumber,
    pub phase: LogPhase,
    /// Under which cuts speak; its first cut makes it.
    pub claim: Claim,
    /// Entries below were handed over, or are in the table.
    pub handed_to: Position,
    /// Nothing has left the table's port for long: rows that come are only logged, instead of waiting in memory.
    pub stalled: bool,
    /// Anonymous streams by the log's number.
    pub anonymous: NumberMap<StreamNumber, StreamSlot>,
    /// Layouts of logged schemas.
    pub layouts: NumberMap<SchemaNumber, Rc<Layout>>,
}

/// Where the table's rows go.
#[derive(Debug)]
pub enum LogPhase {
    /// The log has rows that may be in the table or not: nothing is built before the claim is granted.
    Claiming,
    /// Rows are read from the log and built.
    Replaying(Replay),
    /// Rows are built as they come.
    Live,
}

/// A claim's way into the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The next cut makes one.
    Wanted,
    /// A cut that was handed over makes it.
    InFlight(u64),
    Granted(u64),
}

impl TableLog {
    /// Whether what is known of the table's streams is as far as the log.
    pub fn admits(&self) -> bool {
        match &self.phase {
            LogPhase::Claiming => false,
            LogPhase::Replaying(replay) => self.stalled && replay.knows_streams(),
            LogPhase::Live => true,
        }
    }

    /// Whether rows that come are built.
    pub fn is_live(&self) -> bool {
        matches!(self.phase, LogPhase::Live)
    }
}

//! What the commit plane tells a shard.

use super::bad_rows::BadRowPolicy;
use super::cut_size::CutSize;
use super::port::TablePort;
use super::request::Ticket;
use super::shown::Shown;
use super::{Refusal, TableKey};
use lakehead_protocol::schema::Schema;
use std::sync::Arc;

/// A table that can be written.
#[derive(Debug, Clone)]
pub struct OpenTable {
    pub key: TableKey,
    /// Delta `metaData.id`.
    pub id: Arc<str>,
    pub version: u64,
    /// The table's columns as the wire names them.
    pub schema: Arc<Schema>,
    /// The same columns in the Arrow types that row groups have; fields carry their Parquet field ids.
    pub arrow_schema: arrow::datatypes::SchemaRef,
    /// Places of the columns whose values name the table's partitions; none when it has no partitions.
    pub partition_columns: Arc<[usize]>,
    /// Current generation.
    pub generation: u64,
    /// Number of the next cut: row groups sealed early belong to it.
    pub next_cut: u64,
    /// When a cut is asked for before the tick.
    pub cut_size: CutSize,
    /// What becomes of rows that it cannot hold.
    pub bad_rows: BadRowPolicy,
    /// Where its pieces go.
    pub port: TablePort,
}

/// Columns that a table has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumns {
    /// As the wire names them.
    pub schema: Arc<Schema>,
    /// In the Arrow types that row groups have.
    pub arrow_schema: arrow::datatypes::SchemaRef,
    /// As [`OpenTable::partition_columns`].
    pub partition_columns: Arc<[usize]>,
}

/// A named stream as the table shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEntry {
    pub stream: Arc<str>,
    /// Rows committed.
    pub committed: u64,
    /// Major epoch, zero when never opened.
    pub epoch: u64,
    /// Table version this was read at.
    pub version: u64,
}

/// What becomes of the rows that logs hold for a table that was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// They go into it once it is open again.
    UntilReopened,
    /// It is not the table that they were written for, or another speaks for the log: they stay where they are until a person
    /// has decided.
    UntilDecided,
}

/// An answer or an event for one shard.
#[derive(Debug, Clone)]
pub enum Answer {
    TableOpened {
        ticket: Ticket,
        result: Result<OpenTable, Refusal>,
    },
    StreamFound {
        table: TableKey,
        stream: Arc<str>,
        result: Result<StreamEntry, Refusal>,
    },
    /// Seal everything of the table and send it with a `CutDone` for this cut.
    CutWanted {
        table: TableKey,
        generation: u64,
        cut: u64,
    },
    /// The cut is in the table. `minted` holds the streams that got their epoch, with their entries after the commit.
    Committed {
        table: TableKey,
        generation: u64,
        cut: u64,
        version: u64,
        minted: Arc<[StreamEntry]>,
        /// The table after it.
        shown: Shown,
    },
    /// Everything uncommitted of the table is given up; `generation` is the new one, `next_cut` the next cut's number.
    /// `fenced` streams have a newer opener elsewhere: their producers here are FENCED.
    Discarded {
        table: TableKey,
        generation: u64,
        next_cut: u64,
        fenced: Arc<[Arc<str>]>,
        why: Refusal,
        /// The newest version that is known.
        shown: Shown,
        /// The table's columns from here on, when they changed.
        columns: Option<Arc<TableColumns>>,
    },
    /// The table does not get the columns that a stream with this schema sends.
    ColumnsRefused {
        table: TableKey,
        schema: Arc<Schema>,
        why: Refusal,
    },
    /// The table is closed for good under this key (remade, unsupported, gone). Streams of it are refused with `why`.
    TableClosed {
        table: TableKey,
        why: Refusal,
        /// What becomes of rows that a log holds for it.
        held: Held,
    },
    /// The table's port has room again after it had been full.
    Room {
        table: TableKey,
    },
}

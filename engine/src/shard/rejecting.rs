//! Rows that their table cannot hold.
//!
//! A batch with such rows is refused, or, where the table's policy says so, taken without them: they go into the table of
//! rejected rows, and their offsets count. Which rows these are is decided before the batch is taken, and stands in the log with
//! it. Rows that are in the log already when a table's columns change have nobody who could be told: what does not fit any more
//! is rejected whatever the policy, with an alarm.

use super::action::Action;
use super::connection::Announced;
use super::partition_check;
use super::state::Shard;
use super::table::{ShardTable, StreamSlot};
use crate::columns::json_rows::{JsonRowsError, json_rows};
use crate::columns::layout::Layout;
use crate::handover::answer::OpenTable;
use crate::handover::bad_rows::BadRowPolicy;
use crate::handover::cut::Piece;
use crate::handover::rejected::{RejectedRow, RejectedRows};
use crate::handover::{Refusal, TableKey};
use crate::log::{Decision, Position, Reason};
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::batch_check::{self, BatchError};
use lakehead_protocol::header::Header;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::Schema;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Bad rows of one batch. With more of them the batch is refused: something else is wrong than single rows.
pub(super) const REJECTED_ROWS_MAX: usize = 1 << 16;
/// Rejected rows that are handed over at once.
const HANDED_OVER_BYTES: usize = 1 << 20;

/// A row of a batch with why it is rejected, and all of it.
pub(super) type Rejected = (u32, Reason, Arc<str>);

/// What was decided about a batch.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub decision: Decision,
    pub rejected: Vec<Rejected>,
}

/// Rejected rows that were not handed over yet.
#[derive(Debug, Default)]
pub struct Rejects {
    rows: Vec<RejectedRow>,
    bytes: usize,
}

impl Rejects {
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn push(&mut self, row: RejectedRow) {
        self.bytes += row.bytes();
        self.rows.push(row);
    }
}

impl ShardTable {
    /// Whether rows that the table cannot hold go elsewhere. Without a log a decision could not be kept.
    pub fn diverts(&self) -> bool {
        self.log.is_some() && self.open.bad_rows == BadRowPolicy::Divert
    }
}

/// Judges a batch's rows by the table's rules; `None` when all of them are good.
///
/// # Errors
/// A refusal, and the offset that it is about.
#[inline]
pub(super) fn judge(
    header: &Header,
    batch: &ArchivedBatch,
    announced: &Announced,
    table: &ShardTable,
    frame_bytes: usize,
) -> Result<Option<Box<Judged>>, Box<(Refusal, u64)>> {
    let checked = batch_check::check(batch, &announced.layout.schema, header.rows);
    if checked.is_ok() && table.open.partition_columns.is_empty() {
        return Ok(None);
    }
    judge_further(header, batch, announced, table, (checked.err(), frame_bytes))
}

fn judge_further(
    header: &Header,
    batch: &ArchivedBatch,
    announced: &Announced,
    table: &ShardTable,
    (error, frame_bytes): (Option<BatchError>, usize),
) -> Result<Option<Box<Judged>>, Box<(Refusal, u64)>> {
    let (layout, open) = (&announced.layout, &table.open);
    let at = |row: usize| header.first_offset.saturating_add(row as u64);
    let refusal = |error: &BatchError| (Refusal::new(error.code(), error.to_string()), at(error.row().unwrap_or(0)));
    let first = match error {
        None => match partition_check::faults(batch, layout, open).into_iter().next() {
            None => return Ok(None),
            Some(error) => (Refusal::new(error.code(), error.to_string()), at(error.row())),
        },
        Some(error) => refusal(&error),
    };
    if !table.diverts() {
        return Err(first.into());
    }
    let broken = broken_rules(header.rows, batch, layout, open).map_err(|error| refusal(&error))?;
    let count = broken.len();
    let decision = Decision::of(broken);
    let mut bytes = Vec::new();
    decision.encode(&mut bytes);
    if count > REJECTED_ROWS_MAX || bytes.len() > frame_bytes.max(4096) {
        let (Refusal { code, message }, offset) = first;
        let message =
            format!("{count} rows of the batch are bad, which is more than can be diverted; of the first: {message}");
        return Err(Box::new((Refusal::new(code, message), offset)));
    }
    match rendered(header, batch, &announced.schema, &decision, 0..header.rows) {
        Ok(rejected) => Ok(Some(Box::new(Judged { decision, rejected }))),
        Err(_) => Err(first.into()),
    }
}

/// Rows that break a rule of the table, in order, each with the first one.
///
/// # Errors
/// What is wrong with the batch as a whole.
pub(super) fn broken_rules(
    rows: u32,
    batch: &ArchivedBatch,
    layout: &Layout,
    table: &OpenTable,
) -> Result<BTreeMap<u32, Reason>, BatchError> {
    let reason = |code: RejectCode, rule: String| Reason { code: code as u16, sentence: rule.into() };
    let bad = batch_check::bad_rows(batch, &layout.schema, rows)?.into_rows();
    let mut found: BTreeMap<u32, Reason> =
        bad.map(|(row, error)| (row as u32, reason(error.code(), error.rule()))).collect();
    for error in partition_check::faults(batch, layout, table) {
        found.entry(error.row() as u32).or_insert_with(|| reason(error.code(), error.rule()));
    }
    Ok(found)
}

/// Those of these rows that are rejected, whole.
///
/// # Errors
/// When the batch is none of the announced columns.
pub(super) fn rendered(
    header: &Header,
    batch: &ArchivedBatch,
    announced: &Schema,
    decision: &Decision,
    rows: Range<u32>,
) -> Result<Vec<Rejected>, JsonRowsError> {
    let wanted: Vec<(u32, &Reason)> = decision.rejected(rows).collect();
    let values = json_rows(batch, announced, header.rows, wanted.iter().map(|(row, _)| *row..*row + 1))?;
    let rejected = wanted.into_iter().zip(values);
    Ok(rejected.map(|((row, reason), value)| (row, reason.clone(), value.to_string().into())).collect())
}

impl Shard {
    /// Keeps rejected rows of an entry for the next cut, from offset `from` on.
    pub(super) fn reject(
        &mut self,
        key: TableKey,
        slot: StreamSlot,
        position: Position,
        (header, from): (&Header, u64),
        rejected: Vec<Rejected>,
    ) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        let stream = table.streams.get(&slot).and_then(|stream| stream.name.clone());
        for (row, reason, text) in rejected {
            let offset = header.first_offset + u64::from(row);
            if offset >= from {
                let stream = stream.clone();
                table.rejects.push(RejectedRow { position: position.0, stream, offset, reason, row: text });
            }
        }
    }

    /// Hands rejected rows over as a part of the next cut.
    pub(super) fn hand_over_rejects(&mut self, key: TableKey, actions: &mut Vec<Action>) {
        let (Some(book), Some(table)) = (&self.log, self.tables.get_mut(&key)) else { return };
        let Rejects { rows, bytes } = std::mem::take(&mut table.rejects);
        if rows.is_empty() {
            return;
        }
        let rejected = RejectedRows {
            shard: self.settings.shard,
            log: book.log.id(),
            generation: table.open.generation,
            cut: table.open.next_cut,
            rows,
            memory: self.budget.reserve(bytes),
        };
        actions.push(Action::HandOver(key, Piece::Rejected(rejected)));
    }

    /// The same once there are many.
    pub(super) fn hand_over_many_rejects(&mut self, key: TableKey, actions: &mut Vec<Action>) {
        if self.tables.get(&key).is_some_and(|table| table.rejects.bytes >= HANDED_OVER_BYTES) {
            self.hand_over_rejects(key, actions);
        }
    }
}

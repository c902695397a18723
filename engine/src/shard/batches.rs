//! What happens to a batch.

use super::action::Action;
use super::admission::{Admission, judge};
use super::connection::{Connection, ConnectionId, Phase};
use super::rejecting;
use super::state::Shard;
use super::table::{ShardTable, StreamSlot};
use crate::columns::layout::Layout;
use crate::handover::cut::Piece;
use crate::handover::request::{Request, Urgency};
use crate::handover::row_group::RowGroup;
use crate::handover::{Refusal, TableKey};
use crate::log::Decision;
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::header::Header;
use lakehead_protocol::reject::RejectCode;

/// Rows of a batch on their way into a builder.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchRows<'a> {
    pub header: &'a Header,
    pub batch: &'a ArchivedBatch,
    /// How its columns lie in the table's; nothing where they do not, and no row is for the table.
    pub layout: Option<&'a Layout>,
    pub decision: &'a Decision,
    /// The first offset that is wanted.
    pub from: u64,
}

impl Shard {
    /// Whether a batch with this header may come: judged before its payload is waited for.
    ///
    /// # Errors
    /// The refusal, for [`Shard::refuse_frame`].
    pub fn judge_header(&self, id: ConnectionId, header: &Header) -> Result<(), Refusal> {
        let streaming = match self.connections.get(&id).map(|connection| &connection.phase) {
            Some(Phase::Streaming(streaming)) => streaming,
            // It will hear why; what it sends meanwhile is not looked at.
            Some(Phase::Dismissed) => return Ok(()),
            _ => return Err(Refusal::new(RejectCode::UnexpectedFrame, "a batch may come only after Welcome")),
        };
        if streaming.closing {
            return Err(Refusal::new(RejectCode::UnexpectedFrame, "a batch came after Close"));
        }
        let total = streaming.received_bytes + u64::from(header.archive_bytes());
        if total > streaming.credit_bytes {
            let message = format!(
                "{total} payload bytes are more than the {} that were granted; wait for an Ack with more credit",
                streaming.credit_bytes
            );
            return Err(Refusal::new(RejectCode::CreditExceeded, message));
        }
        if !streaming.layouts.contains_key(&header.schema_id) {
            let message = format!("schema id {} was not announced on this connection", header.schema_id);
            return Err(Refusal::new(RejectCode::UnknownSchema, message));
        }
        Ok(())
    }

    /// Refuses what a connection sent, for a reason found outside the shard; unless it is refused already, and its reason
    /// waits for the log.
    pub fn refuse_frame(&mut self, id: ConnectionId, refusal: &Refusal, offset: u64, actions: &mut Vec<Action>) {
        if !self.is_dismissed(id) {
            self.refuse(id, refusal, offset, actions);
        }
    }

    pub(super) fn is_dismissed(&self, id: ConnectionId) -> bool {
        matches!(self.connections.get(&id), Some(Connection { phase: Phase::Dismissed, .. }))
    }

    pub(super) fn batch(
        &mut self,
        id: ConnectionId,
        header: &Header,
        batch: &ArchivedBatch,
        frame: &[u8],
        actions: &mut Vec<Action>,
    ) {
        if let Err(refusal) = self.judge_header(id, header) {
            return self.refuse(id, &refusal, header.first_offset, actions);
        }
        let Some(Connection { phase: Phase::Streaming(streaming), .. }) = self.connections.get_mut(&id) else { return };
        let Some(announced) = streaming.layouts.get(&header.schema_id) else { return };
        let layout = announced.layout.clone();
        let Some(table) = self.tables.get(&streaming.table) else { return };
        let judged = match rejecting::judge(header, batch, announced, table, frame.len()) {
            Ok(judged) => judged,
            Err(refused) => return self.refuse(id, &refused.0, refused.1, actions),
        };
        streaming.received_bytes += u64::from(header.archive_bytes());
        let spent = streaming.received_bytes + self.settings.credit_bytes - streaming.credit_bytes;
        let credit_is_short = spent * 2 > self.settings.credit_bytes;
        let (key, slot) = (streaming.table, streaming.slot);
        let Some(table) = self.tables.get_mut(&key) else { return };
        let Some(stream) = table.streams.get_mut(&slot) else { return };
        match judge(stream.next, header.first_offset, header.rows) {
            Admission::Accept { skip } => {
                stream.next = header.first_offset + u64::from(header.rows);
                let from = header.first_offset + u64::from(skip);
                let (good, bad) = (Decision::default(), judged);
                let decision = bad.as_ref().map_or(&good, |judged| &judged.decision);
                let position = self.append_to_log(key, slot, (id, header.schema_id), skip, (frame, decision));
                // Until the table is live the replay will find them.
                let drops = skip > 0 && self.settings.canary.drops_trimmed_rest();
                if self.tables.get(&key).is_some_and(ShardTable::is_live) && !drops {
                    self.build(key, slot, &BatchRows { header, batch, layout: Some(&layout), decision, from }, actions);
                    if let (Some(position), Some(bad)) = (position, bad) {
                        self.reject(key, slot, position, (header, from), bad.rejected);
                    }
                }
                if credit_is_short {
                    self.acknowledge(key, slot, actions);
                }
            }
            // The client may not know how far it has come: tell it.
            Admission::Duplicate => self.acknowledge(key, slot, actions),
            Admission::Gap { expected } => {
                let message = format!(
                    "the batch starts at offset {} but the next row of the stream is {expected}: resume and send from there",
                    header.first_offset
                );
                self.refuse_durably(id, &Refusal::new(RejectCode::OffsetGap, message), expected, actions);
            }
            Admission::OutOfRange => {
                let refusal =
                    Refusal::new(RejectCode::BadBatch, "the batch's offsets are beyond what a table can count");
                self.refuse(id, &refusal, header.first_offset, actions);
            }
        }
    }

    /// Appends those of a batch's rows to the table's builder that are for the table.
    pub(super) fn build(&mut self, key: TableKey, slot: StreamSlot, rows: &BatchRows<'_>, actions: &mut Vec<Action>) {
        let BatchRows { header, batch, layout, decision, from } = *rows;
        let Some(mut table) = self.tables.get_mut(&key) else { return };
        let Some(stream) = table.streams.get_mut(&slot) else { return };
        if stream.built == stream.cut_from {
            table.dirty.push(slot);
        }
        stream.built = header.first_offset + u64::from(header.rows);
        let (rows, skip) = (header.rows, from.saturating_sub(header.first_offset) as u32);
        let bytes = header.archive_bytes() as usize * (rows - skip) as usize / rows.max(1) as usize;
        table.bytes_since_cut += bytes;
        let kept = if decision.is_empty() { Vec::new() } else { decision.kept(skip..rows) };
        let count = if decision.is_empty() { rows - skip } else { kept.iter().map(|part| part.end - part.start).sum() };
        if let Some(layout) = layout.filter(|_| count > 0) {
            if table.builder.must_be_sealed(batch, layout, count as usize) {
                self.seal(key, actions);
                let Some(sealed) = self.tables.get_mut(&key) else { return };
                table = sealed;
            }
            if decision.is_empty() {
                table.builder.append(batch, layout, skip as usize, rows as usize, bytes);
            }
            for part in kept {
                let bytes = bytes * part.len() / (rows - skip) as usize;
                table.builder.append(batch, layout, part.start as usize, part.end as usize, bytes);
            }
            table.memory.resize(table.builder.memory_bytes());
            table.rows_since_cut += u64::from(count);
        }
        self.after_append(key, actions);
    }

    /// Seals what is full, and asks for a cut when there is reason to.
    fn after_append(&mut self, key: TableKey, actions: &mut Vec<Action>) {
        let Some(table) = self.tables.get(&key) else { return };
        if table.builder.is_full() {
            self.seal(key, actions);
        }
        let Some(table) = self.tables.get(&key) else { return };
        let enough = table.open.cut_size.is_reached(table.rows_since_cut, table.bytes_since_cut as u64);
        self.want_cut(key, if enough { Urgency::Now } else { Urgency::Tick }, actions);
    }

    /// Hands the builder's rows over as a row group of the next cut.
    pub(super) fn seal(&mut self, key: TableKey, actions: &mut Vec<Action>) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        let sealed = match table.builder.seal() {
            Ok(None) => return,
            Ok(Some(rows)) => rows,
            Err(error) => {
                // Buffers that contradict their types: a bug, whose rows must not reach the table half-way.
                let why = Refusal::new(RejectCode::Internal, format!("sealing a row group failed: {error}"));
                return self.stop_building(key, why, actions);
            }
        };
        let memory = std::mem::replace(&mut table.memory, self.budget.reserve(0));
        table.memory.resize(table.builder.memory_bytes());
        let row_group = RowGroup {
            shard: self.settings.shard,
            generation: table.open.generation,
            cut: table.open.next_cut,
            rows: sealed,
            memory,
        };
        actions.push(Action::HandOver(key, Piece::RowGroup(row_group)));
    }

    /// Asks for a cut unless one as urgent was asked for already.
    pub(super) fn want_cut(&mut self, key: TableKey, urgency: Urgency, actions: &mut Vec<Action>) {
        let Some(table) = self.tables.get_mut(&key) else { return };
        if table.wanted.is_some_and(|wanted| wanted >= urgency) {
            return;
        }
        table.wanted = Some(urgency);
        actions.push(Action::Request(Request::WantCut { table: key, urgency }));
    }
}

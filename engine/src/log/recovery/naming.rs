//! Whose rows damaged bytes were, as far as they still tell.

use super::damage::StreamLoss;
use crate::log::limits::{RECORD_ALIGNMENT, RECORD_HEADER_BYTES};
use crate::log::live_state::LiveState;
use crate::log::numbers::StreamNumber;
use crate::log::record::{Record, RecordKind};
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::Kind;
use lakehead_protocol::limits::HEADER_BYTES;
use std::collections::BTreeMap;

/// Entries whose frame still has an intact header: a frame's header has a checksum of its own. Where a record is damaged,
/// the next one is looked for.
pub(in crate::log) fn rows_named_in(bytes: &[u8], state: &LiveState) -> Vec<StreamLoss> {
    let mut found: BTreeMap<StreamNumber, (u64, u64)> = BTreeMap::new();
    let mut names = LiveState { tables: state.tables.clone(), streams: state.streams.clone(), ..LiveState::default() };
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= RECORD_HEADER_BYTES + HEADER_BYTES) {
        let (head, frame) = rest.split_at(RECORD_HEADER_BYTES);
        let header = frame.first_chunk().and_then(|frame| Header::decode(frame).ok());
        if let Some(header) = header.filter(|header| header.kind == Kind::Batch) {
            let stream = StreamNumber(crate::log::fields::u32_at(head, 12));
            let to = header.first_offset.saturating_add(u64::from(header.rows));
            let range = found.entry(stream).or_insert((header.first_offset, to));
            *range = (range.0.min(header.first_offset), range.1.max(to));
            // On behind the whole frame: what a client sent inside of it says nothing.
            let frame_bytes = (HEADER_BYTES + header.payload_bytes as usize).next_multiple_of(RECORD_ALIGNMENT);
            at += RECORD_HEADER_BYTES + frame_bytes;
            continue;
        }
        let whole = Record::decode(rest).filter(|record| record.header.kind != RecordKind::Rows);
        if let Some(record) =
            whole.filter(|record| matches!(record.header.kind, RecordKind::Table | RecordKind::Stream))
        {
            // What the damage names itself. Should this be damaged, too, then only the message is wrong.
            let _ = names.apply(&record);
        }
        at += whole.map_or(RECORD_ALIGNMENT, |record| record.whole.len());
    }
    found.into_iter().map(|(stream, (from, to))| name(&names, stream, from, Some(to))).collect()
}

/// A loss of this stream, by its names.
pub(super) fn name(state: &LiveState, stream: StreamNumber, from: u64, to: Option<u64>) -> StreamLoss {
    let record = state.streams.get(&stream).map(|stream| &stream.record);
    StreamLoss {
        table: record.and_then(|record| state.tables.get(&record.table)).map(|table| table.name.clone()),
        stream: record.and_then(|record| record.name.clone()),
        epoch: record.map_or(0, |record| record.epoch),
        from,
        to,
    }
}

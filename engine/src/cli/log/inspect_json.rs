//! Logs for programs.

use super::inspect::Looked;
use super::kept::{KeptStream, Share, kept};
use super::place::{Duty, LogPlace};
use super::reading::Seen;
use crate::log::recovery::{Damage, Tail};
use crate::log_directory::contents::SeenBlock;
use crate::log_directory::manifest::Manifest;
use serde_json::{Value, json};

/// Everything that was looked at.
pub(super) fn json(manifest: Option<&Manifest>, logs: &[Looked], blocks: bool) -> Value {
    let one = |(place, seen): &Looked| match seen {
        Ok(seen) => log_json(place, seen, blocks),
        Err(error) => json!({ "log": place.id.to_string(), "error": error.to_string() }),
    };
    json!({
        "run": manifest.map(|manifest| manifest.run),
        "accepted": manifest.map(|manifest| &manifest.accepted),
        "logs": logs.iter().map(one).collect::<Vec<_>>(),
    })
}

fn log_json(place: &LogPlace, seen: &Seen, blocks: bool) -> Value {
    let recovered = &seen.recovered;
    let tail = match (seen.damages.is_empty(), recovered.tail) {
        (false, _) => json!({ "state": "damaged" }),
        (true, Tail::Clean) => json!({ "state": "clean" }),
        (true, Tail::Torn { segment, offset, bytes }) => {
            json!({ "state": "torn", "segment": segment, "offset": offset, "bytes": bytes })
        }
    };
    let segments = recovered.segments().map(|segment| {
        let (number, bytes, live) = (segment.number, segment.bytes, segment.live_bytes);
        json!({ "segment": number, "bytes": bytes, "needed_bytes": live, "run": seen.run_of(number) })
    });
    let accepted = recovered.damages.iter().filter(|damage| !seen.damages.contains(damage));
    let mut json = json!({
        "log": place.id.to_string(),
        "folder": place.folder.display().to_string(),
        "duty": match place.duty { Duty::Serves => Some("serves"), Duty::Drains => Some("drains"), Duty::Unknown => None },
        "bytes": seen.bytes(),
        "needed_bytes": seen.needed_bytes(),
        "spares": recovered.spares.len(),
        "next_position": recovered.next_position.0,
        "next_sequence": recovered.next_sequence,
        "tail": tail,
        "damages": seen.damages.iter().map(damage_json).collect::<Vec<_>>(),
        "accepted_losses": accepted.map(damage_json).collect::<Vec<_>>(),
        "segments": segments.collect::<Vec<_>>(),
        "tables": tables_json(seen),
    });
    if blocks {
        json["blocks"] = seen.contents.blocks.iter().map(block_json).collect();
    }
    json
}

/// Damage, and what it costs.
pub(super) fn damage_json(damage: &Damage) -> Value {
    let streams = damage.streams.iter().map(|loss| {
        json!({
            "table": loss.table.as_deref(),
            "stream": loss.stream.as_deref(),
            "epoch": loss.epoch,
            "from": loss.from,
            "last": loss.to.map(|to| to.saturating_sub(1)),
        })
    });
    json!({
        "segment": damage.segment,
        "offset": damage.offset,
        "is_guess": damage.is_guess,
        "streams": streams.collect::<Vec<_>>(),
        "message": damage.to_string(),
    })
}

fn tables_json(seen: &Seen) -> Value {
    let one = |table| {
        let (all, streams) = kept(seen, table);
        json!({
            "table": &*table.name,
            "id": &*table.id,
            "claim": table.claim,
            "position": table.position.0,
            "version": table.version,
            "entries_not_in_table": all.open.entries,
            "bytes_not_in_table": all.open.bytes,
            "entries_held": all.held.entries,
            "bytes_held": all.held.bytes,
            "entries_with_rejected_rows": all.with_rejected,
            "streams": streams.iter().map(stream_json).collect::<Vec<_>>(),
        })
    };
    seen.recovered.state.tables.values().map(one).collect()
}

fn stream_json(stream: &KeptStream) -> Value {
    let share = |share: &Share| share.offsets.json();
    json!({
        "stream": stream.is_named.then_some(&stream.name),
        "number": stream.number.0,
        "epoch": stream.epoch,
        "in_table": share(&stream.kept.in_table),
        "not_in_table": share(&stream.kept.open),
        "held": share(&stream.kept.held),
        "entries_with_rejected_rows": stream.kept.with_rejected,
    })
}

fn block_json(block: &SeenBlock) -> Value {
    let header = &block.header;
    json!({
        "segment": block.segment,
        "offset": block.offset,
        "bytes": header.bytes(),
        "sequence": header.sequence,
        "first_position": header.first.0,
        "next_position": header.end.0,
        "records": header.records,
        "durable_up_to": header.durable_up_to,
        "copies": header.holds_copies(),
        "repeat": header.flags & crate::log::block_header::FLAG_REPEAT != 0,
    })
}

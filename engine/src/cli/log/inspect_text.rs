//! Logs for people.

use super::columns::aligned;
use super::inspect::Looked;
use super::kept::{Kept, KeptStream, kept};
use super::place::{Duty, LogPlace};
use super::reading::Seen;
use crate::log::recovery::Tail;
use crate::log_directory::manifest::Manifest;

/// Everything that was looked at.
pub(super) fn text(manifest: Option<&Manifest>, logs: &[Looked], blocks: bool) -> String {
    let mut text = manifest.map_or_else(String::new, |manifest| {
        let Manifest { run, logs, draining, accepted } = manifest;
        let mut text = format!("run        {run}\nlogs       {} in use, {} draining\n", logs.len(), draining.len());
        for acceptance in accepted {
            text += &format!("accepted   table {}, after run {}\n", acceptance.table, acceptance.run);
        }
        text + "\n"
    });
    for (place, seen) in logs {
        text += &match seen {
            Ok(seen) => log_text(place, seen, blocks),
            Err(error) => format!("log        {}\nunreadable {error}\n", place.id),
        };
        text.push('\n');
    }
    text
}

fn log_text(place: &LogPlace, seen: &Seen, blocks: bool) -> String {
    let recovered = &seen.recovered;
    let duty = match place.duty {
        Duty::Serves => "  in use",
        Duty::Drains => "  drains",
        Duty::Unknown => "",
    };
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let mut text = format!(
        "log        {}{duty}\nsegments   {}\nspares     {}\nbytes      {:.1} MB on disk, {:.3} MB of entries that are needed\n",
        place.id,
        segments(seen),
        recovered.spares.len(),
        megabytes(seen.bytes()),
        megabytes(seen.needed_bytes()),
    );
    text += &format!("next       position {}, block {}\n", recovered.next_position, recovered.next_sequence);
    text += &match (seen.damages.is_empty(), recovered.tail) {
        (false, _) => "tail       DAMAGED: an engine refuses to start\n".to_owned(),
        (true, Tail::Clean) => "tail       clean\n".to_owned(),
        (true, Tail::Torn { segment, offset, bytes }) => format!(
            "tail       torn: {bytes} bytes at offset {offset} of segment {segment} were being written; nobody was told that \
             they are durable\n"
        ),
    };
    for damage in &seen.damages {
        text += &format!("  {damage}\n");
    }
    for damage in recovered.damages.iter().filter(|damage| !seen.damages.contains(damage)) {
        text += &format!("  accepted before: {damage}\n");
    }
    text += &tables_text(seen);
    if blocks {
        text += &blocks_text(seen);
    }
    text
}

fn segments(seen: &Seen) -> String {
    let numbers: Vec<u64> = seen.recovered.segments().map(|segment| segment.number).collect();
    match numbers[..] {
        [] => "none yet".to_owned(),
        [one] => format!("1 ({one})"),
        [first, .., last] => format!("{} ({first} to {last})", numbers.len()),
    }
}

fn tables_text(seen: &Seen) -> String {
    let (mut tables, mut streams) = (Vec::new(), Vec::new());
    for table in seen.recovered.state.tables.values() {
        let (all, of_streams) = kept(seen, table);
        let Kept { open, held, with_rejected, .. } = &all;
        let numbers =
            [table.claim, table.position.0, table.version, open.entries, open.bytes, held.entries, *with_rejected];
        let mut line = vec![table.name.to_string(), table.id.to_string()];
        line.extend(numbers.iter().map(u64::to_string));
        tables.push(line);
        for KeptStream { name, epoch, kept, .. } in of_streams {
            let Kept { in_table, open, held, .. } = kept;
            let shares = [in_table, open, held].map(|share| share.offsets.to_string());
            streams.push([vec![table.name.to_string(), name, epoch.to_string()], shares.to_vec()].concat());
        }
    }
    let mut text = String::new();
    if !tables.is_empty() {
        let titles = [
            "table",
            "identity",
            "claim",
            "position",
            "version",
            "entries not in it",
            "bytes",
            "entries held",
            "with rejected rows",
        ];
        text += &format!("tables\n{}", aligned(&titles, &tables));
    }
    if !streams.is_empty() {
        let titles = ["table", "stream", "epoch", "offsets in the table", "not in it", "held"];
        text += &format!("streams with entries in the log\n{}", aligned(&titles, &streams));
    }
    text
}

fn blocks_text(seen: &Seen) -> String {
    let lines: Vec<Vec<String>> = seen
        .contents
        .blocks
        .iter()
        .map(|block| {
            let header = &block.header;
            let numbers =
                [block.segment, block.offset, header.bytes() as u64, header.sequence, header.first.0, header.end.0];
            let more = [u64::from(header.records), header.durable_up_to, u64::from(header.flags)];
            numbers.iter().chain(&more).map(u64::to_string).collect()
        })
        .collect();
    let titles =
        ["segment", "offset", "bytes", "sequence", "first position", "next", "records", "durable up to", "flags"];
    format!("blocks\n{}", aligned(&titles, &lines))
}

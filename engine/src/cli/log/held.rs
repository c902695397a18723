//! `lakehead log held`: what is kept, and why.

use super::columns::aligned;
use super::error::LogCommandError;
use super::judging::{Verdict, judge_table};
use super::kept::{Kept, KeptStream, kept};
use super::place::{DataDirectory, LogPlaces};
use super::reading::look;
use crate::cli::exit::Exit;
use crate::cli::output::say;
use crate::commit::ledger::TableView;
use crate::handover::log_part::LogId;
use crate::log::TableRecord;
use serde_json::{Value, json};

/// A table, as one log knows it.
struct HeldTable {
    log: LogId,
    record: TableRecord,
    kept: Kept,
    streams: Vec<KeptStream>,
    verdict: Verdict,
    shown: Option<TableView>,
}

/// Runs it.
pub(super) fn run(directory: &DataDirectory, as_json: bool) -> Result<Exit, LogCommandError> {
    let tables = read(directory)?;
    if as_json {
        say(json!({ "held": held_json(&tables), "tables": tables_json(&tables) }));
    } else {
        say(text(&tables).trim_end());
    }
    Ok(Exit::Success)
}

fn read(directory: &DataDirectory) -> Result<Vec<HeldTable>, LogCommandError> {
    let places = LogPlaces::find(&directory.logs()?)?;
    let manifest = places.manifest.unwrap_or_default();
    let tables = directory.tables()?;
    let mut found = Vec::new();
    for place in &places.logs {
        let seen = look(place)?;
        for record in seen.recovered.state.tables.values() {
            let (kept, streams) = kept(&seen, record);
            let (verdict, shown) = judge_table(&tables, &manifest, (place, &seen), record);
            found.push(HeldTable { log: place.id, record: record.clone(), kept, streams, verdict, shown });
        }
    }
    Ok(found)
}

impl HeldTable {
    /// Held rows of each stream, and what the table has of it now.
    fn held(&self) -> impl Iterator<Item = (&KeptStream, String)> {
        let held = self.streams.iter().filter(|stream| stream.kept.held.entries > 0);
        held.map(|stream| {
            let shown = self.shown.as_ref().map(|view| view.stream(&stream.name));
            let why = match shown.filter(|_| stream.is_named) {
                Some(shown) => format!("the table has {} rows of it, under epoch {}", shown.committed, shown.epoch),
                None => "what the table has of it is not known".to_owned(),
            };
            (stream, why)
        })
    }

    /// Why it is not written, when it is not.
    fn trouble(&self) -> Option<(&'static str, String, String)> {
        let name = &self.record.name;
        match &self.verdict {
            Verdict::Fits => None,
            Verdict::Accepted => {
                let why = "it was accepted as it is; the next start goes on with it".to_owned();
                Some(("accepted", why, "start the engine".to_owned()))
            }
            Verdict::Stopped { reason, why } => Some((reason.word(), why.clone(), reason.next_step(name))),
            // A table that cannot be read and for which nothing waits is nobody's business here.
            Verdict::Unknown(why) => self.kept.is_needed().then(|| {
                (
                    "unknown",
                    why.clone(),
                    "the engine tries again by itself; look again when the table can be read".to_owned(),
                )
            }),
        }
    }
}

fn text(tables: &[HeldTable]) -> String {
    let held: Vec<Vec<String>> = tables
        .iter()
        .flat_map(|table| table.held().map(move |(stream, why)| (table, stream, why)))
        .map(|(table, stream, why)| {
            let held = &stream.kept.held;
            let numbers = [stream.epoch, held.offsets.rows(), held.bytes].map(|number| number.to_string());
            let [epoch, rows, bytes] = numbers;
            let (offsets, log) = (held.offsets.to_string(), table.log.to_string());
            vec![table.record.name.to_string(), stream.name.clone(), epoch, offsets, rows, bytes, log, why]
        })
        .collect();
    let mut text = String::new();
    if !held.is_empty() {
        let titles = ["table", "stream", "epoch", "offsets", "rows", "bytes", "log", "why"];
        text += &format!("held: durable under an epoch that the table has left behind\n{}", aligned(&titles, &held));
        text += "save them with `held export --table T --out FILE.arrow`, then `held discard --table T`\n";
    }
    let mut is_first = true;
    for table in tables {
        let Some((word, why, next)) = table.trouble() else { continue };
        if std::mem::take(&mut is_first) {
            text += "tables that are not written\n";
        }
        let open = &table.kept.open;
        text += &format!(
            "  {} ({})\n    log    {}, {} entries, {} bytes that are not in the table\n    {word}: {why}\n    next: {next}\n",
            table.record.name, table.record.id, table.log, open.entries, open.bytes
        );
    }
    match text.is_empty() {
        true => "nothing is held, and every table of the logs can be written".to_owned(),
        false => text,
    }
}

fn held_json(tables: &[HeldTable]) -> Vec<Value> {
    let one = |table: &HeldTable, stream: &KeptStream, why: String| {
        let held = &stream.kept.held;
        let shown = table.shown.as_ref().filter(|_| stream.is_named).map(|view| view.stream(&stream.name));
        json!({
            "table": &*table.record.name,
            "id": &*table.record.id,
            "log": table.log.to_string(),
            "stream": stream.is_named.then_some(&stream.name),
            "epoch": stream.epoch,
            "offsets": held.offsets.json(),
            "rows": held.offsets.rows(),
            "bytes": held.bytes,
            "table_committed": shown.map(|shown| shown.committed),
            "table_epoch": shown.map(|shown| shown.epoch),
            "why": why,
        })
    };
    tables.iter().flat_map(|table| table.held().map(move |(stream, why)| one(table, stream, why))).collect()
}

fn tables_json(tables: &[HeldTable]) -> Vec<Value> {
    let one = |table: &HeldTable| {
        let (reason, why, next) = table.trouble()?;
        Some(json!({
            "table": &*table.record.name,
            "id": &*table.record.id,
            "log": table.log.to_string(),
            "reason": reason,
            "why": why,
            "next": next,
            "entries": table.kept.open.entries,
            "bytes": table.kept.open.bytes,
        }))
    };
    tables.iter().filter_map(one).collect()
}

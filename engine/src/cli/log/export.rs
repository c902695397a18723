//! `lakehead log held export`.

use super::error::LogCommandError;
use super::judging::judge_table;
use super::offsets::Offsets;
use super::place::{DataDirectory, LogPlaces};
use super::reading::{Seen, look};
use super::rows::{Rows, Take};
use crate::cli::exit::Exit;
use crate::cli::output::{say, tell};
use crate::columns::additions::union;
use crate::log::Position;
use crate::log_directory::contents::{Contents, Entry, Standing};
use arrow::ipc::writer::FileWriter;
use lakehead_protocol::schema::Schema;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writes held rows of a table into an Arrow file, which `lakehead write` can send.
///
/// Columns are as the producers sent them; rows that the table rejects are among the others. Rows of a named stream whose offsets the table has are left
/// out when the table can be read: they are there. Nothing is changed and an engine may run; when the
/// rows are safe elsewhere, `held discard` lets the log forget them.
///
/// Send the file under a stream name of its own, so that it can be sent again without repeating rows:
///   lakehead log held export --data-dir DIR --table orders --out held.arrow
///   lakehead write orders held.arrow --server 127.0.0.1:7531 --stream orders-held-1
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct ExportArguments {
    #[command(flatten)]
    directory: DataDirectory,
    /// The table's name, as producers say it, or its identity.
    #[arg(long, value_name = "T")]
    table: String,
    /// Only this named stream.
    #[arg(long, value_name = "S")]
    stream: Option<String>,
    /// Also rows that are not held and not known to be in the table.
    #[arg(long)]
    all: bool,
    /// The file to be written.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Rows to be written, of one log.
struct Chosen {
    seen: Seen,
    /// Entries, and the offset from which their rows are wanted.
    entries: Vec<(Position, Entry, u64)>,
}

/// What is written of each stream.
type Streams = BTreeMap<(String, u64), Offsets>;

/// Runs it.
pub(super) fn run(arguments: &ExportArguments) -> Result<Exit, LogCommandError> {
    let places = LogPlaces::find(&arguments.directory.logs()?)?;
    let manifest = places.manifest.unwrap_or_default();
    let tables = arguments.directory.tables()?;
    let (mut chosen, mut streams, mut left_out) = (Vec::new(), Streams::new(), 0);
    for place in &places.logs {
        let seen = look(place)?;
        let state = &seen.recovered.state;
        let mut entries = Vec::new();
        for record in state.tables.values() {
            if *record.name != *arguments.table && *record.id != *arguments.table {
                continue;
            }
            let (_, shown) = judge_table(&tables, &manifest, (place, &seen), record);
            for (position, entry, standing) in seen.contents.of_table(state, record.number) {
                if standing == Standing::InTable || (standing == Standing::Open && !arguments.all) {
                    continue;
                }
                let stream = state.streams.get(&entry.stream).map(|stream| &stream.record);
                let name = stream.and_then(|stream| stream.name.clone());
                if arguments.stream.is_some() && name.as_deref() != arguments.stream.as_deref() {
                    continue;
                }
                let committed = shown.as_ref().zip(name.as_ref()).map_or(0, |(view, name)| view.stream(name).committed);
                let from = entry.from.max(committed).min(entry.to);
                left_out += from - entry.from;
                if from < entry.to {
                    let name = name.map_or_else(|| format!("(anonymous {})", entry.stream.0), |name| name.to_string());
                    let epoch = stream.map_or(0, |stream| stream.epoch);
                    streams.entry((name, epoch)).or_default().add(from, entry.to);
                    entries.push((position, *entry, from));
                }
            }
        }
        chosen.push(Chosen { seen, entries });
    }
    let rows = write(&arguments.out, &chosen, left_out, arguments.all)?;
    for ((stream, epoch), offsets) in &streams {
        tell(format_args!("stream {stream}, epoch {epoch}: offsets {offsets}"));
    }
    if left_out > 0 {
        tell(format_args!("{left_out} rows were left out: the table has rows at their offsets"));
    }
    say(
        json!({ "table": arguments.table, "rows": rows, "left_out": left_out, "out": arguments.out.display().to_string() }),
    );
    Ok(Exit::Success)
}

/// Columns for all entries.
fn schema_of(chosen: &[Chosen]) -> Result<Option<Arc<Schema>>, LogCommandError> {
    let mut found: Option<Arc<Schema>> = None;
    let mut known = BTreeSet::new();
    for (log, Chosen { seen, entries }) in chosen.iter().enumerate() {
        for (_, entry, _) in entries.iter().filter(|(_, entry, _)| known.insert((log, entry.schema))) {
            let Some(live) = seen.recovered.state.schemas.get(&entry.schema) else { continue };
            let schema = &live.record.schema;
            found = Some(match found {
                None => schema.clone(),
                Some(before) if before == *schema => before,
                Some(before) => Arc::new(union(&before, schema).map_err(|error| {
                    let why = format!(
                        "entries were sent with different columns ({error}); export them stream by stream with --stream"
                    );
                    LogCommandError::Wrong(why)
                })?),
            });
        }
    }
    Ok(found)
}

/// Rows that take all of these entries. Only those with rejected rows can have values that their own columns do not allow.
fn rows_for(schema: &Schema, chosen: &[Chosen]) -> Result<Rows, String> {
    let rows = Rows::new(schema, Take::Sent)?;
    for Chosen { seen, entries } in chosen {
        let state = &seen.recovered.state;
        for (position, entry, _) in entries.iter().filter(|(at, entry, _)| Contents::has_rejected(state, *at, entry)) {
            if !rows.fit(seen, *position, entry)? {
                tell(
                    "rejected rows are among them: text is exported as binary, and decimals as wide as their numbers can be",
                );
                return Rows::new(schema, Take::Any);
            }
        }
    }
    Ok(rows)
}

/// Writes the file under another name first, so that it is whole when it is there.
fn write(out: &Path, chosen: &[Chosen], left_out: u64, all: bool) -> Result<u64, LogCommandError> {
    let Some(schema) = schema_of(chosen)? else {
        let more = if all { "" } else { "; --all exports rows that are not in the table yet, too" };
        let why = if left_out > 0 { " that the table does not have" } else { "" };
        return Err(LogCommandError::Nothing(format!("the logs hold no such rows{why}{more}")));
    };
    let mut rows = rows_for(&schema, chosen).map_err(LogCommandError::Wrong)?;
    let mut staged = out.as_os_str().to_owned();
    staged.push(".new");
    let staged = PathBuf::from(staged);
    let failed = |cause| LogCommandError::Output { path: out.to_owned(), cause };
    let arrow = |error: arrow::error::ArrowError| failed(std::io::Error::other(error));
    let file = File::create(&staged).map_err(failed)?;
    let mut writer = FileWriter::try_new(file, rows.schema()).map_err(arrow)?;
    let mut count = 0;
    for Chosen { seen, entries } in chosen {
        for (position, entry, from) in entries {
            count += entry.to - from;
            if let Some(batch) = rows.add(seen, *position, entry, *from).map_err(LogCommandError::Wrong)? {
                writer.write(&batch).map_err(arrow)?;
            }
        }
    }
    if let Some(batch) = rows.seal().map_err(LogCommandError::Wrong)? {
        writer.write(&batch).map_err(arrow)?;
    }
    writer.into_inner().map_err(arrow)?.sync_all().map_err(failed)?;
    fs::rename(&staged, out).map_err(failed)?;
    Ok(count)
}

//! `lakehead log held discard`.

use super::error::LogCommandError;
use super::offsets::Offsets;
use crate::cli::directory_lock::lock;
use crate::cli::exit::Exit;
use crate::cli::output::{say, tell};
use crate::handover::log_part::{LogId, Remembered};
use crate::log::recovery::Mode;
use crate::log::{Position, Recovered, TableNumber, TableRecord};
use crate::log_directory::amending::Amending;
use crate::log_directory::contents::{Contents, Standing};
use crate::log_directory::disk::FileDisk;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Lets the log forget held rows of a table, and names them. Export them first if anybody needs them.
///
/// With --all also rows that are not held and not known to be in the table are given up, for a table
/// that was dropped or made anew; should the table of that identity come back, it is taken as it is.
///
/// Without --yes it only says what would be discarded. The engine must be stopped.
///
/// Example:
///   lakehead log held discard --data-dir /var/lib/lakehead --table orders --yes
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct DiscardArguments {
    /// The engine's data directory.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// The table's name, as producers say it, or its identity.
    #[arg(long, value_name = "T")]
    table: String,
    /// Only this named stream.
    #[arg(long, value_name = "S", conflicts_with = "all")]
    stream: Option<String>,
    /// Also rows that are on their way into the table.
    #[arg(long)]
    all: bool,
    /// Does it.
    #[arg(long)]
    yes: bool,
}

/// What goes from one log.
struct Plan {
    recovered: Recovered,
    released: Vec<Position>,
    /// Tables that are taken to have everything below a position.
    passed: Vec<(TableNumber, Remembered)>,
    streams: BTreeMap<(String, u64), Offsets>,
    /// Identities of the tables in `passed`.
    tables: Vec<String>,
}

/// Runs it.
pub(super) fn run(arguments: &DiscardArguments) -> Result<Exit, LogCommandError> {
    let logs = arguments.data_dir.join("log");
    if !logs.join("manifest.json").is_file() {
        return Err(LogCommandError::Place { path: arguments.data_dir.clone() });
    }
    let _lock = lock(&arguments.data_dir)?;
    let mut amending = Amending::begin(&logs)?;
    let places: Vec<LogId> = amending.manifest().all().collect();
    let mut plans = Vec::new();
    for log in places {
        let recovered = amending.recover(log, Mode::Strict)?;
        let folder = amending.folder(log);
        let contents = Contents::read(&FileDisk::new(folder.clone()), &recovered);
        let contents = contents.map_err(|cause| LogCommandError::Io { path: folder, cause })?;
        let plan = plan(arguments, recovered, &contents);
        if !plan.streams.is_empty() {
            plans.push(plan);
        }
    }
    if plans.is_empty() {
        let more = if arguments.all { "" } else { "; --all is for rows that are on their way into a table" };
        let table = &arguments.table;
        return Err(LogCommandError::Nothing(format!("the logs hold no such rows of table {table}{more}")));
    }
    for ((stream, epoch), offsets) in plans.iter().flat_map(|plan| &plan.streams) {
        let rows = offsets.rows();
        say(format_args!("table {}, stream {stream}, epoch {epoch}: offsets {offsets}, {rows} rows", arguments.table));
    }
    if !arguments.yes {
        let message = "nothing was changed; say --yes to discard these rows, or `held export` them first";
        return Err(LogCommandError::Undecided(message.to_owned()));
    }
    let tables: Vec<String> = plans.iter().flat_map(|plan| plan.tables.clone()).collect();
    for plan in plans {
        let Plan { recovered, released, passed, .. } = plan;
        amending.amend(recovered, |log| {
            released.into_iter().for_each(|position| _ = log.release(position));
            passed.into_iter().for_each(|(table, remembered)| _ = log.committed(table, remembered));
        })?;
    }
    for table in tables {
        // The log now speaks of rows that the table never had: should it be written again, it is right as it is.
        amending.accept(&table)?;
    }
    tell("discarded");
    Ok(Exit::Success)
}

fn plan(arguments: &DiscardArguments, recovered: Recovered, contents: &Contents) -> Plan {
    let state = &recovered.state;
    let (mut released, mut passed, mut tables) = (Vec::new(), Vec::new(), Vec::new());
    let mut streams: BTreeMap<(String, u64), Offsets> = BTreeMap::new();
    let meant = |record: &&TableRecord| *record.name == *arguments.table || *record.id == *arguments.table;
    for record in state.tables.values().filter(meant) {
        let mut last = None;
        for (position, entry, standing) in contents.of_table(state, record.number) {
            let stream = state.streams.get(&entry.stream).map(|stream| &stream.record);
            let name = stream.and_then(|stream| stream.name.as_deref());
            if arguments.stream.is_some() && name != arguments.stream.as_deref() {
                continue;
            }
            match standing {
                Standing::Held => released.push(position),
                Standing::Open if arguments.all => {}
                Standing::Open | Standing::InTable => continue,
            }
            if position >= record.position && arguments.all {
                last = Some(position);
            }
            let name = name.map_or_else(|| format!("(anonymous {})", entry.stream.0), str::to_owned);
            let key = (name, stream.map_or(0, |stream| stream.epoch));
            streams.entry(key).or_default().add(entry.from, entry.to);
        }
        if let Some(last) = last {
            let TableRecord { number, claim, version, .. } = *record;
            passed.push((number, Remembered { claim, position: last.next().0, version }));
            tables.push(record.id.to_string());
        }
    }
    Plan { recovered, released, passed, streams, tables }
}

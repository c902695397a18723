//! `lakehead stream`: the named streams of a table.

use super::exit::Exit;
use super::local_table::{LocalTable, LocalTableError};
use super::output::{say, tell};
use super::table_place::TablePlace;
use super::time::utc;
use crate::table::delta::TableError;
use crate::table::delta::describe::{Description, StreamDescription, describe};
use crate::table::delta::forget::{ForgetError, forget, forget_rejected};
use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};

/// Arguments of `lakehead stream`.
#[derive(Debug, Args)]
pub struct StreamArguments {
    #[command(subcommand)]
    command: StreamCommand,
}

#[derive(Debug, Subcommand)]
#[command(verbatim_doc_comment)]
enum StreamCommand {
    /// Lists the named streams of a table: how many rows of each are committed, and when that changed
    /// last.
    ///
    /// The table itself keeps these numbers, so no engine has to run.
    ///
    /// Example:
    ///   lakehead stream list plant.readings --data-dir /var/lib/lakehead
    #[command(verbatim_doc_comment)]
    List(ListArguments),
    /// Shows one named stream of a table.
    Describe(OneArguments),
    /// Forgets a named stream, so that its name is free and does not count against streams_max.
    ///
    /// What happens:
    ///   - Rows that were written under the name stay in the table, and in that of its rejected rows.
    ///   - How many they were is forgotten: whoever opens the name again begins at row 0. Running the same
    ///     `lakehead write ... --stream NAME` again would add all of its rows a second time.
    ///   - A producer that is writing under the name is fenced: its next rows are refused for good.
    ///
    /// It can be done while engines write to the table. If rows of the stream come just then, nothing
    /// is forgotten and the command says so. Without --yes it asks first.
    ///
    /// Example:
    ///   lakehead stream forget plant.readings gateway-7 --data-dir /var/lib/lakehead --yes
    #[command(verbatim_doc_comment)]
    Forget(ForgetArguments),
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("lies").required(true).multiple(true).args(TablePlace::FLAGS)))]
struct ListArguments {
    /// The table's name.
    table: String,
    #[command(flatten)]
    place: TablePlace,
    /// JSON for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("lies").required(true).multiple(true).args(TablePlace::FLAGS)))]
struct OneArguments {
    /// The table's name.
    table: String,
    /// The stream's name.
    stream: String,
    #[command(flatten)]
    place: TablePlace,
    /// JSON for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("lies").required(true).multiple(true).args(TablePlace::FLAGS)))]
struct ForgetArguments {
    /// The table's name.
    table: String,
    /// The stream's name.
    stream: String,
    #[command(flatten)]
    place: TablePlace,
    /// Does not ask.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, thiserror::Error)]
enum StreamError {
    #[error(transparent)]
    Local(#[from] LocalTableError),
    #[error(transparent)]
    Forget(#[from] ForgetError),
    #[error("say --yes to forget the stream; there is no terminal to ask on")]
    NobodyToAsk,
    #[error("nothing was forgotten")]
    Declined,
}

impl From<TableError> for StreamError {
    fn from(error: TableError) -> Self {
        Self::Local(error.into())
    }
}

/// Runs `lakehead stream`.
pub fn run(arguments: StreamArguments) -> Exit {
    let (name, result) = match &arguments.command {
        StreamCommand::List(arguments) => ("list", list(arguments)),
        StreamCommand::Describe(arguments) => ("describe", describe_one(arguments)),
        StreamCommand::Forget(arguments) => ("forget", forget_one(arguments)),
    };
    match result {
        Ok(()) => Exit::Success,
        Err(error) => {
            tell(format_args!("lakehead stream {name}: {error}"));
            match error {
                StreamError::NobodyToAsk => Exit::Usage,
                StreamError::Forget(ForgetError::Moved { .. }) => Exit::TryLater,
                StreamError::Local(_) | StreamError::Forget(_) | StreamError::Declined => Exit::Failure,
            }
        }
    }
}

/// A stream for programs.
pub(super) fn stream_json(name: &str, stream: &StreamDescription) -> Value {
    json!({
        "stream": name,
        "committed": stream.committed,
        "epoch": stream.epoch,
        "updated_ms": stream.updated_ms,
        "updated": stream.updated_ms.and_then(utc),
    })
}

fn described(table: &str, place: &TablePlace) -> Result<(LocalTable, Description), StreamError> {
    let place = place.table(table)?;
    let found = describe(&place.table)?.ok_or_else(|| place.missing())?;
    Ok((place, found))
}

fn updated(stream: &StreamDescription) -> String {
    stream.updated_ms.and_then(utc).unwrap_or_else(|| "unknown".to_owned())
}

fn list(arguments: &ListArguments) -> Result<(), StreamError> {
    let (_, found) = described(&arguments.table, &arguments.place)?;
    if arguments.json {
        let streams: Vec<_> = found.streams.iter().map(|(name, stream)| stream_json(name, stream)).collect();
        say(json!({ "table": arguments.table, "version": found.version, "streams": streams }));
        return Ok(());
    }
    if found.streams.is_empty() {
        tell(format_args!("table {} has no named streams", arguments.table));
        return Ok(());
    }
    say(format_args!("{:<30} {:>14} {:>6}  last update (UTC)", "stream", "rows committed", "epoch"));
    for (name, stream) in &found.streams {
        say(format_args!("{name:<30} {:>14} {:>6}  {}", stream.committed, stream.epoch, updated(stream)));
    }
    Ok(())
}

fn one(found: &Description, stream: &str) -> Result<StreamDescription, StreamError> {
    found.streams.get(stream).copied().ok_or_else(|| ForgetError::Unknown { stream: stream.into() }.into())
}

fn describe_one(arguments: &OneArguments) -> Result<(), StreamError> {
    let (_, found) = described(&arguments.table, &arguments.place)?;
    let stream = one(&found, &arguments.stream)?;
    if arguments.json {
        say(stream_json(&arguments.stream, &stream));
        return Ok(());
    }
    say(format_args!(
        "stream          {}\ntable           {}\nrows committed  {}\nepoch           {}\nlast update     {}",
        arguments.stream,
        arguments.table,
        stream.committed,
        stream.epoch,
        updated(&stream)
    ));
    Ok(())
}

fn forget_one(arguments: &ForgetArguments) -> Result<(), StreamError> {
    let place = arguments.place.table(&arguments.table)?;
    let known = place.table.load()?.ok_or_else(|| place.missing())?;
    if !known.view().has_stream(&arguments.stream) {
        return Err(ForgetError::Unknown { stream: arguments.stream.as_str().into() }.into());
    }
    let shown = known.view().stream(&arguments.stream);
    if !arguments.yes {
        ask(arguments, shown.committed)?;
    }
    let forget_rejected = |epoch| forget_rejected(&place.runtime, &place.rejects, &arguments.stream, epoch);
    forget_rejected(None)?;
    let version = forget(&place.runtime, &place.table, &known, &arguments.stream)?;
    let epoch = shown.epoch + 1;
    forget_rejected(Some(epoch))?;
    say(json!({
        "table": arguments.table,
        "stream": arguments.stream,
        "forgotten_rows": shown.committed,
        "epoch": epoch,
        "committed_version": version,
    }));
    Ok(())
}

fn ask(arguments: &ForgetArguments, rows: u64) -> Result<(), StreamError> {
    if !std::io::stdin().is_terminal() {
        return Err(StreamError::NobodyToAsk);
    }
    let mut terminal = std::io::stderr();
    let _ = write!(
        terminal,
        "Forget stream {:?} of table {}? Its {rows} rows stay; its producers are fenced; opening the name again begins at \
         row 0, so running the same file again would add its rows again. [y/N] ",
        arguments.stream, arguments.table
    );
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(StreamError::Declined) }
}

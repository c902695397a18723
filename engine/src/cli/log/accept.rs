//! `lakehead log held accept`.

use super::error::LogCommandError;
use super::judging::{Reason, Verdict, judge_table};
use super::place::{DataDirectory, LogPlaces};
use super::reading::look;
use crate::cli::directory_lock::lock;
use crate::cli::exit::Exit;
use crate::cli::output::say;
use crate::log_directory::amending::Amending;
use std::collections::BTreeSet;

/// Has the next start of the engine take a restored table as it is.
///
/// For a table that shows less than it has shown before, or was restored to an older version: rows of
/// the log that the table is not known to have go into it from then on. Rows that the restore took
/// away and that the log has let go of are not brought back: their producers have to send them again,
/// under another stream name if the table still shows their offsets.
///
/// The decision holds for one claim of each log that knows the table; after that the table is watched
/// as before. It is for restored tables only. Rows held because their stream went on under a newer
/// epoch cannot be accepted: export and write them. The engine must be stopped.
///
/// Example:
///   lakehead log held accept --data-dir /var/lib/lakehead --table orders
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct AcceptArguments {
    #[command(flatten)]
    directory: DataDirectory,
    /// The table's name, as producers say it.
    #[arg(long, value_name = "T")]
    table: String,
}

/// Runs it.
pub(super) fn run(arguments: &AcceptArguments) -> Result<Exit, LogCommandError> {
    let (table, logs) = (&arguments.table, arguments.directory.logs()?);
    let tables = arguments.directory.tables()?;
    let _lock = lock(&arguments.directory.data_dir)?;
    let mut amending = Amending::begin(&logs)?;
    let (mut is_known, mut is_accepted, mut accepted) = (false, false, BTreeSet::new());
    for place in LogPlaces::find(&logs)?.logs {
        let seen = look(&place)?;
        for record in seen.recovered.state.tables.values().filter(|record| *record.name == **table) {
            is_known = true;
            match judge_table(&tables, amending.manifest(), (&place, &seen), record).0 {
                Verdict::Fits => {}
                Verdict::Accepted => is_accepted = true,
                Verdict::Stopped { reason: Reason::Restored, why } => {
                    say(format_args!("log {}: {why}", place.id));
                    accepted.insert(record.id.to_string());
                }
                // The rows of an earlier table of this name have nothing to do with it.
                Verdict::Stopped { reason: Reason::Remade, .. } if !seen_rows(&seen, record) => {}
                Verdict::Stopped { reason, why } => {
                    let (word, next) = (reason.word(), reason.next_step(table));
                    let message = format!("this cannot be accepted ({word}): {why}. Next: {next}");
                    return Err(LogCommandError::Wrong(message));
                }
                Verdict::Unknown(why) => {
                    let message = format!("the table cannot be judged: {why}. Try again when it can be read");
                    return Err(LogCommandError::Nothing(message));
                }
            }
        }
    }
    if !is_known {
        let message = format!("no log knows a table {table}; `lakehead log inspect` lists those that are known");
        return Err(LogCommandError::Nothing(message));
    }
    for id in &accepted {
        amending.accept(id)?;
    }
    say(match (accepted.is_empty(), is_accepted) {
        (false, _) => format!("accepted: the next start goes on with table {table} as it is"),
        (true, true) => format!("table {table} was accepted already; start the engine"),
        (true, false) => format!("table {table} fits its logs: nothing has to be decided, nothing was changed"),
    });
    Ok(Exit::Success)
}

/// Whether the log has rows of the table that are not in it.
fn seen_rows(seen: &super::reading::Seen, record: &crate::log::TableRecord) -> bool {
    super::kept::kept(seen, record).0.is_needed()
}

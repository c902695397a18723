//! `lakehead log inspect`.

use super::error::LogCommandError;
use super::inspect_json::json;
use super::inspect_text::text;
use super::place::{LogPlace, LogPlaces};
use super::reading::{Seen, look};
use crate::cli::exit::Exit;
use crate::cli::output::{say, tell};
use std::path::PathBuf;

/// Shows what the logs of a data directory hold: segments, how each log ends, and of each table and
/// stream what is in the table, what is on its way, and what is held.
///
/// PATH is a data directory, its folder `log`, or the folder of one log. Nothing is changed. An engine
/// may run: each log is then shown as it was at one moment. Ends with 65 when a log is damaged and
/// says what that costs.
///
/// Examples:
///   lakehead log inspect /var/lib/lakehead
///   lakehead log inspect /var/lib/lakehead --blocks --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct InspectArguments {
    /// A data directory, its folder of logs, or one log.
    path: PathBuf,
    /// A line for each block.
    #[arg(long)]
    blocks: bool,
    /// JSON for programs.
    #[arg(long)]
    json: bool,
}

/// One log, or why it cannot be shown.
pub(super) type Looked = (LogPlace, Result<Seen, LogCommandError>);

/// Runs it.
pub(super) fn run(arguments: &InspectArguments) -> Result<Exit, LogCommandError> {
    let places = LogPlaces::find(&arguments.path)?;
    let logs: Vec<Looked> = places.logs.into_iter().map(|place| (place.clone(), look(&place))).collect();
    let manifest = places.manifest.as_ref();
    if arguments.json {
        say(json(manifest, &logs, arguments.blocks));
    } else {
        say(text(manifest, &logs, arguments.blocks).trim_end());
    }
    let mut exit = Exit::Success;
    for (_, seen) in &logs {
        match seen {
            Ok(seen) if seen.damages.is_empty() => {}
            Ok(_) => exit = Exit::Data,
            Err(error) => {
                tell(format_args!("lakehead log inspect: {error}"));
                exit = error.exit();
            }
        }
    }
    Ok(exit)
}

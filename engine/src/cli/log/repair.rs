//! `lakehead log repair`.

use super::error::LogCommandError;
use crate::cli::directory_lock::lock;
use crate::cli::exit::Exit;
use crate::cli::output::{say, tell};
use crate::handover::log_part::LogId;
use crate::log::RecoveryError;
use crate::log::recovery::{Damage, Mode};
use crate::log_directory::OpenError;
use crate::log_directory::amending::Amending;
use std::path::PathBuf;

/// Gives up what is damaged in a log, so that the engine starts again.
///
/// The rows that cannot be read were acknowledged as durable. Without --accept-loss nothing is changed:
/// the command says which streams and offsets they are and ends with 65. With it the log goes on
/// behind the damage and notes that the loss was accepted; everything else goes into the tables at the
/// next start. Producers that still have the rows can send them again.
///
/// Try first to get the files back from where they are intact: `lakehead log inspect` names segment
/// and offset. The engine must be stopped.
///
/// Example:
///   lakehead log repair --data-dir /var/lib/lakehead --accept-loss
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct RepairArguments {
    /// The engine's data directory.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Gives up the rows that cannot be read.
    #[arg(long)]
    accept_loss: bool,
}

/// Runs it.
pub(super) fn run(arguments: &RepairArguments) -> Result<Exit, LogCommandError> {
    let logs = arguments.data_dir.join("log");
    if !logs.join("manifest.json").is_file() {
        return Err(LogCommandError::Place { path: arguments.data_dir.clone() });
    }
    let _lock = lock(&arguments.data_dir)?;
    let mut amending = Amending::begin(&logs)?;
    let damaged = find_damage(&amending)?;
    if damaged.is_empty() {
        say("no log is damaged; nothing was changed");
        return Ok(Exit::Success);
    }
    for (log, damages) in &damaged {
        say(format_args!("log {log}"));
        damages.iter().for_each(|damage| say(format_args!("  {damage}")));
    }
    if !arguments.accept_loss {
        tell(
            "lakehead log repair: nothing was changed. Restore the files if they are intact somewhere; otherwise say \
             --accept-loss to go on without what is named above",
        );
        return Ok(Exit::Data);
    }
    for (log, _) in &damaged {
        let recovered = amending.recover(*log, Mode::AcceptLoss)?;
        // Resuming notes every accepted loss at the front of the new segment.
        amending.amend(recovered, |_| {})?;
        amending.recover(*log, Mode::Strict)?;
    }
    say(
        "given up: rows named above that are not in their tables are lost unless their producers send them again. Start the engine",
    );
    Ok(Exit::Success)
}

fn find_damage(amending: &Amending) -> Result<Vec<(LogId, Vec<Damage>)>, LogCommandError> {
    let mut damaged = Vec::new();
    for log in amending.manifest().all() {
        match amending.recover(log, Mode::Strict) {
            Ok(_) => {}
            Err(OpenError::Damaged { cause, path, .. }) => match *cause {
                RecoveryError::Damaged(damages) => damaged.push((log, damages)),
                // Files that are not this log's: nothing is lost, they have to be put right.
                cause => return Err(LogCommandError::Unreadable { path, cause: Box::new(cause) }),
            },
            Err(error) => return Err(error.into()),
        }
    }
    Ok(damaged)
}

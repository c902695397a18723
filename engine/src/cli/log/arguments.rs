//! The words of `lakehead log`.

use super::error::LogCommandError;
use super::place::DataDirectory;
use super::{accept, discard, export, held, inspect, repair};
use crate::cli::exit::Exit;
use crate::cli::output::tell;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `lakehead log`.
#[derive(Debug, Args)]
pub struct LogArguments {
    #[command(subcommand)]
    command: LogCommand,
}

#[derive(Debug, Subcommand)]
enum LogCommand {
    Inspect(inspect::InspectArguments),
    Repair(repair::RepairArguments),
    Held(HeldArguments),
}

/// Shows what logs keep until a person has decided, and why; its commands are the decisions.
///
/// Held rows were acknowledged as durable, and then their stream went on under a newer epoch, at
/// another engine, without them. They are exported and written again, or discarded; there is no command
/// that commits them as they are. A table that was restored to an older version is not written until it
/// was accepted as it is.
///
/// Without a command: lists held rows by table and stream, and tables that are not written. Nothing is
/// changed and an engine may run.
///
/// Examples:
///   lakehead log held --data-dir /var/lib/lakehead
///   lakehead log held export --data-dir /var/lib/lakehead --table orders --out held.arrow
///   lakehead write orders held.arrow --server 127.0.0.1:7531 --stream orders-held
///   lakehead log held discard --data-dir /var/lib/lakehead --table orders --yes
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct HeldArguments {
    #[command(subcommand)]
    command: Option<HeldCommand>,
    /// The engine's data directory.
    #[arg(long, value_name = "DIR", required = true)]
    data_dir: Option<PathBuf>,
    /// Where tables are when not in the data directory, file:///absolute/path.
    #[arg(long, value_name = "URI")]
    tables_root: Option<String>,
    /// The engine's configuration file, which may say where tables are.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// JSON for programs.
    #[arg(long)]
    json: bool,
}

impl HeldArguments {
    fn directory(&self) -> DataDirectory {
        DataDirectory {
            data_dir: self.data_dir.clone().unwrap_or_default(),
            tables_root: self.tables_root.clone(),
            config: self.config.clone(),
        }
    }
}

#[derive(Debug, Subcommand)]
enum HeldCommand {
    Export(export::ExportArguments),
    Discard(discard::DiscardArguments),
    Accept(accept::AcceptArguments),
}

/// Runs `lakehead log`.
pub fn run(arguments: LogArguments) -> Exit {
    let (name, result): (_, Result<Exit, LogCommandError>) = match &arguments.command {
        LogCommand::Inspect(arguments) => ("inspect", inspect::run(arguments)),
        LogCommand::Repair(arguments) => ("repair", repair::run(arguments)),
        LogCommand::Held(arguments) => match &arguments.command {
            None => ("held", held::run(&arguments.directory(), arguments.json)),
            Some(HeldCommand::Export(arguments)) => ("held export", export::run(arguments)),
            Some(HeldCommand::Discard(arguments)) => ("held discard", discard::run(arguments)),
            Some(HeldCommand::Accept(arguments)) => ("held accept", accept::run(arguments)),
        },
    };
    result.unwrap_or_else(|error| {
        tell(format_args!("lakehead log {name}: {error}"));
        error.exit()
    })
}

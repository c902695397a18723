//! `lakehead config`: what the engine would go by.

use super::exit::Exit;
use super::output::{say, tell};
use crate::config::flags::Flags;
use crate::config::{ConfigError, Effective, file, show};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `lakehead config`.
#[derive(Debug, Args)]
pub struct ConfigArguments {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    Show(ShowArguments),
}

/// Shows the configuration.
///
/// Without anything: a configuration file that sets nothing and explains every key, to begin from.
/// With --config FILE: what the file sets. With --effective: every key with the value that holds
/// and where it comes from.
///
/// A key holds what the first of these says: a flag of `lakehead serve`, the environment variable
/// `LAKEHEAD_<SECTION>_<KEY>` (such as LAKEHEAD_TABLES_COMMIT_INTERVAL_MS), the file, the default. To
/// see what a running engine goes by, give the same flags and file in the same environment.
///
/// Examples:
///   lakehead config show > lakehead.toml
///   lakehead config show --effective --config lakehead.toml --data-dir /var/lib/lakehead
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct ShowArguments {
    /// Every key with its value, and where that comes from.
    #[arg(long)]
    effective: bool,
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// JSON for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Runs `lakehead config`.
pub fn run(arguments: ConfigArguments) -> Exit {
    let ConfigCommand::Show(arguments) = arguments.command;
    match shown(&arguments) {
        Ok(text) => {
            say(text.trim_end());
            Exit::Success
        }
        Err(error) => {
            tell(format_args!("lakehead config: {error}"));
            Exit::Configuration
        }
    }
}

fn shown(arguments: &ShowArguments) -> Result<String, ConfigError> {
    if arguments.effective {
        let effective = Effective::read(arguments.config.as_deref(), &arguments.flags)?;
        let json = arguments.json.then(|| show::effective_json(&effective).to_string());
        return Ok(json.unwrap_or_else(|| show::effective_toml(&effective)));
    }
    match (&arguments.config, arguments.json) {
        (Some(path), true) => Ok(show::file_json(&file::read(path)?).to_string()),
        (Some(path), false) => Ok(show::file_toml(&file::read(path)?)),
        (None, true) => Ok(show::keys_json().to_string()),
        (None, false) => Ok(show::annotated_default()),
    }
}

//! `lakehead table`: what is in a table.

use super::exit::Exit;
use crate::table::delta;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use url::Url;

/// Arguments of `lakehead table`.
#[derive(Debug, Args)]
pub struct TableArguments {
    #[command(subcommand)]
    command: TableCommand,
}

#[derive(Debug, Subcommand)]
enum TableCommand {
    /// Identity, version, columns, size and streams of a table.
    Describe {
        /// The table's name, as producers say it.
        table: String,
        /// The engine's data directory, or the folder of its tables.
        #[arg(long, value_name = "DIR")]
        data_dir: PathBuf,
    },
}

/// Runs `lakehead table`.
pub fn run(arguments: TableArguments) -> Exit {
    let TableCommand::Describe { table, data_dir } = arguments.command;
    let tables = Some(data_dir.join("tables")).filter(|tables| tables.is_dir()).unwrap_or(data_dir);
    let path = tables.join(table.replace('.', "/"));
    let described = path
        .canonicalize()
        .map_err(|error| format!("there is no table at {}: {error}", path.display()))
        .and_then(|path| Url::from_directory_path(&path).map_err(|()| format!("{} is not a usable path", path.display())))
        .and_then(|url| delta::describe(&url).map_err(|error| error.to_string()));
    match described {
        Ok(description) => {
            println!("{description}");
            Exit::Success
        }
        Err(message) => {
            eprintln!("lakehead table describe: {message}");
            Exit::Failure
        }
    }
}

//! The command line's words.

use super::{demo, serve, table, write};
use clap::{Parser, Subcommand};

/// Rows over TCP straight into lakehouse tables.
#[derive(Debug, Parser)]
#[command(name = "lakehead", version, about, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the engine: take rows over TCP and commit them to Delta tables.
    Serve(serve::ServeArguments),
    /// Send live telemetry for some seconds, to see the engine work.
    Demo(demo::DemoArguments),
    /// Load a file into a table. With --stream it can be run again: it goes on where the table ends.
    Write(write::WriteArgs),
    /// Look at tables.
    Table(table::TableArguments),
}

impl Command {
    /// Runs it.
    pub fn run(self) -> super::exit::Exit {
        match self {
            Self::Serve(arguments) => serve::run(arguments),
            Self::Demo(arguments) => demo::run(arguments),
            Self::Write(arguments) => write::run(&arguments),
            Self::Table(arguments) => table::run(arguments),
        }
    }
}

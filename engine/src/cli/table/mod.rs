//! `lakehead table`: looking at tables and making them.

mod create;
mod describe;

use super::exit::Exit;
use clap::{Args, Subcommand};

/// Arguments of `lakehead table`.
#[derive(Debug, Args)]
pub struct TableArguments {
    #[command(subcommand)]
    command: TableCommand,
}

#[derive(Debug, Subcommand)]
enum TableCommand {
    Describe(describe::DescribeArguments),
    Create(create::CreateArguments),
}

/// Runs `lakehead table`.
pub fn run(arguments: TableArguments) -> Exit {
    match arguments.command {
        TableCommand::Describe(arguments) => describe::run(&arguments),
        TableCommand::Create(arguments) => create::run(&arguments),
    }
}

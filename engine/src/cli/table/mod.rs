//! `lakehead table`: looking at tables, making them, and how they are encoded.

mod create;
mod create_local;
mod describe;
mod encoding;
mod encodings;
mod encodings_show;
mod rejected;

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
    Encodings(encodings::EncodingsArguments),
}

/// Runs `lakehead table`.
pub fn run(arguments: TableArguments) -> Exit {
    match arguments.command {
        TableCommand::Describe(arguments) => describe::run(&arguments),
        TableCommand::Create(arguments) => create::run(&arguments),
        TableCommand::Encodings(arguments) => encodings::run(&arguments),
    }
}

//! The command line's words.

use super::{completions, config, demo, log, serve, stream, table, write};
use clap::{Parser, Subcommand};

/// Rows over TCP straight into lakehouse tables.
///
/// To begin:
///   lakehead serve --data-dir ./lakehead-data
///   lakehead write orders orders.csv --server 127.0.0.1:7531 --stream orders-2024
///   lakehead table describe orders --server 127.0.0.1:7531
///
/// LAKEHEAD_SERVER and LAKEHEAD_TOKEN stand in for --server and --token. Exit codes: 0 done, 1
/// failed, 2 wrong command line, 65 wrong data, 70 a fault of the engine, 75 try later, 78 wrong
/// configuration.
#[derive(Debug, Parser)]
#[command(name = "lakehead", version, about, verbatim_doc_comment, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Serve(serve::ServeArguments),
    Write(write::WriteArgs),
    /// Look at tables and make them; see how columns would be encoded.
    Table(table::TableArguments),
    /// Look at named streams and forget them.
    Stream(stream::StreamArguments),
    /// Look into the logs of a data directory, repair them, decide about rows that are kept there.
    Log(log::LogArguments),
    /// Look at the configuration.
    Config(config::ConfigArguments),
    /// Send live telemetry for some seconds, to see the engine work.
    Demo(demo::DemoArguments),
    Completions(completions::CompletionsArguments),
}

impl Command {
    /// Runs it.
    pub fn run(self) -> super::exit::Exit {
        match self {
            Self::Serve(arguments) => serve::run(arguments),
            Self::Write(arguments) => write::run(&arguments),
            Self::Table(arguments) => table::run(arguments),
            Self::Stream(arguments) => stream::run(arguments),
            Self::Log(arguments) => log::run(arguments),
            Self::Config(arguments) => config::run(arguments),
            Self::Demo(arguments) => demo::run(arguments),
            Self::Completions(arguments) => completions::run(&arguments),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_words_fit_together() {
        Arguments::command().debug_assert();
    }
}

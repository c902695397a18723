use crate::arguments::positive;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct ReaderArguments {
    /// The table's directory; it need not be there yet.
    #[arg(long)]
    pub table: PathBuf,
    /// The first version to look for.
    #[arg(long)]
    pub first_version: u64,
    /// Milliseconds between two looks.
    #[arg(long, value_parser = positive)]
    pub poll_ms: f64,
}

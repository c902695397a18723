use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct PageArguments {
    /// Result files, in the order in which they are to be shown.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Where to write the page.
    #[arg(long, short)]
    pub out: PathBuf,
    /// What stands above it all [default: what the files are].
    #[arg(long)]
    pub title: Option<String>,
}

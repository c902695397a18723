use super::peer::Peer;
use crate::workload::Kind;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct PeersArguments {
    /// Rows of each turn.
    #[arg(long, default_value_t = 8_000_000)]
    pub rows: u64,
    /// Turns of the engine and of each peer.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    pub turns: u16,
    #[arg(long, value_enum, default_value = "telemetry")]
    pub workload: Kind,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Rows that a peer gets at once: of an append, or of a Parquet row group.
    #[arg(long, default_value_t = 524_288, value_parser = clap::value_parser!(u32).range(1..))]
    pub peer_batch_rows: u32,
    /// Threads that a peer may use.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub peer_threads: u16,
    /// Only this peer; may be repeated.
    #[arg(long, value_enum)]
    pub peer: Vec<Peer>,
    /// A `lakehead` binary, the folder of one, or a configuration file (*.toml) [default: the binary beside this one].
    #[arg(long)]
    pub engine: Option<PathBuf>,
    /// The Python that has the peers [default: the repository's, which is made when it is not there].
    #[arg(long)]
    pub python: Option<PathBuf>,
    /// A folder on the disk that is written to; what is written there is removed [default: beside the binary].
    #[arg(long)]
    pub work_dir: Option<PathBuf>,
    /// Where to write the figures.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

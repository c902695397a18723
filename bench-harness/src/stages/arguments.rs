use super::name::StageName;
use crate::workload::Kind;
use clap::{Args, ValueEnum};
use lakehead_engine::config::typed::CompressionName;
use parquet::basic::Compression;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct StagesArguments {
    #[arg(long, value_enum, default_value = "telemetry")]
    pub workload: Kind,
    /// Strings as keys into dictionaries.
    #[arg(long)]
    pub dictionaries: bool,
    /// The codec for columns where it pays, as in the engine's configuration.
    #[arg(long, value_enum, default_value = "zstd")]
    pub compression: Codec,
    /// Rows of a batch [default: as fits the workload].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub batch_rows: Option<u32>,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Seconds for each stage.
    #[arg(long, default_value_t = 1.0, value_parser = crate::arguments::positive)]
    pub seconds: f64,
    /// Only this stage; may be repeated. Then there is no floor.
    #[arg(long, value_enum)]
    pub only: Vec<StageName>,
    /// The core to measure on [default: the last one].
    #[arg(long)]
    pub core: Option<usize>,
    /// A folder on the disk that log and tables would be on; what is written there is removed [default: beside the binary].
    #[arg(long)]
    pub work_dir: Option<PathBuf>,
    /// Where to write the figures.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// A codec by the name that the engine's configuration has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    Zstd,
    Lz4,
    Snappy,
    None,
}

impl From<Codec> for Compression {
    fn from(codec: Codec) -> Self {
        match codec {
            Codec::Zstd => CompressionName::Zstd,
            Codec::Lz4 => CompressionName::Lz4,
            Codec::Snappy => CompressionName::Snappy,
            Codec::None => CompressionName::None,
        }
        .into()
    }
}

use super::kernel::Kernel;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct KernelsArguments {
    #[arg(value_enum)]
    pub kernel: Kernel,
    /// Passes that count.
    #[arg(long, default_value_t = 1)]
    pub iterations: u32,
    /// Telemetry rows, as `generate` writes them.
    #[arg(long)]
    pub rows_file: PathBuf,
}

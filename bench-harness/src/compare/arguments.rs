use super::metric::Metric;
use crate::stages::StageName;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct CompareArguments {
    /// A `lakehead` binary, the folder of one, or a configuration file (*.toml) for the binary beside this one.
    pub a: PathBuf,
    /// The same for the other side.
    pub b: PathBuf,
    /// A configuration file for A.
    #[arg(long)]
    pub config_a: Option<PathBuf>,
    /// A configuration file for B.
    #[arg(long)]
    pub config_b: Option<PathBuf>,
    /// Turns of each side.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    pub turns: u16,
    /// How turns follow one another.
    #[arg(long, value_enum, default_value = "abba")]
    pub order: Order,
    /// What decides.
    #[arg(long, value_enum, default_value = "cpu-per-gb")]
    pub metric: Metric,
    /// How much worse B may be, in percent.
    #[arg(long, default_value_t = 5.0, value_parser = not_negative)]
    pub tolerance: f64,
    /// Compare the CPU time of this stage alone instead, by the `lakehead-bench` in the folders A and B.
    #[arg(long, value_enum, conflicts_with_all = ["metric", "config_a", "config_b"])]
    pub stage: Option<StageName>,
    /// A folder on the engines' disk; what is written there is removed [default: beside the binary].
    #[arg(long)]
    pub work_dir: Option<PathBuf>,
    /// Where to write the figures.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Options of `run` (or of `stages`) for the load, the same in each turn
    /// [default: --rows 8000000 --prepared when none says how much].
    #[arg(last = true)]
    pub load: Vec<String>,
}

/// How turns follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// A B A B
    Abab,
    /// A B B A
    Abba,
}

fn not_negative(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number >= 0.0 && number.is_finite() => Ok(number),
        _ => Err("expected a number of percent, 0 or more".to_owned()),
    }
}

use super::bound::Bound;
use crate::arguments::{RunArguments, positive};
use clap::Args;

#[derive(Debug, Args)]
pub struct SearchArguments {
    /// Promise, percentile and limit, as in durable:p99:4ms; promises are durable, committed and queryable, percentiles p50,
    /// p90, p99, p99.9 and max.
    #[arg(long)]
    pub bound: Bound,
    /// The lowest rate tried, MB/s.
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    pub rate_min: f64,
    /// The highest rate tried, MB/s.
    #[arg(long, default_value_t = 10_000.0, value_parser = positive)]
    pub rate_max: f64,
    /// How close to tell, as a share of the rate.
    #[arg(long, default_value_t = 0.05, value_parser = positive)]
    pub precision: f64,
    /// Further runs at the rate that was found, of which most must keep the bound.
    #[arg(long, default_value_t = 3)]
    pub confirmations: u32,
    /// Runs after which the search ends with what it knows.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    pub probes_max: u32,
    /// --rate is where the search begins, --duration each run's.
    #[command(flatten)]
    pub run: RunArguments,
}

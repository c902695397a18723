use super::arguments::SearchArguments;
use super::bound::Promise;
use super::decision::{Limit, Limits, Outcome, Search, Step};
use super::document::SearchReport;
use super::probe::Probe;
use crate::arguments::{Rate, RunArguments};
use crate::measure::{self, MeasureError};
use crate::report::{Configuration, Header, Verdict};
use crate::run::clock;
use std::io;
use std::path::PathBuf;

/// Whether there is a rate that keeps the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Rate,
    Nothing,
}

/// Why a search came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    #[error("a search needs a rate to begin with: give --rate as a number, not as max")]
    NoRate,
    #[error("--rate-min is above --rate-max")]
    NoRange,
    #[error("a search runs for a time at each rate: give --duration instead of --rows")]
    Rows,
    #[error(transparent)]
    Measure(#[from] MeasureError),
    #[error("at {rate:.1} MB/s the table is not what was sent ({verdict:?}): look into that first")]
    RowsWrong { rate: f64, verdict: Verdict },
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
}

/// Searches; progress goes to stderr, the result to stdout.
pub fn search(arguments: &SearchArguments) -> Result<Found, SearchError> {
    let started_unix_ms = clock::unix_milliseconds();
    let limits = limits(arguments)?;
    let mut search = Search::new(limits);
    let (mut probes, mut configuration): (Vec<Probe>, Option<Configuration>) = (Vec::new(), None);
    eprintln!("searching for the highest rate with {}", arguments.bound);
    let outcome = loop {
        let (rate, purpose) = match search.step() {
            Step::Done(outcome) => break outcome,
            Step::Probe { rate, purpose } => (rate, purpose),
        };
        let report = measure::make(&run_at(arguments, rate, started_unix_ms, probes.len()))?;
        let probe = Probe::new(rate, purpose, &arguments.bound, &report);
        eprintln!("{:>3} {probe}", probes.len() + 1);
        match probe.verdict {
            Verdict::ExactlyOnce | Verdict::CommittedNotRead => {}
            verdict @ (Verdict::Uncommitted | Verdict::Wrong) => return Err(SearchError::RowsWrong { rate, verdict }),
        }
        search.answer(probe.response);
        probes.push(probe);
        configuration.get_or_insert(report.configuration);
    };
    println!("{}", told(&outcome, arguments, probes.len()));
    if let (Some(path), Some(configuration)) = (&arguments.run.json, configuration) {
        let data = arguments.run.data_dir.as_deref().or(arguments.run.table_path.as_deref());
        let header = Header::here("search", started_unix_ms, data);
        let document = SearchReport { header, bound: arguments.bound, limits, configuration, probes, outcome };
        measure::write(&document, path).map_err(|source| SearchError::Write { path: path.clone(), source })?;
    }
    Ok(match outcome {
        Outcome::Confirmed { .. } | Outcome::Unconfirmed { .. } => Found::Rate,
        Outcome::NeverMet { .. } => Found::Nothing,
    })
}

fn limits(arguments: &SearchArguments) -> Result<Limits, SearchError> {
    let Rate::MegabytesPerSecond(rate_start) = measure::rate(&arguments.run) else { return Err(SearchError::NoRate) };
    if arguments.rate_min > arguments.rate_max {
        return Err(SearchError::NoRange);
    }
    if arguments.run.rows.is_some() {
        return Err(SearchError::Rows);
    }
    Ok(Limits {
        rate_start,
        rate_min: arguments.rate_min,
        rate_max: arguments.rate_max,
        precision: arguments.precision,
        confirmations: arguments.confirmations,
        probes_max: arguments.probes_max,
    })
}

/// A run of the search: streams of its own, in the search's table.
fn run_at(arguments: &SearchArguments, rate: f64, started_unix_ms: u64, number: usize) -> RunArguments {
    let mut run = arguments.run.clone();
    (run.rate, run.rate_per_connection) = (Rate::MegabytesPerSecond(rate), None);
    run.queryable |= arguments.bound.promise == Promise::Queryable;
    let prefix = run.stream_prefix.unwrap_or_else(|| format!("search-{started_unix_ms:x}"));
    run.stream_prefix = Some(format!("{prefix}-{number}"));
    run.table =
        run.table.or_else(|| Some(format!("search_{}_{started_unix_ms}", run.workload.name().replace('-', "_"))));
    run
}

fn told(outcome: &Outcome, arguments: &SearchArguments, probes: usize) -> String {
    let bound = arguments.bound;
    match outcome {
        Outcome::Confirmed { rate, limit } => {
            let limit = match limit {
                Limit::Bound => "a rate a little higher does not keep it",
                Limit::Generator => "the generator does not offer more: give it cores or threads",
                Limit::RateMax => "no higher rate was to be tried",
            };
            format!("{rate:.1} MB/s keeps {bound} ({limit}; {probes} runs)")
        }
        Outcome::Unconfirmed { rate } => {
            format!("{rate:.1} MB/s kept {bound} when the {probes} runs were over; not confirmed")
        }
        Outcome::NeverMet { rate_lowest_tried } => {
            format!("no rate keeps {bound}: the lowest that was tried is {rate_lowest_tried:.1} MB/s ({probes} runs)")
        }
    }
}

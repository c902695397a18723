use crate::report::Report;
use crate::run::LatencySummary;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// What has to become of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    Durable,
    Committed,
    Queryable,
}

/// How many of the batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Percentile {
    #[serde(rename = "p50")]
    P50,
    #[serde(rename = "p90")]
    P90,
    #[serde(rename = "p99")]
    P99,
    #[serde(rename = "p99.9")]
    P999,
    #[serde(rename = "max")]
    Max,
}

const PROMISES: [(&str, Promise); 3] =
    [("durable", Promise::Durable), ("committed", Promise::Committed), ("queryable", Promise::Queryable)];
const PERCENTILES: [(&str, Percentile); 5] = [
    ("p50", Percentile::P50),
    ("p90", Percentile::P90),
    ("p99", Percentile::P99),
    ("p99.9", Percentile::P999),
    ("max", Percentile::Max),
];

/// A latency that must not be exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bound {
    pub promise: Promise,
    pub percentile: Percentile,
    pub limit_ms: f64,
}

impl Bound {
    /// The run's latency that this is about; `None` when it measured none.
    pub fn latency_ms(&self, report: &Report) -> Option<f64> {
        let summary: &LatencySummary = match self.promise {
            Promise::Durable => &report.durable_latency,
            Promise::Committed => &report.committed_latency,
            Promise::Queryable => report.queryable_latency.as_ref()?,
        };
        let latency_ms = match self.percentile {
            Percentile::P50 => summary.p50_ms,
            Percentile::P90 => summary.p90_ms,
            Percentile::P99 => summary.p99_ms,
            Percentile::P999 => summary.p99_9_ms,
            Percentile::Max => summary.max_ms,
        };
        (summary.count > 0).then_some(latency_ms)
    }
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.split(':').collect();
        let [promise, percentile, limit] = parts[..] else {
            return Err("expected promise:percentile:limit, as in durable:p99:4ms".to_owned());
        };
        Ok(Self {
            promise: named(&PROMISES, promise)?,
            percentile: named(&PERCENTILES, percentile)?,
            limit_ms: milliseconds(limit)?,
        })
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let promise = name(&PROMISES, self.promise);
        write!(out, "{promise} {} at most {} ms", name(&PERCENTILES, self.percentile), self.limit_ms)
    }
}

fn named<T: Copy>(known: &[(&str, T)], name: &str) -> Result<T, String> {
    let names = || known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    known
        .iter()
        .find_map(|(known, value)| (*known == name).then_some(*value))
        .ok_or_else(|| format!("{name:?} is none of {}", names()))
}

fn name<T: Copy + PartialEq>(known: &[(&'static str, T)], value: T) -> &'static str {
    known.iter().find_map(|(name, known)| (*known == value).then_some(*name)).unwrap_or_default()
}

fn milliseconds(text: &str) -> Result<f64, String> {
    const UNITS: [(&str, f64); 3] = [("ms", 1.0), ("us", 0.001), ("s", 1_000.0)];
    let parsed = UNITS.iter().find_map(|(unit, factor)| {
        let number: f64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        (number > 0.0 && number.is_finite()).then_some(number * factor)
    });
    parsed.ok_or_else(|| format!("{text:?} is not a time above 0 such as 4ms, 1.2s or 800us"))
}

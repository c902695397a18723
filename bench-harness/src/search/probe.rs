use super::bound::Bound;
use super::decision::{Purpose, Response};
use crate::report::{Cause, Report, Validity, Verdict};
use serde::Serialize;
use std::fmt;

/// One run of a search. The bounded latency stands beside the others', so that one sees what else it cost.
#[derive(Debug, Clone, Serialize)]
pub struct Probe {
    pub rate_megabytes_per_second: f64,
    pub purpose: Purpose,
    pub response: Response,
    pub validity: Validity,
    pub verdict: Verdict,
    /// The one that is bounded; absent when no batch's was measured.
    pub latency_ms: Option<f64>,
    pub durable_p99_ms: f64,
    pub committed_p99_ms: f64,
    /// Absent without a reader outside.
    pub queryable_p99_ms: Option<f64>,
    /// What was committed.
    pub megabytes_per_second: f64,
    pub rows_per_second: f64,
    /// Of the engine, per GB of rows; absent when its process was not found.
    pub engine_cpu_seconds_per_gigabyte: Option<f64>,
}

impl Probe {
    /// What a run at this rate answers.
    pub fn new(rate: f64, purpose: Purpose, bound: &Bound, report: &Report) -> Self {
        let latency_ms = bound.latency_ms(report);
        let is_kept = latency_ms.is_some_and(|latency_ms| latency_ms <= bound.limit_ms);
        let response = match &report.validity {
            Validity::Invalid { cause: Cause::Generator, .. } => Response::NotOffered,
            Validity::Valid if is_kept => Response::Met,
            Validity::Valid | Validity::Invalid { cause: Cause::Engine | Cause::Reader, .. } => Response::Missed,
        };
        Self {
            rate_megabytes_per_second: rate,
            purpose,
            response,
            validity: report.validity.clone(),
            verdict: report.rows.verdict,
            latency_ms,
            durable_p99_ms: report.durable_latency.p99_ms,
            committed_p99_ms: report.committed_latency.p99_ms,
            queryable_p99_ms: report.queryable_latency.as_ref().map(|latency| latency.p99_ms),
            megabytes_per_second: report.throughput.megabytes_per_second,
            rows_per_second: report.throughput.rows_per_second,
            engine_cpu_seconds_per_gigabyte: report
                .engine
                .as_ref()
                .map(|cost| cost.user_seconds_per_gigabyte + cost.system_seconds_per_gigabyte),
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let purpose = match self.purpose {
            Purpose::Judge => "",
            Purpose::Confirm => " (again)",
        };
        let response = match self.response {
            Response::Met => "kept",
            Response::Missed => "MISSED",
            Response::NotOffered => "NOT OFFERED",
        };
        write!(out, "{:>9.1} MB/s  {response:<11}", self.rate_megabytes_per_second)?;
        match self.latency_ms {
            Some(latency_ms) => write!(out, "  {latency_ms:>9.2} ms")?,
            None => write!(out, "  nothing was measured")?,
        }
        write!(out, "  durable p99 {:.2}, committed p99 {:.1} ms", self.durable_p99_ms, self.committed_p99_ms)?;
        if let Some(seconds) = self.engine_cpu_seconds_per_gigabyte {
            write!(out, ", engine {seconds:.2} CPU s/GB")?;
        }
        write!(out, "{purpose}")?;
        match &self.validity {
            Validity::Valid => Ok(()),
            Validity::Invalid { reason, .. } => write!(out, "  INVALID: {reason}"),
        }
    }
}

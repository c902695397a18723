//! What a reader of valid figures has to know: what was measured beside the engine.

use super::document::{Lateness, Queryable};
use crate::run::LatencySummary;

/// Share of a latency's 99th percentile from which on something else is named as part of it.
const PART_NAMED: f64 = 0.3;

/// Sentences for people; none when there is nothing to say.
pub fn warnings(
    durable: &LatencySummary,
    lateness: Option<&Lateness>,
    queryable: Option<(&LatencySummary, &Queryable)>,
) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(lateness) = lateness.filter(|lateness| is_part(lateness.p99_ms, durable)) {
        found.push(format!(
            "batches left {:.1} ms late at the 99th percentile, where durable latency is {:.1} ms: that much of it is the \
             generator waiting for a processor or for the engine to take rows",
            lateness.p99_ms, durable.p99_ms
        ));
    }
    if let Some((latency, reader)) = queryable.filter(|(latency, reader)| is_part(reader.look_gap_ms_max, latency)) {
        found.push(format!(
            "the reader outside did not look for {:.1} ms once, where queryable latency is {:.1} ms at the 99th percentile",
            reader.look_gap_ms_max, latency.p99_ms
        ));
    }
    found
}

fn is_part(milliseconds: f64, latency: &LatencySummary) -> bool {
    latency.count > 0 && milliseconds >= PART_NAMED * latency.p99_ms
}

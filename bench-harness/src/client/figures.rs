use super::path::Pass;
use serde::Serialize;
use std::fmt::{self, Write};

/// How fast one path is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    pub path: &'static str,
    pub rows: usize,
    pub seconds: f64,
    pub rows_per_second: f64,
    /// Of row bytes, in Arrow's plain layout: the same for all paths, whatever they write.
    pub megabytes_per_second: f64,
    pub ns_per_row: f64,
    /// Of the pass in the middle, and of the fastest one: what others on the machine take away shows as their distance.
    pub ns_per_row_median: f64,
    pub ns_per_row_min: f64,
    pub frame_bytes_per_row: f64,
}

impl Figures {
    /// `passes_ns` are nanoseconds a row of each pass, in order of size.
    pub fn new(path: &'static str, all: &Pass, seconds: f64, passes_ns: &[f64], row_bytes: f64) -> Self {
        let rows_per_second = all.rows as f64 / seconds;
        Self {
            path,
            rows: all.rows,
            seconds,
            rows_per_second,
            megabytes_per_second: rows_per_second * row_bytes / 1e6,
            ns_per_row: 1e9 / rows_per_second,
            ns_per_row_median: passes_ns.get(passes_ns.len() / 2).copied().unwrap_or(f64::NAN),
            ns_per_row_min: passes_ns.first().copied().unwrap_or(f64::NAN),
            frame_bytes_per_row: all.frame_bytes as f64 / all.rows as f64,
        }
    }
}

/// All figures as a table for people.
pub fn table(figures: &[Figures]) -> Result<String, fmt::Error> {
    let mut out = String::new();
    writeln!(
        out,
        "{:<36} {:>12} {:>8} {:>8} {:>8} {:>8} {:>12}",
        "path", "Mrows/s", "MB/s", "ns/row", "median", "min", "wire B/row"
    )?;
    for row in figures {
        writeln!(
            out,
            "{:<36} {:>12.2} {:>8.0} {:>8.1} {:>8.1} {:>8.1} {:>12.1}",
            row.path,
            row.rows_per_second / 1e6,
            row.megabytes_per_second,
            row.ns_per_row,
            row.ns_per_row_median,
            row.ns_per_row_min,
            row.frame_bytes_per_row
        )?;
    }
    Ok(out)
}

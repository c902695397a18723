//! A line for each file.

use super::input::{Body, Input};
use super::text::{Escaped, bytes, figure, heading, latency};
use super::views::{LatencyView, RunView};
use std::fmt::{self, Write};

const NONE: &str = "–";

/// Runs as a table; other documents by their titles.
pub fn overview(out: &mut String, inputs: &[Input]) -> fmt::Result {
    if inputs.len() < 2 {
        return Ok(());
    }
    writeln!(out, "<table class=\"numbers second overview\">")?;
    let latencies = ["durable p50", "p99", "p99.9", "committed p99", "queryable p99"];
    let names = [&["", "what", "MB/s", "Mrows/s"], &latencies[..], &["CPU s/GB", "memory", "files, %"]].concat();
    heading(out, &names)?;
    for (index, input) in inputs.iter().enumerate().filter(|(_, input)| !matches!(input.body, Body::Goals(_))) {
        let judgement = input.judgement();
        let mark = judgement.as_ref().map_or("", |judgement| judgement.class);
        let word = judgement.as_ref().map_or("", |judgement| judgement.word);
        write!(out, "<tr><td><span class=\"mark {mark}\">{}</span></td>", Escaped(word))?;
        let (title, file) = (input.title(), input.name.trim_end_matches(".json"));
        write!(out, "<th><a href=\"#file-{index}\">{}</a> <small>{}</small></th>", Escaped(title), Escaped(file))?;
        match &input.body {
            Body::Run(run) => cells(out, run)?,
            Body::Search(search) => {
                let judgement = search.judgement();
                write!(
                    out,
                    "<td>{}</td><th colspan=\"9\">{}</th>",
                    figure(search.outcome.rate),
                    Escaped(judgement.reason)
                )?;
            }
            Body::Compare(compare) => {
                write!(out, "<th colspan=\"10\">{}</th>", Escaped(compare.judgement().reason))?;
            }
            Body::Stages(_) | Body::Peers(_) | Body::Goals(_) | Body::Other(_) => {
                write!(out, "<td colspan=\"10\"></td>")?;
            }
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</table>")
}

fn cells(out: &mut String, run: &RunView) -> fmt::Result {
    let of = |latency_of: &Option<LatencyView>, value: fn(&LatencyView) -> f64| match latency_of {
        Some(measured) if measured.count > 0 => latency(value(measured)),
        _ => NONE.to_owned(),
    };
    let engine = run.engine.as_ref();
    let cells = [
        figure(run.throughput.megabytes_per_second),
        figure(run.throughput.rows_per_second / 1e6),
        of(&run.durable_latency, |latency| latency.p50_ms),
        of(&run.durable_latency, |latency| latency.p99_ms),
        of(&run.durable_latency, |latency| latency.p99_9_ms),
        of(&run.committed_latency, |latency| latency.p99_ms),
        of(&run.queryable_latency, |latency| latency.p99_ms),
        engine.map_or_else(|| NONE.to_owned(), |cost| figure(cost.seconds_per_gigabyte())),
        engine.map_or_else(|| NONE.to_owned(), |cost| bytes(cost.memory_peak_bytes as f64)),
        run.file_share().map_or_else(|| NONE.to_owned(), figure),
    ];
    cells.iter().try_for_each(|cell| write!(out, "<td>{cell}</td>"))
}

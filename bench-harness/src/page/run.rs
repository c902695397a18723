//! A run's section.

use super::cpu_split::cpu_split;
use super::details::details;
use super::judgement::banner;
use super::percentile_curve::percentile_curve;
use super::text::{Escaped, bytes, count, figure, heading, latency};
use super::time_series::time_series;
use super::views::{CostView, HeaderView, LatencyView, RunView};
use serde_json::Value;
use std::fmt::{self, Write};

impl RunView {
    /// In a few words, what was tested.
    pub fn title(&self) -> String {
        let text = |name: &str| self.configuration.get(name).map_or_else(String::new, plain);
        let dictionaries = if self.flag("dictionaries") { " with dictionaries" } else { "" };
        let connections = text("connections");
        let plural = if connections == "1" { "" } else { "s" };
        let pace = match self.configuration.get("rate_megabytes_per_second").and_then(Value::as_f64) {
            Some(rate) => format!("open loop at {} MB/s", figure(rate)),
            None => "closed loop".to_owned(),
        };
        let extent = match self.configuration.get("duration_seconds").and_then(Value::as_f64) {
            Some(seconds) => format!("{seconds} s"),
            None => format!("{} rows", count(self.rows.sent)),
        };
        format!(
            "{}{dictionaries}, {connections} connection{plural}, batches of {} rows, {pace}, {extent}",
            text("workload"),
            text("batch_rows")
        )
    }

    fn flag(&self, name: &str) -> bool {
        self.configuration.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    pub fn is_closed_loop(&self) -> bool {
        self.configuration.get("loop_kind").and_then(Value::as_str) == Some("closed")
    }

    /// Bytes in files for each byte of rows, in percent.
    pub fn file_share(&self) -> Option<f64> {
        let read = self.rows.read_back.as_ref()?;
        (self.throughput.row_bytes > 0).then(|| read.file_bytes as f64 / self.throughput.row_bytes as f64 * 100.0)
    }

    /// What was measured, with class and name.
    pub fn latencies(&self) -> Vec<(&'static str, &'static str, &LatencyView)> {
        let all = [
            ("durable", "durable", &self.durable_latency),
            ("committed", "committed", &self.committed_latency),
            ("queryable", "queryable by an outside reader", &self.queryable_latency),
        ];
        let measured = |latency: &Option<LatencyView>| latency.as_ref().is_some_and(|latency| latency.count > 0);
        all.into_iter()
            .filter(|(_, _, latency)| measured(latency))
            .filter_map(|(class, name, latency)| Some((class, name, latency.as_ref()?)))
            .collect()
    }
}

impl CostView {
    pub fn seconds_per_gigabyte(&self) -> f64 {
        self.user_seconds_per_gigabyte + self.system_seconds_per_gigabyte
    }
}

/// The section.
pub fn section(out: &mut String, header: &HeaderView, run: &RunView) -> fmt::Result {
    banner(out, &run.judgement())?;
    for (stream, failure) in run.failures.iter().take(5) {
        writeln!(out, "<p class=\"bad\">{}: {}</p>", Escaped(stream), Escaped(failure))?;
    }
    tiles(out, run)?;
    writeln!(out, "<div class=\"charts\">")?;
    let latencies = run.latencies();
    writeln!(out, "<figure>")?;
    if !latencies.is_empty() {
        out.push_str(&percentile_curve(&latencies)?);
    }
    latency_table(out, run)?;
    out.push_str(&cpu_split(run)?);
    writeln!(out, "</figure><figure>")?;
    out.push_str(&time_series(run)?);
    writeln!(out, "</figure></div>")?;
    let read_back = serde_json::json!({
        "rows sent": run.rows.sent, "acked as committed": run.rows.committed,
        "read back": run.rows.read_back.as_ref().map(|read| read.read),
        "files": run.rows.read_back.as_ref().map(|read| read.files),
        "seconds": run.throughput.elapsed_seconds,
    });
    let queryable = run.queryable.clone().unwrap_or_default();
    details(out, header, &[("configuration", &run.configuration), ("rows", &read_back), ("outside reader", &queryable)])
}

fn tiles(out: &mut String, run: &RunView) -> fmt::Result {
    writeln!(out, "<dl class=\"tiles\">")?;
    tile(
        out,
        "committed",
        &format!("{} MB/s", figure(run.throughput.megabytes_per_second)),
        &format!(
            "{} rows/s of {} bytes",
            count(run.throughput.rows_per_second as i64),
            figure(run.throughput.bytes_per_row)
        ),
    )?;
    let share = if run.is_closed_loop() { "closed loop" } else { "from the intended send time" };
    for (class, _, latency_of) in run.latencies() {
        tile(
            out,
            &format!("<i class=\"{class}\"></i>{class} p99"),
            &latency(latency_of.p99_ms),
            &format!("p50 {}, p99.9 {}; {share}", latency(latency_of.p50_ms), latency(latency_of.p99_9_ms)),
        )?;
    }
    if let Some(engine) = &run.engine {
        tile(
            out,
            "engine CPU",
            &format!("{} s/GB", figure(engine.seconds_per_gigabyte())),
            &format!(
                "user {}, system {}",
                figure(engine.user_seconds_per_gigabyte),
                figure(engine.system_seconds_per_gigabyte)
            ),
        )?;
        tile(out, "engine memory", &bytes(engine.memory_peak_bytes as f64), "at most, since it was started")?;
        if let Some(written) = engine.written_bytes {
            tile(
                out,
                "written to disk",
                &format!("{} ×", figure(written as f64 / run.throughput.row_bytes.max(1) as f64)),
                &format!("the bytes of rows: {} in all", bytes(written as f64)),
            )?;
        }
    }
    if let (Some(share), Some(read)) = (run.file_share(), &run.rows.read_back) {
        tile(
            out,
            "files",
            &format!("{} %", figure(share)),
            &format!("of the rows' bytes: {} in {} files", bytes(read.file_bytes as f64), count(read.files)),
        )?;
    }
    writeln!(out, "</dl>")
}

/// `name` may be markup; the rest is text.
fn tile(out: &mut String, name: &str, figure: &str, more: &str) -> fmt::Result {
    writeln!(out, "<div><dt>{name}</dt><dd><b>{}</b><small>{}</small></dd></div>", Escaped(figure), Escaped(more))
}

fn latency_table(out: &mut String, run: &RunView) -> fmt::Result {
    writeln!(out, "<table class=\"numbers\">")?;
    heading(out, &["ms", "p50", "p90", "p99", "p99.9", "max", "count"])?;
    let disk = run.sync_latency.as_ref().map(|sync| ("sync", "fdatasync of the disk alone", sync));
    for (class, name, of) in run.latencies().into_iter().chain(disk) {
        write!(out, "<tr><th><i class=\"{class}\"></i>{}</th>", Escaped(name))?;
        for value in [of.p50_ms, of.p90_ms, of.p99_ms, of.p99_9_ms, of.max_ms] {
            write!(out, "<td>{}</td>", figure(value))?;
        }
        writeln!(out, "<td>{}</td></tr>", count(of.count))?;
    }
    if let Some(lateness) = &run.lateness {
        writeln!(
            out,
            "<tr><th>of it, the generator late</th><td>{}</td><td></td><td>{}</td><td></td><td>{}</td><td></td></tr>",
            figure(lateness.p50_ms),
            figure(lateness.p99_ms),
            figure(lateness.max_ms)
        )?;
    }
    writeln!(out, "</table>")
}

/// A value without the marks of its notation.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

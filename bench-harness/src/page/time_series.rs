//! What happened second by second: rates, the slowest batches, memory and processors, above one axis of time.

use super::plot::{Plot, legend, picture};
use super::scale::Scale;
use super::text::{round_figure, round_latency};
use super::views::{ProcessView, RunView, SampleView, SecondView};
use std::fmt;

const WIDTH: f64 = 560.0;
const LEFT: f64 = 62.0;
const PANEL: f64 = 92.0;
const GAP: f64 = 46.0;
const TOP: f64 = 36.0;

type Points = Vec<Option<(f64, f64)>>;

/// One of the panels: its title, its scale, and a line for each class and name.
struct Panel {
    title: &'static str,
    y: Scale,
    name: fn(f64) -> String,
    lines: Vec<(&'static str, &'static str, Points)>,
}

/// The chart; empty for a run that knows nothing by the second.
pub fn time_series(run: &RunView) -> Result<String, fmt::Error> {
    let panels: Vec<_> = [rates(run), latencies(run), processors(run), memory(run)].into_iter().flatten().collect();
    if panels.is_empty() {
        return Ok(String::new());
    }
    let height = TOP + panels.len() as f64 * (PANEL + GAP);
    let last = run.seconds.last().map_or(0.0, |second| second.second as f64 + 1.0);
    let end = run.samples.iter().map(|sample| sample.at_seconds).fold(last, f64::max).max(1.0);
    let x = Scale::Linear { min: 0.0, max: end };
    let ticks: Vec<_> = Scale::from_zero([end]).ticks().into_iter().filter(|tick| *tick <= end).collect();
    let ticks: Vec<_> = ticks.iter().map(|tick| (*tick, format!("{tick} s"))).collect();
    picture(WIDTH, height, "Rates, latencies, processors and memory by second", |out| {
        for (index, panel) in panels.iter().enumerate() {
            let top = TOP + index as f64 * (PANEL + GAP);
            let plot = Plot { left: LEFT, top, width: WIDTH - LEFT - 14.0, height: PANEL, x, y: panel.y };
            plot.vertical_axis(out, panel.title, panel.name)?;
            plot.horizontal_axis(out, &ticks)?;
            let names: Vec<_> = panel.lines.iter().map(|(class, name, _)| (*class, *name)).collect();
            legend(out, LEFT + 130.0, top - 7.0, &names)?;
            for (class, _, points) in &panel.lines {
                plot.line(out, class, points)?;
            }
        }
        Ok(())
    })
}

fn rates(run: &RunView) -> Option<Panel> {
    let megabytes = |rows: u64| rows as f64 * run.throughput.bytes_per_row / 1e6;
    // The last second is not a whole one.
    let whole = &run.seconds[..run.seconds.len().saturating_sub(1)];
    let line = |of: fn(&SecondView) -> u64| -> Points {
        whole.iter().map(|second| Some((second.second as f64 + 0.5, megabytes(of(second))))).collect()
    };
    let lines = vec![
        ("sent", "sent", line(|second| second.rows_sent)),
        ("committed", "committed", line(|second| second.rows_committed)),
    ];
    panel("MB/s of rows", lines, round_figure, Scale::from_zero)
}

fn latencies(run: &RunView) -> Option<Panel> {
    let line = |of: fn(&SecondView) -> f64| -> Points {
        let point = |second: &SecondView| (of(second) > 0.0).then(|| (second.second as f64 + 0.5, of(second)));
        run.seconds.iter().map(point).collect()
    };
    let lines = vec![
        ("durable", "durable", line(|second| second.durable_p99_ms)),
        ("committed", "committed", line(|second| second.committed_p99_ms)),
        ("queryable", "queryable", line(|second| second.queryable_p99_ms)),
    ];
    panel("p99 of each second", lines, round_latency, Scale::logarithmic)
}

fn processors(run: &RunView) -> Option<Panel> {
    let line = |of: fn(&SampleView) -> Option<&ProcessView>| -> Points {
        let spent = |sample: &SampleView| of(sample).map(|process| process.user_seconds + process.system_seconds);
        let step = |pair: &[SampleView]| {
            let passed = pair[1].at_seconds - pair[0].at_seconds;
            let cores = (spent(&pair[1])? - spent(&pair[0])?) / passed;
            // What is shorter than this is mostly the unit that the kernel counts in.
            (passed > 0.2).then_some(((pair[0].at_seconds + pair[1].at_seconds) / 2.0, cores))
        };
        run.samples.windows(2).map(step).collect()
    };
    let lines = vec![
        ("engine", "engine", line(|sample| sample.engine.as_ref())),
        ("generator", "generator", line(|sample| sample.generator.as_ref())),
        ("reader", "reader", line(|sample| sample.reader.as_ref())),
    ];
    panel("cores busy", lines, round_figure, Scale::from_zero)
}

fn memory(run: &RunView) -> Option<Panel> {
    let point = |sample: &SampleView| Some((sample.at_seconds, sample.engine.as_ref()?.memory_bytes as f64 / 1e6));
    let lines = vec![("engine", "engine", run.samples.iter().map(point).collect())];
    panel("MB resident", lines, round_figure, Scale::from_zero)
}

/// `None` when there is nothing to draw; lines without a point are left out.
fn panel(
    title: &'static str,
    lines: Vec<(&'static str, &'static str, Points)>,
    name: fn(f64) -> String,
    scale: impl FnOnce(Vec<f64>) -> Scale,
) -> Option<Panel> {
    let lines: Vec<_> = lines.into_iter().filter(|(_, _, points)| points.iter().any(Option::is_some)).collect();
    let values: Vec<f64> = lines.iter().flat_map(|(_, _, points)| points.iter().flatten().map(|(_, y)| *y)).collect();
    (!lines.is_empty()).then(|| Panel { title, y: scale(values), name, lines })
}

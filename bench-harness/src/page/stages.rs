//! The stages' section: what each takes alone on one core.

use super::details::details;
use super::input::{Body, Input};
use super::plot::picture;
use super::text::{Escaped, figure, heading};
use super::views::{HeaderView, RunView, StagesView};
use serde_json::Value;
use std::fmt::{self, Write};

const WIDTH: f64 = 560.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 150.0;
const ROW: f64 = 22.0;
const BAR: f64 = 14.0;

/// The section; runs of the same rows among the page's files stand beside the floor.
pub fn section(out: &mut String, header: &HeaderView, stages: &StagesView, inputs: &[Input]) -> fmt::Result {
    writeln!(out, "<div class=\"charts\"><figure>{}</figure><figure>", bars(stages)?)?;
    if let Some(floor) = stages.floor_cpu_s_per_gb {
        writeln!(out, "<table class=\"numbers\">")?;
        heading(out, &["", "CPU s/GB", "÷ stage floor"])?;
        writeln!(out, "<tr><th>stage floor: all stages, alone</th><td>{}</td><td>1</td></tr>", figure(floor))?;
        for input in inputs {
            let Body::Run(run) = &input.body else { continue };
            let Some(engine) = run.engine.as_ref().filter(|_| is_about(run, stages)) else { continue };
            let (seconds, title) = (engine.seconds_per_gigabyte(), Escaped(run.title()));
            writeln!(out, "<tr><th>{title}</th><td>{}</td><td>{}</td></tr>", figure(seconds), figure(seconds / floor))?;
        }
        writeln!(out, "</table>")?;
    }
    writeln!(out, "</figure></div>")?;
    details(out, header, &[])
}

/// Whether the run sent the rows that the stages were measured with.
fn is_about(run: &RunView, stages: &StagesView) -> bool {
    let workload = run.configuration.get("workload").and_then(Value::as_str);
    let dictionaries = run.configuration.get("dictionaries").and_then(Value::as_bool);
    workload == Some(stages.workload.as_str()) && dictionaries == Some(stages.dictionaries)
}

fn bars(stages: &StagesView) -> Result<String, fmt::Error> {
    let longest = stages.stages.iter().map(|stage| stage.ns_per_row).fold(f64::MIN_POSITIVE, f64::max);
    let unit = (WIDTH - LEFT - RIGHT) / longest;
    picture(WIDTH, 24.0 + ROW * stages.stages.len() as f64, "Nanoseconds a row of each stage", |out| {
        writeln!(out, r#"<text class="axis" x="{LEFT}" y="13">ns a row on one core, and GB/s</text>"#)?;
        for (index, stage) in stages.stages.iter().enumerate() {
            let top = 22.0 + ROW * index as f64;
            let (text, width) = (top + BAR - 3.0, stage.ns_per_row * unit);
            writeln!(out, r#"<text class="end" x="{:.1}" y="{text:.1}">{}</text>"#, LEFT - 8.0, Escaped(&stage.name))?;
            writeln!(out, r#"<rect class="fill engine" x="{LEFT}" y="{top:.1}" width="{width:.1}" height="{BAR}"/>"#)?;
            let (at, ns, gigabytes) = (LEFT + width + 6.0, figure(stage.ns_per_row), figure(stage.gb_per_s));
            writeln!(
                out,
                r#"<text x="{at:.1}" y="{text:.1}"><tspan class="strong">{ns} ns</tspan>  {gigabytes} GB/s</text>"#
            )?;
        }
        Ok(())
    })
}

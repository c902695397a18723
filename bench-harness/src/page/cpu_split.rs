//! CPU seconds per GB of rows: the engine's by what its threads do, and the others' beside it.

use super::plot::picture;
use super::text::{Escaped, figure};
use super::views::{CostView, RunView};
use std::fmt::{self, Write};

const WIDTH: f64 = 560.0;
const LEFT: f64 = 96.0;
const RIGHT: f64 = 150.0;
const ROW: f64 = 24.0;
const BAR: f64 = 15.0;
const TOP: f64 = 26.0;

/// A bar: its name, its colour, user and system seconds per GB.
struct Bar {
    name: String,
    class: String,
    user: f64,
    system: f64,
}

/// The chart; empty when nothing is known.
pub fn cpu_split(run: &RunView) -> Result<String, fmt::Error> {
    let bars = bars(run);
    let longest = bars.iter().map(|bar| bar.user + bar.system).fold(0.0, f64::max);
    if longest <= 0.0 {
        return Ok(String::new());
    }
    let unit = (WIDTH - LEFT - RIGHT) / longest;
    let height = TOP + ROW * bars.len() as f64 + 6.0;
    picture(WIDTH, height, "CPU seconds per GB of rows", |out| {
        writeln!(
            out,
            r#"<text class="axis" x="{LEFT}" y="14">CPU seconds per GB of rows: user, and system (paler)</text>"#
        )?;
        for (index, bar) in bars.iter().enumerate() {
            let top = TOP + ROW * index as f64;
            let (Bar { name, class, user, system }, text) = (bar, top + BAR - 3.5);
            writeln!(out, r#"<text class="end" x="{:.1}" y="{text:.1}">{}</text>"#, LEFT - 8.0, Escaped(name))?;
            let (wide, narrow, end) = (user * unit, system * unit, LEFT + (user + system) * unit);
            let middle = LEFT + wide;
            writeln!(
                out,
                r#"<rect class="fill {class}" x="{LEFT:.1}" y="{top:.1}" width="{wide:.1}" height="{BAR}"/>"#
            )?;
            writeln!(
                out,
                r#"<rect class="fill pale {class}" x="{middle:.1}" y="{top:.1}" width="{narrow:.1}" height="{BAR}"/>"#
            )?;
            let (sum, user, system) = (figure(user + system), figure(*user), figure(*system));
            writeln!(
                out,
                r#"<text x="{:.1}" y="{text:.1}"><tspan class="strong">{sum}</tspan> = {user} + {system}</text>"#,
                end + 6.0
            )?;
        }
        Ok(())
    })
}

fn bars(run: &RunView) -> Vec<Bar> {
    let gigabytes = (run.throughput.row_bytes as f64 / 1e9).max(f64::MIN_POSITIVE);
    let process = |name: &str, cost: &Option<CostView>| {
        cost.as_ref().map(|cost| Bar {
            name: name.to_owned(),
            class: name.to_owned(),
            user: cost.user_seconds_per_gigabyte,
            system: cost.system_seconds_per_gigabyte,
        })
    };
    let threads = run.engine_threads.iter().map(|group| Bar {
        name: group.group.clone(),
        class: "engine part".to_owned(),
        user: group.user_seconds / gigabytes,
        system: group.system_seconds / gigabytes,
    });
    let others = [process("generator", &run.generator), process("reader", &run.reader)].into_iter().flatten();
    process("engine", &run.engine).into_iter().chain(threads).chain(others).collect()
}

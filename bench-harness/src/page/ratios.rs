//! Ratios with their spread, around the line where both sides are equal.

use super::plot::{Plot, picture};
use super::scale::Scale;
use super::text::{Escaped, figure};
use std::fmt::{self, Write};

const WIDTH: f64 = 560.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 160.0;
const ROW: f64 = 22.0;
const TOP: f64 = 26.0;

/// One ratio: of the medians, and the least and most of a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    pub name: String,
    pub ratio: f64,
    pub min: f64,
    pub max: f64,
}

/// The chart, of ratios that are numbers.
pub fn ratios(title: &str, all: &[Ratio]) -> Result<String, fmt::Error> {
    let drawn: Vec<_> =
        all.iter().filter(|one| [one.ratio, one.min, one.max].iter().all(|value| *value > 0.0)).collect();
    let height = TOP + ROW * drawn.len() as f64 + 22.0;
    let values = drawn.iter().flat_map(|one| [one.min, one.max]).chain([1.0]);
    let plot = Plot {
        left: LEFT,
        top: TOP,
        width: WIDTH - LEFT - RIGHT,
        height: height - TOP - 22.0,
        x: Scale::logarithmic(values),
        y: Scale::from_zero([]),
    };
    let ticks: Vec<_> = plot.x.ticks().into_iter().map(|tick| (tick, format!("{tick}"))).collect();
    picture(WIDTH, height, title, |out| {
        writeln!(out, r#"<text class="axis" x="{LEFT}" y="14">{}</text>"#, Escaped(title))?;
        plot.horizontal_axis(out, &ticks)?;
        let (one, bottom) = (plot.x(1.0), plot.top + plot.height);
        writeln!(out, r#"<line class="base" x1="{one:.1}" x2="{one:.1}" y1="{TOP}" y2="{bottom:.1}"/>"#)?;
        for (index, ratio) in drawn.iter().enumerate() {
            let at = TOP + ROW * (index as f64 + 0.5);
            let (min, max, middle, text) = (plot.x(ratio.min), plot.x(ratio.max), plot.x(ratio.ratio), at + 3.5);
            writeln!(out, r#"<text class="end" x="{:.1}" y="{text:.1}">{}</text>"#, LEFT - 10.0, Escaped(&ratio.name))?;
            writeln!(out, r#"<line class="line engine" x1="{min:.1}" x2="{max:.1}" y1="{at:.1}" y2="{at:.1}"/>"#)?;
            writeln!(out, r#"<circle class="fill engine" cx="{middle:.1}" cy="{at:.1}" r="4"/>"#)?;
            let (x, of, least, most) =
                (WIDTH - RIGHT + 12.0, figure(ratio.ratio), figure(ratio.min), figure(ratio.max));
            writeln!(
                out,
                r#"<text x="{x:.1}" y="{text:.1}"><tspan class="strong">{of}</tspan>  ({least} to {most})</text>"#
            )?;
        }
        Ok(())
    })
}

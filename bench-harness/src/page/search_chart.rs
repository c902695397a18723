//! The runs of a search: rate and the latency that is bounded.

use super::plot::{Plot, legend, picture};
use super::scale::Scale;
use super::text::{figure, latency, round_figure, round_latency};
use super::views::{OutcomeView, SearchView};
use std::fmt::{self, Write};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;

pub fn search_chart(search: &SearchView) -> Result<String, fmt::Error> {
    let bound = search.bound.limit_ms;
    let measured: Vec<_> = search.probes.iter().filter_map(|probe| Some((probe, probe.latency_ms?))).collect();
    let rates = measured.iter().map(|(probe, _)| probe.rate_megabytes_per_second);
    let plot = Plot {
        left: 62.0,
        top: 44.0,
        width: WIDTH - 62.0 - 14.0,
        height: HEIGHT - 44.0 - 40.0,
        x: Scale::logarithmic(rates),
        y: Scale::logarithmic(measured.iter().map(|(_, latency)| *latency).chain([bound])),
    };
    let ticks: Vec<_> = plot.x.ticks().into_iter().map(|tick| (tick, round_figure(tick))).collect();
    picture(WIDTH, HEIGHT, "Latency by rate", |out| {
        legend(out, plot.left, 14.0, &[("kept", "bound kept"), ("missed", "missed"), ("not_offered", "not offered")])?;
        plot.vertical_axis(out, &format!("{} {}", search.bound.promise, search.bound.percentile), round_latency)?;
        plot.horizontal_axis(out, &ticks)?;
        let (left, right, at) = (plot.left, plot.left + plot.width, plot.y(bound));
        writeln!(out, r#"<line class="bound" x1="{left:.1}" x2="{right:.1}" y1="{at:.1}" y2="{at:.1}"/>"#)?;
        let OutcomeView { rate, .. } = search.outcome;
        if rate > 0.0 {
            let (at, top, bottom) = (plot.x(rate), plot.top, plot.top + plot.height);
            writeln!(out, r#"<line class="bound" x1="{at:.1}" x2="{at:.1}" y1="{top:.1}" y2="{bottom:.1}"/>"#)?;
        }
        for (probe, latency_ms) in &measured {
            let (x, y) = (plot.x(probe.rate_megabytes_per_second), plot.y(*latency_ms));
            let class = match probe.response.as_str() {
                "met" => "kept",
                "not_offered" => "not_offered",
                _ => "missed",
            };
            let (rate, latency) = (figure(probe.rate_megabytes_per_second), latency(*latency_ms));
            writeln!(
                out,
                "<circle class=\"fill {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"><title>{rate} MB/s: {latency}</title></circle>"
            )?;
        }
        let (x, y) = (plot.left + plot.width / 2.0, HEIGHT - 6.0);
        writeln!(out, r#"<text class="middle axis" x="{x}" y="{y}">MB/s of rows offered</text>"#)
    })
}

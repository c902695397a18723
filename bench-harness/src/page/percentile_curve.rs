//! Latency over percentile, both by powers of ten: the tail is as wide as the rest.

use super::plot::{Plot, legend, picture};
use super::scale::Scale;
use super::text::round_latency;
use super::views::LatencyView;
use std::fmt;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 330.0;
const PERCENTILES: [(f64, &str); 8] = [
    (0.0, "0"),
    (0.5, "50 %"),
    (0.9, "90 %"),
    (0.99, "99 %"),
    (0.999, "99.9 %"),
    (0.9999, "99.99 %"),
    (0.99999, "99.999 %"),
    (0.999_999, "99.9999 %"),
];

/// How many powers of ten of the batches lie beyond: 0.9 is at 1, 0.99 at 2.
pub fn nines(share: f64) -> f64 {
    -(1.0 - share).max(1e-9).log10()
}

/// A curve's points: where the latency begins to hold, and the latency in milliseconds.
pub fn curve(histogram_us: &[(u64, u64)]) -> Vec<(f64, f64)> {
    let total: u64 = histogram_us.iter().map(|(_, batches)| batches).sum();
    let mut below = 0;
    let mut points: Vec<_> = histogram_us
        .iter()
        .map(|(microseconds, batches)| {
            let point = (nines(below as f64 / total as f64), *microseconds as f64 / 1_000.0);
            below += batches;
            point
        })
        .collect();
    // The largest one stands for the last of all batches.
    if let Some((_, latency)) = points.last().copied() {
        points.push((nines(1.0 - 0.5 / total as f64), latency));
    }
    points
}

/// The chart, of latencies by class and name.
pub fn percentile_curve(latencies: &[(&str, &str, &LatencyView)]) -> Result<String, fmt::Error> {
    let curves: Vec<_> = latencies.iter().map(|(class, _, latency)| (*class, curve(&latency.histogram_us))).collect();
    let all = || curves.iter().flat_map(|(_, points)| points.iter());
    let x_max = all().map(|(x, _)| *x).fold(1.0, f64::max);
    let plot = Plot {
        left: 62.0,
        top: 44.0,
        width: WIDTH - 62.0 - 14.0,
        height: HEIGHT - 44.0 - 40.0,
        x: Scale::Linear { min: 0.0, max: x_max },
        y: Scale::logarithmic(all().map(|(_, y)| *y)),
    };
    let ticks: Vec<_> = PERCENTILES
        .iter()
        .map(|(share, name)| (nines(*share), (*name).to_owned()))
        .filter(|(at, _)| *at <= x_max + 1e-9)
        .collect();
    picture(WIDTH, HEIGHT, "Latency by percentile", |out| {
        let names: Vec<_> = latencies.iter().map(|(class, name, _)| (*class, *name)).collect();
        legend(out, plot.left, 14.0, &names)?;
        plot.vertical_axis(out, "latency, until", round_latency)?;
        plot.horizontal_axis(out, &ticks)?;
        for (class, points) in &curves {
            plot.line(out, class, &thinned(&plot, points))?;
        }
        let (x, y) = (plot.left + plot.width / 2.0, HEIGHT - 6.0);
        out.push_str(&format!(
            "<text class=\"middle axis\" x=\"{x}\" y=\"{y}\">share of batches that took no longer</text>\n"
        ));
        Ok(())
    })
}

/// Without points that nobody could tell from the one before.
fn thinned(plot: &Plot, points: &[(f64, f64)]) -> Vec<Option<(f64, f64)>> {
    let mut kept: Vec<Option<(f64, f64)>> = Vec::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let is_near = kept.last().copied().flatten().is_some_and(|(last_x, last_y)| {
            (plot.x(*x) - plot.x(last_x)).abs() + (plot.y(*y) - plot.y(last_y)).abs() < 1.0
        });
        if !is_near || index + 1 == points.len() {
            kept.push(Some((*x, *y)));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_drawn_to_the_last_batch() {
        let points = curve(&[(1_000, 50), (2_000, 49), (9_000, 1)]);
        let expected = [(0.0, 1.0), (0.301, 2.0), (2.0, 9.0), (2.301, 9.0)];
        for ((x, y), (expected_x, expected_y)) in points.iter().zip(expected) {
            assert!((x - expected_x).abs() < 0.001 && *y == expected_y, "{points:?}");
        }
        assert_eq!(curve(&[]), []);
    }
}

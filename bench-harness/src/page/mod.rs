//! Result files as one HTML page that stands by itself: no scripts, nothing from elsewhere, light and dark, fit for paper.
//!
//! Reads what the documents of all commands share and knows the ones it has charts for; others are shown as they are. The page
//! says first what was tested and whether it is valid, then where the latency and the CPU time are, then everything else.
//!
//! - [`arguments`], [`page`]: the command, and the page from top to bottom.
//! - [`input`], [`views`]: what is taken from the files.
//! - [`overview`]: a line for each file.
//! - [`goals`]: figures beside what they are held to.
//! - [`run`], [`search`], [`stages`], [`compare`], [`peers`], [`other`]: a section for each kind.
//! - [`judgement`]: whether to believe it.
//! - [`details`]: command, configuration, machine, revision.
//! - [`plot`], [`scale`]: axes and lines in SVG.
//! - [`percentile_curve`], [`time_series`], [`cpu_split`], [`search_chart`], [`ratios`]: the charts.
//! - [`text`]: numbers, dates, and text that cannot be markup.

mod arguments;
mod compare;
mod cpu_split;
mod details;
mod goals;
mod input;
mod judgement;
mod other;
mod overview;
#[expect(clippy::module_inception, reason = "the noun of this room")]
mod page;
mod peers;
mod percentile_curve;
mod plot;
mod ratios;
mod run;
mod scale;
mod search;
mod search_chart;
mod stages;
#[cfg(test)]
mod tests;
mod text;
mod time_series;
mod views;

pub use arguments::PageArguments;
pub use page::write;

//! A search's section.

use super::details::details;
use super::judgement::{Judgement, banner};
use super::search_chart::search_chart;
use super::text::{Escaped, figure, heading, latency};
use super::views::{HeaderView, SearchView};
use std::fmt::{self, Write};

impl SearchView {
    pub fn bound_words(&self) -> String {
        format!("{} {} at most {}", self.bound.promise, self.bound.percentile, latency(self.bound.limit_ms))
    }

    /// What it came to.
    pub fn judgement(&self) -> Judgement {
        let (rate, bound) = (figure(self.outcome.rate), self.bound_words());
        let (class, word, reason) = match (self.outcome.state.as_str(), self.outcome.limit.as_str()) {
            ("confirmed", "generator") => {
                ("warn", "AT LEAST", format!("{rate} MB/s keeps {bound}; the generator does not offer more"))
            }
            ("confirmed", "rate_max") => {
                ("warn", "AT LEAST", format!("{rate} MB/s keeps {bound}; no higher rate was to be tried"))
            }
            ("confirmed", _) => {
                ("good", "FOUND", format!("{rate} MB/s keeps {bound}, and a rate a little higher does not"))
            }
            ("unconfirmed", _) => {
                ("warn", "NOT CONFIRMED", format!("{rate} MB/s kept {bound} when the runs were over"))
            }
            _ => {
                let lowest = figure(self.outcome.rate_lowest_tried);
                ("bad", "NOTHING FOUND", format!("no rate keeps {bound}; the lowest that was tried is {lowest} MB/s"))
            }
        };
        Judgement { class, word, reason }
    }
}

pub fn section(out: &mut String, header: &HeaderView, search: &SearchView) -> fmt::Result {
    banner(out, &search.judgement())?;
    writeln!(
        out,
        "<div class=\"charts\"><figure>{}</figure><figure><table class=\"numbers second\">",
        search_chart(search)?
    )?;
    heading(out, &["MB/s", "answer", "bounded", "durable p99", "committed p99", "CPU s/GB"])?;
    for probe in &search.probes {
        let again = if probe.purpose == "confirm" { ", again" } else { "" };
        let invalid = if probe.validity.state == "valid" {
            String::new()
        } else {
            format!(" <small>{}</small>", Escaped(&probe.validity.reason))
        };
        writeln!(
            out,
            "<tr><td>{}</td><th>{}{again}{invalid}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            figure(probe.rate_megabytes_per_second),
            Escaped(probe.response.replace('_', " ")),
            probe.latency_ms.map_or_else(|| "–".to_owned(), latency),
            latency(probe.durable_p99_ms),
            latency(probe.committed_p99_ms),
            probe.engine_cpu_seconds_per_gigabyte.map_or_else(|| "–".to_owned(), figure),
        )?;
    }
    writeln!(out, "</table></figure></div>")?;
    details(out, header, &[("configuration of each run", &search.configuration)])
}

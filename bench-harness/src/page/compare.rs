//! A comparison's section: two sides in turns.

use super::details::details;
use super::judgement::{Judgement, banner};
use super::ratios::{Ratio, ratios};
use super::text::{Escaped, figure, heading};
use super::views::{CompareView, HeaderView};
use std::fmt::{self, Write};

impl CompareView {
    pub fn title(&self) -> String {
        format!("B = {} against A = {}", self.b, self.a)
    }

    /// Whether B is worse in what was judged.
    pub fn judgement(&self) -> Judgement {
        let metric = self.metric.replace('_', " ");
        let found = self.comparisons.get(&self.metric).map_or_else(String::new, |found| {
            format!(
                ": B ÷ A is {} ({} to {} turn by turn)",
                figure(found.ratio),
                figure(found.ratio_min),
                figure(found.ratio_max)
            )
        });
        let tolerated = format!("{metric}{found}; {} % were tolerated", figure(self.tolerance * 100.0));
        let (class, word) = match self.verdict.as_str() {
            "no_worse" => ("good", "NO WORSE"),
            "unclear" => ("warn", "UNCLEAR"),
            _ => ("bad", "WORSE"),
        };
        Judgement { class, word, reason: tolerated }
    }
}

pub fn section(out: &mut String, header: &HeaderView, compare: &CompareView) -> fmt::Result {
    banner(out, &compare.judgement())?;
    let all: Vec<_> = compare
        .comparisons
        .iter()
        .map(|(name, found)| Ratio {
            name: name.replace('_', " "),
            ratio: found.ratio,
            min: found.ratio_min,
            max: found.ratio_max,
        })
        .collect();
    writeln!(
        out,
        "<div class=\"charts\"><figure>{}</figure><figure><table class=\"numbers\">",
        ratios("B ÷ A", &all)?
    )?;
    let turns = format!("medians of {} turns", compare.turns.len());
    heading(out, &[&turns, "A", "B", "B ÷ A", "least", "most"])?;
    for (name, found) in &compare.comparisons {
        write!(out, "<tr><th>{}</th>", Escaped(name.replace('_', " ")))?;
        for value in [found.a, found.b, found.ratio, found.ratio_min, found.ratio_max] {
            write!(out, "<td>{}</td>", figure(value))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</table></figure></div>")?;
    details(out, header, &[("load", &compare.load), ("turns", &compare.order)])
}

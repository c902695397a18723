//! The figures that a project is held to, each beside its goal.

use super::text::{Escaped, heading};
use super::views::GoalsView;
use std::fmt::{self, Write};

pub fn section(out: &mut String, goals: &GoalsView) -> fmt::Result {
    writeln!(out, "<table class=\"numbers second\">")?;
    heading(out, &["", "figure", "measured", "goal"])?;
    for goal in &goals.figures {
        let mark = match goal.verdict.as_str() {
            "met" => "good",
            "missed" => "bad",
            _ => "",
        };
        write!(out, "<tr><td><span class=\"mark {mark}\">{}</span></td>", Escaped(goal.verdict.to_uppercase()))?;
        write!(out, "<th>{}</th><td>{}</td>", Escaped(&goal.figure), Escaped(&goal.measured))?;
        writeln!(out, "<td>{}</td></tr>", Escaped(&goal.goal))?;
    }
    writeln!(out, "</table>")
}

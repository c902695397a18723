//! What one has to know to make the same run again.

use super::text::Escaped;
use super::views::HeaderView;
use serde_json::Value;
use std::fmt::{self, Write};

/// Command, revision, machine, and what else there is, folded away.
pub fn details(out: &mut String, header: &HeaderView, others: &[(&str, &Value)]) -> fmt::Result {
    writeln!(out, "<details><summary>Command, configuration, machine, revision</summary>")?;
    writeln!(out, "<pre>{}</pre>", Escaped(header.command.join(" ")))?;
    writeln!(out, "<div class=\"facts\">")?;
    let revision =
        Value::from(header.git_revision.as_deref().unwrap_or("unknown: the program lies in no working copy"));
    facts(out, "revision", &revision)?;
    facts(out, "machine", &header.machine)?;
    for (name, value) in others {
        facts(out, name, value)?;
    }
    writeln!(out, "</div></details>")
}

/// A value with its members as a table.
pub fn facts(out: &mut String, name: &str, value: &Value) -> fmt::Result {
    if value.is_null() {
        return Ok(());
    }
    writeln!(out, "<table class=\"facts\"><caption>{}</caption>", Escaped(name.replace('_', " ")))?;
    rows(out, "", value)?;
    writeln!(out, "</table>")
}

/// A line for each value that has no members; long lists by their length.
fn rows(out: &mut String, name: &str, value: &Value) -> fmt::Result {
    const LIST_MAX: usize = 8;
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Object(members) => members.iter().try_for_each(|(part, value)| rows(out, &below(part), value)),
        Value::Array(list) if list.len() > LIST_MAX => row(out, name, &format!("{} entries", list.len())),
        Value::Array(list) if list.iter().any(Value::is_object) => {
            list.iter().enumerate().try_for_each(|(index, value)| rows(out, &below(&index.to_string()), value))
        }
        Value::String(text) => row(out, name, text),
        Value::Null => row(out, name, "–"),
        other => row(out, name, &other.to_string()),
    }
}

fn row(out: &mut String, name: &str, value: &str) -> fmt::Result {
    let name = if name.is_empty() { String::new() } else { format!("<th>{}</th>", Escaped(name)) };
    writeln!(out, "<tr>{name}<td>{}</td></tr>", Escaped(value))
}

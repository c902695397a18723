//! A section for documents that the page has no charts for.

use super::details::{details, facts};
use super::views::HeaderView;
use serde_json::Value;
use std::fmt::{self, Write};

/// What the header has taken, and what is too long to be read.
const LEFT_OUT: [&str; 8] =
    ["kind", "version", "started_unix_ms", "command", "git_revision", "machine", "histogram_us", "seconds"];

pub fn section(out: &mut String, header: &HeaderView, document: &Value) -> fmt::Result {
    writeln!(out, "<div class=\"facts\">")?;
    for (name, value) in
        document.as_object().into_iter().flatten().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
    {
        facts(out, name, value)?;
    }
    writeln!(out, "</div>")?;
    details(out, header, &[])
}

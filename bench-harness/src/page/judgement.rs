//! Whether figures may be believed, said before any of them.

use super::text::{Escaped, count};
use super::views::RunView;
use std::fmt::{self, Write};

const CLOSED_LOOP: &str = "closed loop: each batch was sent when the one before was taken, so latencies hide what a stall \
    would have delayed";

/// What a reader must know before any figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// `good`, `warn` or `bad`.
    pub class: &'static str,
    pub word: &'static str,
    pub reason: String,
}

/// The line that says whether to believe the rest.
pub fn banner(out: &mut String, judgement: &Judgement) -> fmt::Result {
    let Judgement { class, word, reason } = judgement;
    writeln!(out, "<p class=\"banner {class}\"><strong>{word}</strong> {}</p>", Escaped(reason))
}

impl RunView {
    /// Whether the figures may be believed, and what for.
    pub fn judgement(&self) -> Judgement {
        let rows = &self.rows;
        let of_rows = match rows.verdict.as_str() {
            "exactly_once" => {
                format!("sent = acked = committed = read: {} rows, each in the table exactly once", count(rows.sent))
            }
            "committed_not_read" => {
                format!("all {} rows were acked as committed; the table was not read back", count(rows.sent))
            }
            "uncommitted" => {
                format!("of {} rows sent only {} were acked as committed", count(rows.sent), count(rows.committed))
            }
            _ => {
                let read = rows.read_back.clone().unwrap_or_default();
                format!(
                    "the table is not what was sent: {} sent, {} read, {} lost, {} more than once, {} of others",
                    count(rows.sent),
                    count(read.read),
                    count(read.lost),
                    count(read.duplicate),
                    count(read.foreign)
                )
            }
        };
        let judged = |class, word, reason| Judgement { class, word, reason };
        match (self.validity.state.as_str(), rows.verdict.as_str()) {
            (_, verdict) if !["exactly_once", "committed_not_read"].contains(&verdict) => {
                judged("bad", "ROWS WRONG", of_rows)
            }
            ("valid", _) if self.is_closed_loop() => {
                judged("warn", "VALID FOR RATES", format!("{CLOSED_LOOP}; {of_rows}"))
            }
            ("valid", _) if !self.warnings.is_empty() => {
                judged("warn", "VALID, BUT", format!("{}; {of_rows}", self.warnings.join("; ")))
            }
            ("valid", _) => judged("good", "VALID", of_rows),
            _ => judged("bad", "INVALID", format!("{}; {of_rows}", self.validity.reason)),
        }
    }
}

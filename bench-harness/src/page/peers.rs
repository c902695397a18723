//! The peers' section: others that bring the same rows into the same table.

use super::details::details;
use super::ratios::{Ratio, ratios};
use super::text::{Escaped, count, figure, heading};
use super::views::{HeaderView, PeersView, TurnView};
use std::fmt::{self, Write};

const TITLE: &str = "rows/s of the engine ÷ the peer's";

pub fn section(out: &mut String, header: &HeaderView, peers: &PeersView) -> fmt::Result {
    let of = |peer: &super::views::PeerView| Ratio {
        name: peer.peer.clone(),
        ratio: peer.engine_over_peer,
        min: peer.engine_over_peer_min,
        max: peer.engine_over_peer_max,
    };
    let all: Vec<_> = peers.peers.iter().map(of).collect();
    writeln!(out, "<div class=\"charts\"><figure>{}</figure><figure><table class=\"numbers\">", ratios(TITLE, &all)?)?;
    let rows = format!("medians, {} rows", count(peers.rows));
    heading(out, &[&rows, "rows/s", "MB/s", "CPU s/GB", "files, MB"])?;
    let engine = |of: fn(&TurnView) -> f64| {
        let mut values: Vec<f64> = peers.engine.iter().map(of).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let of_engine = [
        engine(|turn| turn.rows_per_second),
        engine(|turn| turn.mb_per_second),
        engine(|turn| turn.cpu_s_per_gb),
        engine(|turn| turn.file_mb),
    ];
    row(out, "engine", of_engine)?;
    for peer in &peers.peers {
        let figures = [peer.rows_per_second, peer.mb_per_second, peer.cpu_s_per_gb, peer.file_bytes as f64 / 1e6];
        row(out, &peer.peer, figures)?;
    }
    writeln!(out, "</table>")?;
    for (peer, reason) in &peers.skipped {
        writeln!(out, "<p class=\"warn\">{} was left out: {}</p>", Escaped(peer), Escaped(reason))?;
    }
    writeln!(out, "</figure></div>")?;
    details(out, header, &[])
}

fn row(out: &mut String, name: &str, figures: [f64; 4]) -> fmt::Result {
    write!(out, "<tr><th>{}</th>", Escaped(name))?;
    figures.iter().try_for_each(|value| write!(out, "<td>{}</td>", figure(*value)))?;
    writeln!(out, "</tr>")
}

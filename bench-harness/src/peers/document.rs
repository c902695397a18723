use super::peer::{Peer, Turn};
use crate::compare::{Figures, middle, spread};
use crate::report::Header;
use serde::Serialize;
use std::fmt::{self, Write};

/// The engine's turns and the peers', and how they stand to one another.
#[derive(Debug, Clone, Serialize)]
pub struct Document {
    #[serde(flatten)]
    pub header: Header,
    pub rows: u64,
    /// Of a row, in Arrow's layout.
    pub row_bytes: f64,
    pub engine: Vec<Figures>,
    pub peers: Vec<PeerFigures>,
    /// Peers that are not installed, each with the reason.
    pub skipped: Vec<(Peer, String)>,
}

/// A peer beside the engine.
#[derive(Debug, Clone, Serialize)]
pub struct PeerFigures {
    pub peer: Peer,
    pub turns: Vec<Turn>,
    /// Medians.
    pub rows_per_second: f64,
    pub mb_per_second: f64,
    pub cpu_s_per_gb: f64,
    pub file_bytes: u64,
    /// Rows a second of the engine ÷ the peer's: of the medians, and the least and most of turn by turn.
    pub engine_over_peer: f64,
    pub engine_over_peer_min: f64,
    pub engine_over_peer_max: f64,
}

impl PeerFigures {
    /// Of a peer that had a turn for each of the engine's.
    pub fn new(peer: Peer, turns: Vec<Turn>, engine: &[Figures], row_bytes: f64) -> Self {
        let rate = |turn: &Turn| turn.rows as f64 / turn.elapsed_seconds;
        let rows_per_second = middle(turns.iter().map(rate));
        let gigabytes = |turn: &Turn| turn.rows as f64 * row_bytes / 1e9;
        let ratios = engine.iter().zip(&turns).map(|(engine, turn)| engine.rows_per_second / rate(turn));
        let (engine_over_peer_min, engine_over_peer_max) = spread(ratios);
        Self {
            peer,
            rows_per_second,
            mb_per_second: rows_per_second * row_bytes / 1e6,
            cpu_s_per_gb: middle(turns.iter().map(|turn| (turn.user_seconds + turn.system_seconds) / gigabytes(turn))),
            file_bytes: middle(turns.iter().map(|turn| turn.file_bytes as f64)) as u64,
            engine_over_peer: middle(engine.iter().map(|turn| turn.rows_per_second)) / rows_per_second,
            engine_over_peer_min,
            engine_over_peer_max,
            turns,
        }
    }
}

impl Document {
    /// For a person.
    pub fn table(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let engine = |of: fn(&Figures) -> f64| middle(self.engine.iter().map(of));
        writeln!(
            out,
            "\n{:<16} {:>12} {:>8} {:>9} {:>9}   engine / peer, rows/s",
            "medians", "rows/s", "MB/s", "CPU s/GB", "files MB"
        )?;
        writeln!(
            out,
            "{:<16} {:>12.0} {:>8.1} {:>9.2} {:>9.1}   (and the generator's {:.2} CPU s/GB)",
            "engine",
            engine(|turn| turn.rows_per_second),
            engine(|turn| turn.mb_per_second),
            engine(|turn| turn.cpu_s_per_gb),
            engine(|turn| turn.file_mb),
            engine(|turn| turn.generator_cpu_s_per_gb),
        )?;
        for peer in &self.peers {
            let version = peer.turns.first().map_or("", |turn| turn.version.as_str());
            writeln!(
                out,
                "{:<16} {:>12.0} {:>8.1} {:>9.2} {:>9.1}   {:.2} ({:.2} to {:.2} turn by turn)",
                format!("{} {version}", peer.peer.text()),
                peer.rows_per_second,
                peer.mb_per_second,
                peer.cpu_s_per_gb,
                peer.file_bytes as f64 / 1e6,
                peer.engine_over_peer,
                peer.engine_over_peer_min,
                peer.engine_over_peer_max
            )?;
        }
        for (peer, reason) in &self.skipped {
            writeln!(out, "{:<16} SKIPPED: {reason}", peer.text())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{assert_documented, sample};

    fn turn(seconds: f64) -> Turn {
        Turn {
            version: "1".into(),
            rows: 1_000_000,
            appends: 1,
            elapsed_seconds: seconds,
            user_seconds: 0.25,
            system_seconds: 0.25,
            memory_peak_bytes: 1,
            files: 1,
            file_bytes: 7,
        }
    }

    #[test]
    fn a_peer_stands_beside_the_engine_turn_by_turn() {
        let engine = |rows_per_second: f64| Figures { rows_per_second, ..Figures::filled(0.0) };
        let engine = [engine(2e6), engine(3e6), engine(4e6)];
        let found = PeerFigures::new(Peer::DeltaRs, vec![turn(1.0), turn(1.0), turn(2.0)], &engine, 100.0);
        assert_eq!((found.rows_per_second, found.mb_per_second, found.cpu_s_per_gb), (1e6, 100.0, 5.0));
        assert_eq!((found.engine_over_peer, found.engine_over_peer_min, found.engine_over_peer_max), (3.0, 2.0, 8.0));
        assert_eq!(found.file_bytes, 7);
    }

    #[test]
    fn every_field_is_documented() {
        let engine = vec![Figures::filled(1.0)];
        let document = Document {
            header: sample::header("peers"),
            rows: 1,
            row_bytes: 69.0,
            peers: vec![PeerFigures::new(Peer::DeltaRs, vec![turn(1.0)], &engine, 69.0)],
            engine,
            skipped: vec![(Peer::Duckdb, "it is not installed".into())],
        };
        assert_documented("peers", &serde_json::to_value(document).unwrap());
    }
}

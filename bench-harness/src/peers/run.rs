use super::arguments::PeersArguments;
use super::document::{Document, PeerFigures};
use super::peer::{Outcome, Peer, Turn};
use super::python::python;
use crate::arguments::GenerateArguments;
use crate::compare::{CompareError, Figures, Side, beside_this, load};
use crate::folder::WorkFolder;
use crate::generate::generate;
use crate::report::Header;
use crate::run::clock::unix_milliseconds;
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

const SOME_MISSING: u8 = 3;

/// Takes the turns, prints them, and says how the engine stands to its peers.
pub fn run(arguments: &PeersArguments) -> Result<ExitCode, CompareError> {
    let side = Side::new(&arguments.engine.clone().map_or_else(|| beside_this("lakehead"), Ok)?, None)?;
    let python = python(arguments.python.as_deref())?;
    let folder =
        WorkFolder::new(arguments.work_dir.as_deref(), "peers").map_err(CompareError::io("the work folder"))?;
    let header = Header::here("peers", unix_milliseconds(), Some(folder.path()));
    let rows_file = folder.path().join("rows.arrow");
    let &PeersArguments { workload, rows, seed, .. } = arguments;
    let generated = generate(&GenerateArguments { workload, rows, seed, out: rows_file.clone() });
    generated.map_err(|error| CompareError::Peers(format!("the rows could not be made: {error}")))?;
    let mut peers: Vec<Peer> = Peer::value_variants().to_vec();
    peers.retain(|peer| arguments.peer.is_empty() || arguments.peer.contains(peer));
    let (mut engine, mut turns, mut skipped) = (Vec::new(), BTreeMap::<Peer, Vec<Turn>>::new(), Vec::new());
    for number in 0..arguments.turns {
        engine.push(engine_turn(arguments, &side, folder.path(), number)?);
        for peer in peers.clone() {
            let path = folder.path().join(format!("{}-{number}", peer.text()));
            match peer.turn(arguments, &python, &rows_file, &path)? {
                Outcome::Done(turn) => {
                    fs::remove_dir_all(&path).map_err(CompareError::io(format!("cannot remove {}", path.display())))?;
                    let rows_per_second = turn.rows as f64 / turn.elapsed_seconds;
                    println!("{} {:<9} {rows_per_second:>12.0} rows/s", number + 1, peer.text());
                    turns.entry(peer).or_default().push(turn);
                }
                Outcome::Missing(reason) => {
                    println!("{} {:<9} skipped: {reason}", number + 1, peer.text());
                    peers.retain(|other| *other != peer);
                    skipped.push((peer, reason));
                }
            }
        }
    }
    let row_bytes = engine.first().map_or(f64::NAN, |turn| turn.mb_per_second * 1e6 / turn.rows_per_second);
    let peers = turns.into_iter().map(|(peer, turns)| PeerFigures::new(peer, turns, &engine, row_bytes)).collect();
    let document = Document { header, rows, row_bytes, engine, peers, skipped };
    print!("{}", document.table());
    if let Some(path) = &arguments.json {
        let json = serde_json::to_string_pretty(&document);
        let text = json.map_err(|source| CompareError::Json { path: path.clone(), source })?;
        fs::write(path, text).map_err(CompareError::io(format!("cannot write {}", path.display())))?;
    }
    Ok(if document.skipped.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(SOME_MISSING) })
}

fn engine_turn(arguments: &PeersArguments, side: &Side, folder: &Path, number: u16) -> Result<Figures, CompareError> {
    let workload = arguments.workload.name();
    let (rows, seed) = (arguments.rows.to_string(), arguments.seed.to_string());
    let rows =
        ["--rate", "max", "--rows", &rows, "--seed", &seed, "--prepared", "--keep", "durable", "--memory", "256"];
    let options = ["--workload", workload].into_iter().chain(rows).map(str::to_owned).collect::<Vec<_>>();
    let figures = load(side, &options, &folder.join(format!("engine-{number}")))?;
    println!("{} {:<9} {:>12.0} rows/s", number + 1, "engine", figures.rows_per_second);
    Ok(figures)
}

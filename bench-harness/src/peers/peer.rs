use super::arguments::PeersArguments;
use crate::compare::CompareError;
use crate::compare::engine::{end_with_this, last_of};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::{Command, Stdio};

const PROGRAM: &str = include_str!("peer.py");
/// Its exit code when what it needs is not there.
const NOT_INSTALLED: i32 = 3;

/// Something else that writes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// `write_deltalake`: Parquet files and a Delta commit for each batch.
    DeltaRs,
    /// `ParquetWriter`: one Parquet file.
    Pyarrow,
    /// `COPY ... TO`: one Parquet file.
    Duckdb,
}

/// What a peer's turn came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Of the peer.
    pub version: String,
    pub rows: u64,
    /// Batches that it got.
    pub appends: u64,
    pub elapsed_seconds: f64,
    pub user_seconds: f64,
    pub system_seconds: f64,
    pub memory_peak_bytes: u64,
    pub files: u64,
    pub file_bytes: u64,
}

/// How a turn ended.
#[derive(Debug)]
pub enum Outcome {
    Done(Turn),
    /// The peer is not installed: what is missing.
    Missing(String),
}

impl Peer {
    pub fn text(self) -> &'static str {
        match self {
            Self::DeltaRs => "delta-rs",
            Self::Pyarrow => "pyarrow",
            Self::Duckdb => "duckdb",
        }
    }

    /// One turn, in a process of its own.
    ///
    /// # Errors
    /// When it cannot be started, or fails otherwise than by not being there.
    pub fn turn(
        self,
        arguments: &PeersArguments,
        python: &Path,
        rows: &Path,
        folder: &Path,
    ) -> Result<Outcome, CompareError> {
        let mut command = Command::new(python);
        command.args(["-c", PROGRAM, self.text()]).arg(rows).arg(folder);
        command.arg(arguments.peer_batch_rows.to_string()).arg(arguments.peer_threads.to_string());
        end_with_this(&mut command);
        let output = command.stdin(Stdio::null()).output();
        let output = output.map_err(CompareError::io(format!("cannot run {}", python.display())))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.status.code() {
            Some(0) => match serde_json::from_str(&said) {
                Ok(turn) => Ok(Outcome::Done(turn)),
                Err(source) => Err(CompareError::Json { path: self.text().into(), source }),
            },
            Some(NOT_INSTALLED) => Ok(Outcome::Missing(said.trim().to_owned())),
            _ => {
                let said = last_of(&format!("{said}{}", String::from_utf8_lossy(&output.stderr)));
                Err(CompareError::Load { command: self.text().to_owned(), status: output.status.to_string(), said })
            }
        }
    }
}
